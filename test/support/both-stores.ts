// The same in memory and on disk, whole and streamed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export const everyWay = [
  ['memory', 'whole'],
  ['memory', 'streamed'],
  ['SQLite', 'whole'],
  ['SQLite', 'streamed'],
] as const;

/** What `sessionStore` is to be; gone when the test has ended. */
export function storeOf(kind: 'memory' | 'SQLite'): string {
  if (kind === 'memory') return 'memory:';
  const directory = mkdtempSync(join(tmpdir(), 'cohere-proxy-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return `sqlite:${join(directory, 'sessions.db')}`;
}
