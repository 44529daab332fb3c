// S10: several processes on one file.
import { expect, test } from 'vitest';
import { beginSqlite, makePath } from './begin.ts';
import { checkTables } from './check-tables.ts';
import { keyOf, turnsIn } from './numbered-turns.ts';
import { acknowledgedIn, spawnAppending, spawnProgram, untilPrinted } from './processes.ts';

test('[S10] [R3] [R4] three processes append 400 turns each to two sessions: none is lost or doubled', async () => {
  const path = makePath();
  const processes = ['a', 'b', 'c'].map(name => spawnAppending(path, name, 4, 2, 100));
  await Promise.all(processes.map(({ ended }) => ended));
  const lines = processes.flatMap(one => one.lines());
  expect(lines.filter(line => line === 'closed').length).toBe(3);
  const { records } = await beginSqlite({ path, now: Date.now });
  const acknowledged = acknowledgedIn(lines);
  expect([...acknowledged.values()].reduce((sum, { size }) => sum + size, 0)).toBe(1_200);
  for (const [id, turns] of acknowledged) {
    const opened = await records.open(keyOf(id));
    if (opened.status !== 'found') throw new Error(opened.status);
    expect(turnsIn(opened.messages)).toEqual(
      [...turns].toSorted(([a], [b]) => a - b).map(([, turn]) => turn),
    );
    expect(opened.record.version).toBe(turns.size);
  }
  await records.close();
  checkTables(path);
});

test('[R16] [R17] what a process held or claimed that is gone is free at once', async () => {
  const { path, records } = await beginSqlite({ now: Date.now });
  const holding = spawnProgram('holding-process.ts', path);
  await untilPrinted(holding, 'held');
  const lease = { holder: 'mine', ttlMs: 1_000 };
  const claim = { ...lease, fingerprint: 'f' };
  const key = keyOf('s');
  expect((await records.open(key, { lease })).status).toBe('busy');
  expect((await records.claim(key, 'k', claim)).status).toBe('running');
  holding.child.kill('SIGKILL');
  await holding.ended;
  expect((await records.open(key, { lease })).status).toBe('missing');
  expect((await records.claim(key, 'k', claim)).status).toBe('claimed');
});
