// Which server leads now, as sentinels see it.
import { createClient } from '@redis/client';
import { RedisFailure } from './failure.ts';
import type { Address, RedisTarget } from './read-url.ts';

const sentinelMs = 500;

/** The first sentinel that knows is believed; the server itself is asked whether it leads before it is used. */
export async function findMaster(target: RedisTarget): Promise<Address> {
  let failure: unknown;
  for (const address of target.addresses) {
    try {
      return await askSentinel(address, target, false);
    } catch (error) {
      failure = error;
    }
  }
  throw new RedisFailure('unsent', 'no sentinel says who leads', { cause: failure });
}

async function askSentinel(
  { host, port }: Address,
  target: RedisTarget,
  withLogin: boolean,
): Promise<Address> {
  const { isTls, masterName, credentials } = target;
  const { user, password } = credentials;
  const reach = { host, port, connectTimeout: sentinelMs, reconnectStrategy: false } as const;
  const client = createClient({
    socket: isTls ? { ...reach, tls: true } : reach,
    ...(withLogin && user !== undefined ? { username: user } : {}),
    ...(withLogin && password !== undefined ? { password } : {}),
    RESP: 2,
    disableClientInfo: true,
    disableOfflineQueue: true,
    commandOptions: { timeout: 0 },
  });
  // Whoever awaits the answer is told.
  client.on('error', () => undefined);
  const timer = setTimeout(() => client.destroy(), sentinelMs);
  try {
    await client.connect();
    const answer = await client.sendCommand(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', masterName]);
    if (!Array.isArray(answer)) throw new Error('a sentinel does not know the master of that name');
    const [masterHost, masterPort] = answer.map(String);
    return { host: masterHost ?? '', port: Number(masterPort) };
  } catch (error) {
    // Few sentinels ask for a password; those that do are given the servers' own.
    if (!withLogin && error instanceof Error && error.message.startsWith('NOAUTH'))
      return await askSentinel({ host, port }, target, true);
    throw error;
  } finally {
    clearTimeout(timer);
    client.destroy();
  }
}
