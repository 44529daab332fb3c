// The contract, on a real file.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { DurableStore } from '../../../src/store/durable-store.ts';
import { SqliteRecords } from '../../../src/store/sqlite/sqlite-records.ts';
import { testSessionStore } from '../../contract/session-store.ts';

testSessionStore(
  async settings => {
    const directory = mkdtempSync(join(tmpdir(), 'cohere-proxy-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    let nowMs = 1_000_000;
    const begin = async () => {
      const { tombstoneMs } = settings;
      const path = join(directory, 'sessions.db');
      const records = await SqliteRecords.open({ path, now: () => nowMs, tombstoneMs });
      return new DurableStore(records, {
        limits: { ...settings, sessions: 100, sessionStoreBytes: 10_000_000 },
      });
    };
    return { store: await begin(), wait: ms => (nowMs += ms), reopen: begin };
  },
  { runs: 10, rounds: 10 },
);
