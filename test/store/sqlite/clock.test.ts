// S14: a clock that jumps.
import { expect, test } from 'vitest';
import { key, livesMs, turn } from '../record-turn.ts';
import { beginSqlite } from './begin.ts';

const hourMs = 3_600_000;

test('[S14] the order of use is that in which it happened, whatever the clock says', async () => {
  const { records, wait } = await beginSqlite();
  for (const id of ['a', 'b', 'c']) {
    await records.append(key(id), turn(['""'], { livesMs: 100 * hourMs, hints: ['hint-hint-hint-hint'] }), {
      expectedVersion: 0,
    });
    wait(-hourMs);
  }
  const { records: listed } = await records.list({ owner: 'ada', limit: 9 });
  expect(listed.map(({ key: { id } }) => id)).toEqual(['c', 'b', 'a']);
  expect(await records.findByHints(key(), ['hint-hint-hint-hint'], 9)).toEqual([
    { ids: ['c', 'b', 'a'], isAll: true },
  ]);
});

test('[S14] put back, nothing expires too early and nothing is younger than its beginning', async () => {
  const { records, wait } = await beginSqlite();
  await records.append(key(), turn(['""']), { expectedVersion: 0 });
  wait(-hourMs);
  await records.sweep();
  const { status } = await records.append(key(), turn(['""']), { expectedVersion: 1 });
  expect(status).toBe('appended');
  const opened = await records.open(key());
  if (opened.status !== 'found') throw new Error(opened.status);
  const { createdAtMs, updatedAtMs, expiresAtMs } = opened.record;
  expect(updatedAtMs).toBeGreaterThanOrEqual(createdAtMs);
  expect(expiresAtMs).toBe(updatedAtMs + livesMs);
  wait(hourMs);
  expect((await records.open(key())).status).toBe('found');
});

test('[S14] [R16] put forward by ten years and back, holds end and new ones begin', async () => {
  const { records, wait } = await beginSqlite();
  const hold = async (holder: string) =>
    (await records.open(key(), { lease: { holder, ttlMs: 1_000 } })).status;
  expect(await hold('a')).toBe('missing');
  wait(10 * 365 * 24 * hourMs);
  expect(await hold('b')).toBe('missing');
  expect(await hold('a')).toBe('busy');
  await records.letGo(key(), 'b');
  wait(-10 * 365 * 24 * hourMs);
  expect(await hold('a')).toBe('missing');
});
