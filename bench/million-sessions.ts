// `node bench/million-sessions.ts [sessions] [directory]`: a file with a million sessions of one owner, and what a turn,
// a list and a look-up cost in it. Filled without waiting for the disk; what is measured waits.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SessionKey } from '../src/conversation/session.ts';
import type { TurnRecord } from '../src/store/records.ts';
import { DiskRoom } from '../src/store/sqlite/disk-room.ts';
import { openDatabase } from '../src/store/sqlite/open-database.ts';
import { Shelves } from '../src/store/sqlite/shelves.ts';
import { SpareRoom } from '../src/store/sqlite/spare-room.ts';
import { SqliteRecords } from '../src/store/sqlite/sqlite-records.ts';
import { SqliteSessions } from '../src/store/sqlite/sqlite-sessions.ts';
import { Tables } from '../src/store/sqlite/tables.ts';
import { quantile } from './measure.ts';

const [sessions = '1000000', parent = tmpdir()] = process.argv.slice(2);
const count = Number(sessions);
const perCommit = 20_000;
const measured = 2_000;
const pageLength = 20;
const tombstoneMs = 1_000;

const print = (line: string) => process.stdout.write(`${line}\n`);
const directory = mkdtempSync(join(parent, 'cohere-proxy-bench-'));
const path = join(directory, 'sessions.db');
const text = { digest: 'digest-of-an-empty-list', json: '[]' };

const asked = JSON.stringify({ role: 'user', content: 'Why is the list empty? '.repeat(6) });
const answered = JSON.stringify({
  role: 'assistant',
  content: 'Because nothing was put into it. '.repeat(12),
});

const keyOf = (at: number): SessionKey => ({
  owner: 'bench',
  user: at % 10 === 0 ? `user ${at % 1_000}` : undefined,
  id: `sess_${at}`,
});

const hintOf = (at: number) => Buffer.from(String(at).padStart(16)).toString('base64url');

function turnOf(at: number, turn: number): TurnRecord {
  return {
    id: `turn_${at}_${turn}`,
    model: 'command-a-03-2025',
    dialect: 'session',
    label: at % 5 === 0 ? `task ${at % 5_000}` : undefined,
    // A tenth are branches of the one before.
    parent: at % 10 === 9 ? { id: `sess_${at - 1}`, rootId: `sess_${at - 1}` } : undefined,
    system: text,
    systemLength: 0,
    tools: text,
    keep: Number.MAX_SAFE_INTEGER,
    messages: [asked, answered],
    hints: [hintOf(at * 4 + turn)],
    livesMs: 30 * 86_400_000,
    isTooLarge: false,
  };
}

function fill(): void {
  const { database } = openDatabase({ path });
  const tables = new Tables(database);
  tables.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -500000');
  const filled = new SqliteSessions(
    tables,
    new Shelves(tables, { nowMs: Date.now() }, tombstoneMs),
    new DiskRoom(tables, new SpareRoom(path)),
  );
  for (let at = 0; at < count; at += 1) {
    if (at % perCommit === 0) tables.run('BEGIN IMMEDIATE');
    filled.append(keyOf(at), turnOf(at, 0), { expectedVersion: 0 });
    if (at % perCommit === perCommit - 1 || at === count - 1) tables.run('COMMIT');
  }
  tables.close();
}

async function time(what: string, ask: (at: number) => Promise<unknown>): Promise<void> {
  const ms: number[] = [];
  for (let call = 0; call < measured; call += 1) {
    const at = Math.floor(Math.random() * count);
    const from = performance.now();
    await ask(at);
    ms.push(performance.now() - from);
  }
  const cells = [0.5, 0.99, 1].map(part => quantile(ms, part).toFixed(2).padStart(9));
  print(`${what.padEnd(36)}${cells.join('')}`);
}

try {
  const startMs = performance.now();
  fill();
  const filledS = ((performance.now() - startMs) / 1_000).toFixed(0);
  print(`${count} sessions in ${filledS} s, ${(statSync(path).size / 1e6).toFixed(0)} MB`);
  const openMs = performance.now();
  const records = await SqliteRecords.open({ path, now: Date.now, tombstoneMs });
  print(`opened in ${(performance.now() - openMs).toFixed(0)} ms\n`);
  print(`${'ms'.padEnd(36)}${['p50', 'p99', 'max'].map(cell => cell.padStart(9)).join('')}`);
  const versions = new Map<number, number>();
  await time('append to any session', async at => {
    const expectedVersion = versions.get(at) ?? 1;
    const { status } = await records.append(keyOf(at), turnOf(at, expectedVersion), { expectedVersion });
    if (status !== 'appended') throw new Error(status);
    versions.set(at, expectedVersion + 1);
  });
  await time('begin a session', at =>
    records.append(keyOf(count + Math.floor(at * 1_000 * Math.random())), turnOf(at, 3), {
      expectedVersion: 0,
    }),
  );
  await time('read any session', at => records.open(keyOf(at)));
  const list = { owner: 'bench', limit: pageLength };
  await time('list the first page', () => records.list(list));
  // A session behind a newer branch of its family is a place as well.
  await time('list a page from anywhere', at => records.list({ ...list, after: keyOf(at) }));
  await time('  with branches', at => records.list({ ...list, branches: true, after: keyOf(at) }));
  await time('  of one user', at => records.list({ ...list, user: `user ${(at % 100) * 10}` }));
  await time('  of those without', () => records.list({ ...list, user: '' }));
  await time('  of one label', at => records.list({ ...list, label: `task ${(at % 1_000) * 5}` }));
  await time('find by a hint', at => records.findByHints(keyOf(at), [hintOf(at * 4)], 8));
  await time('find by an id', at => records.find('bench', `sess_${at}`));
  await time('delete', at => records.delete(keyOf(at)));
  await records.close();
} finally {
  rmSync(directory, { recursive: true });
}
