// The stores that a test is run on, each anew and gone when the test has ended; as what `sessionStore` takes.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { hasRedis, startRedis } from './redis-server.ts';

export async function newFile(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'cohere-proxy-store-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return `sqlite:${join(directory, 'sessions.db')}`;
}

export async function newServer(): Promise<string> {
  const server = await startRedis();
  onTestFinished(() => server.stop());
  return server.url;
}

type NamedStore = readonly [name: string, make: () => Promise<string>];

export const stores: readonly NamedStore[] = [
  ['memory', async () => 'memory:'],
  ['SQLite', newFile],
  ...(hasRedis ? [['Redis', newServer] satisfies NamedStore] : []),
];
