// The contract, on a real file. All tests share it, and two threads that have it: two nodes. Who closes his store and
// opens it again has both anew.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { DurableStore } from '../../../src/store/durable-store.ts';
import { SqliteRecords } from '../../../src/store/sqlite/sqlite-records.ts';
import { testSessionStore } from '../../contract/session-store.ts';
import { apart } from '../../support/apart.ts';

const directory = mkdtempSync(join(tmpdir(), 'cohere-proxy-'));
const opened = new Map<string, Promise<SqliteRecords>>();
let nowMs = 1_000_000;
let tests = 0;

async function closeAll(): Promise<void> {
  const all = [...opened.values()];
  opened.clear();
  for (const records of all) await (await records).close();
}

afterAll(async () => {
  await closeAll();
  rmSync(directory, { recursive: true });
});

function open(node: number, tombstoneMs: number): Promise<SqliteRecords> {
  const name = `${node} ${tombstoneMs}`;
  const path = join(directory, 'sessions.db');
  const records = opened.get(name) ?? SqliteRecords.open({ path, now: () => nowMs, tombstoneMs });
  opened.set(name, records);
  return records;
}

testSessionStore(
  async settings => {
    tests += 1;
    // What earlier tests left has expired.
    nowMs += 1_000_000_000;
    const prefix = `${tests} `;
    let nodes = 0;
    let isClosed = false;
    const begin = async () => {
      if (isClosed) await closeAll();
      isClosed = false;
      const records = await open(nodes, settings.tombstoneMs);
      nodes += 1;
      const limits = { ...settings, sessions: 100, sessionStoreBytes: 10_000_000 };
      const onClose = () => {
        isClosed = true;
      };
      return new DurableStore(apart(records, prefix, onClose), { limits });
    };
    return { store: await begin(), wait: ms => (nowMs += ms), reopen: begin };
  },
  { runs: 10, rounds: 10 },
);
