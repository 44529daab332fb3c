import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { SqliteRecords } from '../../../src/store/sqlite/sqlite-records.ts';
import { testAgainstPlain } from '../records-model.ts';
import { checkTables } from './check-tables.ts';

testAgainstPlain(async ({ nowMs, tombstoneMs }) => {
  const directory = mkdtempSync(join(tmpdir(), 'cohere-proxy-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  let atMs = nowMs;
  const path = join(directory, 'sessions.db');
  const records = await SqliteRecords.open({ path, now: () => atMs, tombstoneMs });
  const { close } = records;
  // What the tables hold is checked after each run.
  records.close = async () => {
    await close.call(records);
    checkTables(path);
  };
  return { records, wait: ms => (atMs += ms) };
}, 25);
