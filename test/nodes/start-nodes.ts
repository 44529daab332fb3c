// Several proxies that share one store, each with a gate and a memory of its own.
import type { CohereProxyOptions } from '../../src/index.ts';
import { goodAnswer } from '../support/outcome.ts';
import { demandRedis, hasRedis } from '../support/redis-server.ts';
import { type Pair, startPair } from '../support/start.ts';
import { newFile, newServer } from '../support/stores.ts';
import { json } from '../support/upstream-script.ts';

demandRedis('the proxies that share a Redis');

export type SharedStore = 'sqlite:' | 'redis:';
export const sharedStores: readonly SharedStore[] = hasRedis ? ['sqlite:', 'redis:'] : ['sqlite:'];

/** Each in front of a Cohere of its own, which says again what it is told. */
export async function startNodes(
  count: number,
  store: SharedStore,
  options: CohereProxyOptions = {},
): Promise<readonly [Pair, Pair, ...Pair[]]> {
  const sessionStore = store === 'sqlite:' ? await newFile() : await newServer();
  const start = async () => {
    const pair = await startPair({ proxySecret: 'f'.repeat(64), ...options, sessionStore });
    echo(pair);
    return pair;
  };
  const [first, second] = [await start(), await start()];
  const others: Pair[] = [];
  while (others.length < count - 2) others.push(await start());
  return [first, second, ...others];
}

function echo(pair: Pair): void {
  pair.fake.setDefault(({ json: body }) => {
    const { messages } = body as { messages: { content: string }[] };
    return json(goodAnswer(`re ${messages.at(-1)?.content}`));
  });
}
