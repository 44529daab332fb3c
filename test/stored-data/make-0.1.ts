// Makes what release 0.1 leaves in its stores, for the tests beside this file: a SQLite file, the same conversations in
// a Redis, and what was asked and answered. It runs the code of the directory that it is started in, against a scripted
// Cohere and a Redis server of its own. What it made is committed, and made anew only if a test needs a situation that
// is missing:
//
//   git worktree add --detach /tmp/v0.1 b922752 && cd /tmp/v0.1 && npm ci
//   node <project>/test/stored-data/make-0.1.ts <project>/test/stored-data/0.1
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { createClient, RESP_TYPES } from '@redis/client';
import type { Said } from './said.ts';
import {
  contexts,
  keys,
  type Story,
  secret,
  tellExpired,
  tellGuest,
  tellLocal,
  tellNamed,
} from './story-0.1.ts';

type Proxy = typeof import('../../src/index.ts');
type Fake = typeof import('../support/fake-cohere.ts');

const released = (path: string) => import(pathToFileURL(resolve(path)).href);
const { CohereProxyServer } = (await released('src/index.ts')) as Proxy;
const { FakeCohere } = (await released('test/support/fake-cohere.ts')) as Fake;

const target = resolve(process.argv[2] ?? '0.1');
const folder = mkdtempSync(join(tmpdir(), 'stored-data-'));
mkdirSync(target, { recursive: true });
try {
  const file = join(folder, 'sessions.db');
  const said = await tellAll(`sqlite:${file}`);
  // A proxy that has closed leaves one file.
  if (existsSync(`${file}-wal`)) throw new Error('the file is not whole');
  writeFileSync(join(target, 'sessions.db.gz'), gzipSync(readFileSync(file), { level: 9 }));
  write('sqlite-said.json', said);

  const redis = await startRedis();
  try {
    const saidThere = await tellAll(redis.url);
    writeFileSync(join(target, 'redis.jsonl'), await dump(redis.url));
    write('redis-said.json', saidThere);
  } finally {
    redis.stop();
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** Each conversation on a line of its own. */
function write(name: string, said: Said): void {
  const fields = Object.entries(said).map(([field, value]: [string, unknown]) => {
    const lines = Array.isArray(value) ? value.map(one => `\n  ${JSON.stringify(one)}`) : undefined;
    return `\n "${field}": ${lines ? `[${lines.join(',')}\n ]` : JSON.stringify(value)}`;
  });
  writeFileSync(join(target, name), `{${fields.join(',')}\n}\n`);
}

/** One proxy after another on one store, as its owners would have run them. */
async function tellAll(sessionStore: string): Promise<Said> {
  const said: Said = { madeAtMs: 0, conversations: [], marks: [], expired: [], seen: [] };
  const fake = await FakeCohere.start();
  const own = { cohereApiKey: 'proxy-own-key-0123456789' };
  const shortly = { sessionIdleMs: 300, transcriptIdleMs: 300 };
  const proxyKeys = Object.entries(keys).map(([name, key]) => ({ name, key }));
  const runs: [tell: (story: Story) => Promise<void>, options: object][] = [
    [tellNamed, { ...own, proxyKeys }],
    [tellExpired, { ...own, proxyKeys, limits: shortly }],
    [tellLocal, own],
    [tellGuest, {}],
  ];
  for (const [tell, options] of runs) {
    const server = new CohereProxyServer({
      cohereBaseUrl: fake.url,
      port: 0,
      logLevel: 'silent',
      dataDir: folder,
      proxySecret: secret,
      tokenizer: 'package',
      contexts,
      sessionStore,
      ...options,
    });
    const { url } = await server.listen();
    await tell({ url, script: (...steps) => fake.script(...steps), said });
    await server.close();
  }
  await fake.close();
  return { ...said, madeAtMs: Date.now() };
}

async function startRedis() {
  const port = await freePort();
  const child = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder],
    { stdio: 'ignore' },
  );
  await pause(500);
  return { url: `redis://127.0.0.1:${port}`, stop: () => child.kill() };
}

function freePort(): Promise<number> {
  return new Promise(found => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => found(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}

/** Commands that fill an empty server, one a line; what is no text stands there as `base64`. */
async function dump(url: string): Promise<string> {
  const client = await createClient({ url, RESP: 2 }).connect();
  const exact = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  const lines: string[] = [];
  const ask = async (...command: string[]): Promise<unknown> => exact.sendCommand(command);
  const many = async (...command: string[]) => (await ask(...command)) as Buffer[];
  for (const key of (await many('KEYS', '*')).map(String).sort()) {
    const type = String(await ask('TYPE', key));
    if (type === 'string') lines.push(line('SET', key, (await ask('GET', key)) as Buffer));
    else if (type === 'hash') lines.push(line('HSET', key, ...(await many('HGETALL', key))));
    else if (type === 'zset') {
      const members = await many('ZRANGE', key, '0', '-1', 'WITHSCORES');
      lines.push(line('ZADD', key, ...members.map((_, at) => members[at ^ 1] ?? '')));
    } else throw new Error(`${key} is a ${type}`);
    const until = String(await ask('PEXPIRETIME', key));
    if (until !== '-1') lines.push(line('PEXPIREAT', key, until));
  }
  client.destroy();
  return lines.join('');
}

function line(...command: (string | Buffer)[]): string {
  const words = command.map(word => {
    const text = String(word);
    const isText = typeof word === 'string' || Buffer.from(text).equals(word);
    return isText ? text : { base64: word.toString('base64') };
  });
  return `${JSON.stringify(words)}\n`;
}
