// SQLite stores of a test, each in a directory of its own that is gone when the test is over.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { SharedText, TurnRecord } from '../../../src/store/records.ts';
import type { StoreProblem } from '../../../src/store/sqlite/calls.ts';
import { type SqliteOptions, SqliteRecords } from '../../../src/store/sqlite/sqlite-records.ts';

export const livesMs = 60_000;

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

export const key = (id = 's', user?: string, owner = 'ada') => ({ owner, user, id });

const text = (json: string): SharedText => ({ digest: `digest-of-${json.length}`, json });

let made = 0;

/** A turn that appends these messages to everything. */
export function turn(messages: readonly string[], more: Partial<TurnRecord> = {}): TurnRecord {
  made += 1;
  return {
    id: `turn_${made}`,
    model: 'm',
    dialect: 'session',
    system: text('[]'),
    systemLength: 0,
    tools: text('[]'),
    keep: Number.MAX_SAFE_INTEGER,
    messages,
    hints: [],
    livesMs,
    isTooLarge: false,
    ...more,
  };
}
