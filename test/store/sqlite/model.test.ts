import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { SqliteRecords } from '../../../src/store/sqlite/sqlite-records.ts';
import { testAgainstPlain } from '../records-model.ts';

testAgainstPlain(async ({ nowMs, tombstoneMs }) => {
  const directory = mkdtempSync(join(tmpdir(), 'cohere-proxy-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  let atMs = nowMs;
  const path = join(directory, 'sessions.db');
  const records = await SqliteRecords.open({ path, now: () => atMs, tombstoneMs });
  return { records, wait: ms => (atMs += ms) };
}, 60);
