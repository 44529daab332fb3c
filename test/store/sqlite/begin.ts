// SQLite stores of a test, each in a directory of its own that is gone when the test is over.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { StoreProblem } from '../../../src/store/sqlite/calls.ts';
import { type SqliteOptions, SqliteRecords } from '../../../src/store/sqlite/sqlite-records.ts';
import { livesMs } from '../record-turn.ts';

function makeDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'cohere-proxy-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export const makePath = () => join(makeDirectory(), 'sessions.db');

/** A store whose clock the test moves, and which is closed when the test is over. */
export async function beginSqlite(options: Partial<SqliteOptions> = {}) {
  const path = options.path ?? makePath();
  let nowMs = 1_000_000;
  const problems: StoreProblem[] = [];
  const open = async (more: Partial<SqliteOptions> = {}) => {
    const records = await SqliteRecords.open({
      path,
      now: () => nowMs,
      tombstoneMs: livesMs,
      onProblem: problem => problems.push(problem),
      ...options,
      ...more,
    });
    onTestFinished(() => records.close());
    return records;
  };
  return { path, records: await open(), open, problems, wait: (ms: number) => (nowMs += ms) };
}
