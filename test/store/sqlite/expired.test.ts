// R12 on disk: what expired or was deleted is in no byte of the files, and they become smaller.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { randomSource } from '../../support/seed.ts';
import { key, turn } from '../record-turn.ts';
import { beginSqlite } from './begin.ts';
import { checkTables, countRows } from './check-tables.ts';

/** How often it stands in any file of the store. */
function count(path: string, word: string): number {
  const files = readdirSync(dirname(path)).map(name => readFileSync(join(dirname(path), name), 'latin1'));
  return files.reduce((sum, bytes) => sum + bytes.split(word).length - 1, 0);
}

const about = (word: string, length: number) => JSON.stringify(`${word} `.repeat(length));

function telling(word: string, length: number, livesMs: number) {
  const text = { digest: `${word}-digest-of-a-text`, json: about(word, 30) };
  return turn([about(word, length), about(word, 3)], {
    id: `${word} ${Math.random()}`,
    label: word,
    model: word,
    system: text,
    tools: text,
    cuts: about(word, 1),
    hints: [Buffer.from(`${word}-----hint`).toString('base64url')],
    mark: { key: word, ttlMs: livesMs, turn: about(word, 2) },
    livesMs,
  });
}

test.each(['expired', 'deleted', 'replaced'])('[R12] [R14] the words of what is %s', async how => {
  const random = randomSource('words');
  const { path, records, wait } = await beginSqlite({ tombstoneMs: 1_000_000 });
  const versions = new Map<string, number>();
  for (let step = 0; step < 600; step += 1) {
    // Among others, in the same pages.
    const at = Math.floor(random() * 20);
    const word = at % 2 === 0 ? 'secretword' : 'otherword';
    const id = `${word}${at}`;
    const version = versions.get(id) ?? 0;
    const turn = telling(word, Math.floor(random() * random() * 900), at % 2 === 0 ? 1_000 : 900_000);
    const key = { owner: `${word}owner`, user: `${word}user`, id };
    const { status } = await records.append(key, turn, { expectedVersion: version });
    expect(status).toBe('appended');
    versions.set(id, version + 1);
  }
  const size = () =>
    readdirSync(dirname(path))
      // Room that is kept for a full disk.
      .filter(name => !name.endsWith('-spare'))
      .reduce((sum, name) => sum + statSync(join(dirname(path), name)).size, 0);
  await records.sweep();
  const before = { secret: count(path, 'secretword'), other: count(path, 'otherword'), size: size() };
  expect(before.secret).toBeGreaterThan(1_000);

  if (how === 'expired') wait(1_000);
  else
    for (const [id, version] of versions) {
      if (!id.startsWith('secret')) continue;
      const key = { owner: 'secretwordowner', user: 'secretworduser', id };
      if (how === 'deleted') await records.delete(key);
      else {
        // Its names stay its names, for as long as it lives.
        const anew = { ...telling('thirdword', 1, 900_000), keep: 0, mark: undefined };
        await records.append(key, anew, { expectedVersion: version });
      }
    }
  if (how === 'replaced') wait(1_000);
  await records.sweep();
  if (how === 'replaced') {
    const left = readdirSync(dirname(path)).flatMap(
      name => readFileSync(join(dirname(path), name), 'latin1').match(/secretword \S*/g) ?? [],
    );
    expect(left).toEqual([]);
  } else expect(count(path, 'secretword')).toBe(0);
  expect(size()).toBeLessThan(before.size * 0.7);
  // What lives is as it was.
  expect(count(path, 'otherword')).toBeGreaterThan(before.other * 0.9);
  await records.close();
  checkTables(path);
});

test('[R12] the names of those who are gone are nowhere, but that they expired is known', async () => {
  const { path, records, wait } = await beginSqlite({ tombstoneMs: 5_000 });
  const gone = { owner: 'secretowner', user: 'secretuser', id: 'secretid' };
  const lease = { holder: 'h', ttlMs: 10 };
  await records.open(gone, { lease });
  await records.claim(gone, 'secretkey', { ...lease, fingerprint: 'f' });
  await records.append(gone, turn(['""'], { livesMs: 1_000 }), { expectedVersion: 0, holder: 'h' });
  wait(1_000);
  await records.sweep();
  expect((await records.open(gone)).status).toBe('expired');
  expect(count(path, 'secret')).toBe(0);
  wait(4_999);
  await records.sweep();
  expect((await records.open(gone)).status).toBe('expired');
  wait(1);
  expect((await records.open(gone)).status).toBe('missing');
  await records.sweep();
  expect(countRows(path)).toEqual({
    sessions: 0,
    messages: 0,
    segments: 0,
    texts: 0,
    hints: 0,
    marks: 0,
    spaces: 0,
    owners: 0,
  });
});

test('[R12] [R14] a thousand branches of a thousand messages cost what they add', async () => {
  const { path, records, wait } = await beginSqlite();
  const history = Array.from({ length: 1_000 }, (_, at) => about(`message ${at}`, 40));
  const begun = await records.append(key('root'), turn(history, { livesMs: 1_000 }), { expectedVersion: 0 });
  if (begun.status !== 'appended') throw new Error(begun.status);
  await records.sweep();
  const before = statSync(path).size;
  const { segment } = begun.record;
  await Promise.all(
    history.map((_, at) =>
      records.append(
        key(`branch${at}`),
        turn([about(`branch ${at}`, 3)], { shared: { segment, length: at + 1 }, keep: at + 1 }),
        { expectedVersion: 0 },
      ),
    ),
  );
  await records.sweep();
  expect(countRows(path)).toMatchObject({ sessions: 1_001, messages: 2_000, segments: 1_001 });
  expect(statSync(path).size - before).toBeLessThan(1_000 * 1_000);

  // Its root is gone, and what a branch needs of it is not.
  wait(1_000);
  await records.sweep();
  const last = await records.open(key('branch999'));
  expect(last).toMatchObject({ status: 'found', messages: [...history, about('branch 999', 3)] });
  for (let at = 500; at < 1_000; at += 1) await records.delete(key(`branch${at}`));
  expect(countRows(path)).toMatchObject({ sessions: 500, messages: 1_000, segments: 501 });
  await records.close();
  checkTables(path);
});

test('[R14] branches of branches that add nothing make no chain', async () => {
  const { path, records } = await beginSqlite();
  let begun = await records.append(key('s0'), turn(['"1"', '"2"']), { expectedVersion: 0 });
  for (let at = 1; at <= 20; at += 1) {
    if (begun.status !== 'appended') throw new Error(begun.status);
    const { segment, length } = begun.record;
    const fork = turn([], { shared: { segment, length }, keep: length });
    begun = await records.append(key(`s${at}`), fork, { expectedVersion: 0 });
  }
  for (let at = 0; at < 20; at += 1) await records.delete(key(`s${at}`));
  expect(countRows(path)).toMatchObject({ sessions: 1, segments: 2, messages: 2 });
  expect(await records.open(key('s20'))).toMatchObject({ messages: ['"1"', '"2"'] });
});
