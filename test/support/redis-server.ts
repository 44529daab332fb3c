// Real servers for tests: one, a cluster of three, or a leader with a replica and a sentinel. Each lives in a folder of
// its own and keeps nothing unless it is told to. Where none is installed, the suites that need one say so in one line
// and are skipped; in CI that is a failure.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from '@redis/client';
import { expect, it } from 'vitest';

const binary = ['redis-server', 'valkey-server'].find(
  name => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
);

export const hasRedis = binary !== undefined;

/** For each suite that needs a server: one line where there is none, a failing test if that is in CI. */
export function demandRedis(what: string): void {
  if (hasRedis) return;
  process.stdout.write(`${what}: skipped, neither redis-server nor valkey-server is installed\n`);
  it.runIf(process.env.CI)(`${what} ran`, () => {
    expect.fail(`${what} need redis-server or valkey-server`);
  });
}

export interface RedisOptions {
  /** Writes what happens to disk, and reads it when it starts again. */
  readonly isKept?: boolean;
  readonly password?: string;
  /** Certificate and key, as files. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Further lines of the configuration: `maxmemory 10mb`. */
  readonly lines?: readonly string[];
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class RedisServer {
  readonly port: number;
  readonly #options: RedisOptions;
  readonly #mode: readonly string[];
  readonly #folder = mkdtempSync(join(tmpdir(), 'cohere-proxy-redis-'));
  #child: ChildProcess | undefined;

  constructor(port: number, options: RedisOptions = {}, mode: readonly string[] = []) {
    this.port = port;
    this.#options = options;
    this.#mode = mode;
  }

  get url(): string {
    const { password, tls } = this.#options;
    const login = password === undefined ? '' : `:${encodeURIComponent(password)}@`;
    return `${tls ? 'rediss' : 'redis'}://${login}127.0.0.1:${this.port}`;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async start(): Promise<this> {
    const { isKept, password, tls, lines = [] } = this.#options;
    const config = [
      ...(tls ? ['port 0', `tls-port ${this.port}`] : [`port ${this.port}`]),
      ...(tls ? [`tls-cert-file ${tls.cert}`, `tls-key-file ${tls.key}`, 'tls-auth-clients no'] : []),
      'bind 127.0.0.1',
      `dir ${this.#folder}`,
      'save ""',
      'loglevel warning',
      ...(this.#mode.includes('--sentinel') ? [] : [`appendonly ${isKept ? 'yes' : 'no'}`]),
      ...(isKept ? ['appendfsync always'] : []),
      ...(password === undefined ? [] : [`requirepass "${password}"`]),
      ...lines,
    ];
    const file = join(this.#folder, 'redis.conf');
    const own = this.#mode.includes('--sentinel')
      ? config.filter(line => !/^(save|bind)/.test(line))
      : config;
    writeFileSync(file, `${own.join('\n')}\n`);
    const child = spawn(binary ?? '', [file, ...this.#mode], { stdio: 'ignore' });
    this.#child = child;
    running.add(child);
    child.once('exit', () => running.delete(child));
    try {
      await until(`the server on ${this.port} answers`, async () => (await this.command('PING')) === 'PONG');
    } catch (error) {
      await this.stop();
      throw error;
    }
    return this;
  }

  /** On a connection of its own. */
  async command(...args: readonly string[]): Promise<unknown> {
    const { password, tls } = this.#options;
    const reach = { host: '127.0.0.1', port: this.port, reconnectStrategy: false } as const;
    const client = createClient({
      socket: tls ? { ...reach, tls: true, rejectUnauthorized: false } : reach,
      ...(password === undefined ? {} : { password }),
      RESP: 2,
      disableClientInfo: true,
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return await client.sendCommand([...args]);
    } finally {
      client.destroy();
    }
  }

  /** At once, as if the machine had lost its power. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise(resolve => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  /** It stays connected and answers nothing. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  return new RedisServer(await freePort(), options).start();
}

export interface RedisCluster {
  readonly nodes: readonly RedisServer[];
  readonly url: string;
  stop(): Promise<void>;
}

/** Three nodes, each with a third of the slots. */
export function startCluster(lines: readonly string[] = []): Promise<RedisCluster> {
  return allOrNone(nodes => joinCluster(nodes, lines));
}

async function joinCluster(nodes: RedisServer[], lines: readonly string[]): Promise<RedisCluster> {
  for (let count = 0; count < 3; count += 1) {
    const [port, bus] = [await freePort(), await freePort()];
    const own = ['cluster-enabled yes', `cluster-port ${bus}`, 'cluster-node-timeout 2000', ...lines];
    const started = new RedisServer(port, { lines: own });
    nodes.push(started);
    await started.start();
    const range = [0, 5461, 10_923, 16_384].slice(count, count + 2);
    await nodes[count]?.command('CLUSTER', 'ADDSLOTSRANGE', `${range[0]}`, `${(range[1] ?? 0) - 1}`);
    if (count === 0) continue;
    await nodes[0]?.command('CLUSTER', 'MEET', '127.0.0.1', String(port), String(bus));
  }
  for (const node of nodes)
    await until('the cluster is whole', async () => {
      const [info, shards] = [
        String(await node.command('CLUSTER', 'INFO')),
        await node.command('CLUSTER', 'SLOTS'),
      ];
      return info.includes('cluster_state:ok') && Array.isArray(shards) && shards.length === 3;
    });
  return {
    nodes,
    url: `redis+cluster://${nodes.map(({ address }) => address).join(',')}`,
    stop: () => stopAll(nodes),
  };
}

export interface Watched {
  readonly leader: RedisServer;
  readonly replica: RedisServer;
  readonly sentinel: RedisServer;
  readonly url: string;
  stop(): Promise<void>;
}

/** A leader, its replica, and one sentinel that makes the replica lead when the leader was away for half a second. */
export function startWatched(options: RedisOptions = {}): Promise<Watched> {
  return allOrNone(servers => watch(servers, options));
}

async function watch(servers: RedisServer[], options: RedisOptions): Promise<Watched> {
  const { password } = options;
  const login = password === undefined ? [] : [`masterauth "${password}"`];
  const lines = [...(options.lines ?? []), ...login, 'repl-diskless-sync-delay 0'];
  const leader = await startRedis({ ...options, lines });
  servers.push(leader);
  const replica = await startRedis({ ...options, lines: [...lines, `replicaof 127.0.0.1 ${leader.port}`] });
  servers.push(replica);
  await until('the replica follows', async () =>
    String(await replica.command('INFO', 'replication')).includes('master_link_status:up'),
  );
  const sentinel = await new RedisServer(
    await freePort(),
    {
      lines: [
        `sentinel monitor main 127.0.0.1 ${leader.port} 1`,
        'sentinel down-after-milliseconds main 500',
        'sentinel failover-timeout main 3000',
        ...(password === undefined ? [] : [`sentinel auth-pass main "${password}"`]),
      ],
    },
    ['--sentinel'],
  ).start();
  servers.push(sentinel);
  await until('the sentinel knows the replica', async () => {
    const replicas = await sentinel.command('SENTINEL', 'REPLICAS', 'main');
    return Array.isArray(replicas) && replicas.length === 1;
  });
  return {
    leader,
    replica,
    sentinel,
    url: `redis+sentinel://${sentinel.address}/main`,
    stop: () => stopAll(servers),
  };
}

/** Where not all come up, none stays. */
async function allOrNone<T>(start: (servers: RedisServer[]) => Promise<T>): Promise<T> {
  const servers: RedisServer[] = [];
  try {
    return await start(servers);
  } catch (error) {
    await stopAll(servers);
    throw error;
  }
}

async function stopAll(servers: readonly RedisServer[]): Promise<void> {
  await Promise.all(servers.map(server => server.stop()));
}

/** Asks until it is so; a server cannot say when it will be. */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  // Longer than anything takes on a machine that is busy.
  const endMs = performance.now() + 40_000;
  for (;;) {
    if (await isSo().catch(() => false)) return;
    if (performance.now() > endMs) throw new Error(`waited in vain: ${what}`);
    await pause(20);
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(address)));
    });
  });
}
