// S6, S7: files that were damaged, and logs that were torn.
import {
  copyFileSync,
  existsSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { SqliteRecords } from '../../../src/store/sqlite/sqlite-records.ts';
import { codeOf } from '../../contract/given.ts';
import { key, turn } from '../record-turn.ts';
import { beginSqlite, makePath } from './begin.ts';
import { checkTables } from './check-tables.ts';
import { keyOf, turnOf, turnsIn } from './numbered-turns.ts';

const append = (records: SqliteRecords, version: number, id = 's') =>
  codeOf(records.append(key(id), turn(['"said"']), { expectedVersion: version }));

/** A closed store that holds a few sessions. */
async function makeStore(): Promise<string> {
  const { path, records } = await beginSqlite();
  for (const id of ['s', 't', 'u']) expect(await append(records, 0, id)).toBe('works');
  await records.close();
  return path;
}

function change(path: string, at: number, bytes: Buffer): void {
  const content = readFileSync(path);
  bytes.copy(content, at);
  writeFileSync(path, content);
}

function run(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

describe('start is refused, and the file left as it is', () => {
  const damages: Readonly<Record<string, [(path: string) => void, RegExp]>> = {
    'another kind of file': [
      path => writeFileSync(path, 'notes of mine\n'.repeat(100)),
      /not a session store/,
    ],
    'a few bytes': [path => writeFileSync(path, 'SQLite'), /not a session store/],
    'a damaged header': [path => change(path, 0, Buffer.from('XXXX')), /not a session store/],
    'a header of nonsense': [path => change(path, 16, Buffer.alloc(20, 0xff)), /is damaged/],
    'a damaged page': [
      path => change(path, statSync(path).size / 2, Buffer.alloc(20_000, 0x5a)),
      /is damaged/,
    ],
    'a page of zeros': [path => change(path, 8192, Buffer.alloc(8192)), /is damaged/],
    'half a file': [path => truncateSync(path, 8192 * 3), /is damaged/],
    "another program's database": [
      path => run(path, 'PRAGMA application_id = 7'),
      /database of another program/,
    ],
    "another program's database without a name": [
      path => {
        rmSync(path);
        run(path, 'CREATE TABLE notes (text)');
      },
      /database of another program/,
    ],
    'tables of a later version': [path => run(path, 'PRAGMA user_version = 999'), /later version/],
  };

  test.each(Object.entries(damages))('[S6] %s', async (_, [damage, words]) => {
    const path = await makeStore();
    damage(path);
    const before = readFileSync(path);
    await expect(beginSqlite({ path })).rejects.toThrow(words);
    await expect(beginSqlite({ path })).rejects.toMatchObject({ name: 'StoreStartError' });
    expect(readFileSync(path)).toEqual(before);
  });

  test('[S6] a directory', async () => {
    await expect(beginSqlite({ path: makePath().replace('/sessions.db', '') })).rejects.toThrow(
      /is not a file/,
    );
  });
});

test('[S6] a file without a byte is a new one', async () => {
  const path = makePath();
  writeFileSync(path, '');
  const { records } = await beginSqlite({ path });
  expect(await append(records, 0)).toBe('works');
});

describe('one session that makes no sense, the others work', () => {
  test.each([
    [
      'a message is missing',
      "DELETE FROM messages WHERE id = (SELECT segment * 1048576 FROM sessions WHERE id = 's')",
    ],
    [
      'its segment is missing',
      "DELETE FROM segments WHERE no = (SELECT segment FROM sessions WHERE id = 's')",
    ],
    ['a text is missing', "UPDATE sessions SET system = 'lost' WHERE id = 's'"],
    ['it is of no dialect', "UPDATE sessions SET dialect = 'latin' WHERE id = 's'"],
    ['it is too long', "UPDATE sessions SET length = 5 WHERE id = 's'"],
  ])('[S6] %s', async (_, damage) => {
    const path = await makeStore();
    run(path, damage);
    const { records } = await beginSqlite({ path });
    const codes = await Promise.all([
      codeOf(records.open(key('s'))),
      codeOf(records.open(key('t'))),
      append(records, 1, 't'),
      append(records, 0, 'new'),
    ]);
    expect(codes).toEqual(['store_corrupt', 'works', 'works', 'works']);
    expect(await records.open(key('t'))).toMatchObject({ status: 'found', record: { version: 2 } });
  });
});

describe('a log that was torn', () => {
  /** A store that was not closed, with so many turns in its log. */
  async function makeUnclosed(turns: number): Promise<string> {
    const { path, records } = await beginSqlite();
    await records.append(keyOf('s'), turnOf('0'), { expectedVersion: 0 });
    // Out of the log, which holds from now on only what comes next.
    await records.sweep();
    for (let version = 1; version < turns; version += 1)
      await records.append(keyOf('s'), turnOf(String(version)), { expectedVersion: version });
    const copy = makePath();
    for (const end of ['', '-wal']) copyFileSync(path + end, copy + end);
    return copy;
  }

  async function turnsOf(path: string): Promise<string[]> {
    const records = await SqliteRecords.open({ path, now: () => 1_000_000, tombstoneMs: 1 });
    const opened = await records.open(keyOf('s'));
    await records.close();
    checkTables(path);
    return opened.status === 'found' ? turnsIn(opened.messages) : [];
  }

  test('[S7] a copy that was made in the midst, without its index', async () => {
    const path = await makeUnclosed(4);
    expect(existsSync(`${path}-shm`)).toBe(false);
    expect(await turnsOf(path)).toEqual(['0', '1', '2', '3']);
  });

  test('[S7] without its log: what was written back before', async () => {
    const path = await makeUnclosed(4);
    rmSync(`${path}-wal`);
    expect(await turnsOf(path)).toEqual(['0']);
  });

  test('[S7] an index of nonsense is made again', async () => {
    const path = await makeUnclosed(4);
    writeFileSync(`${path}-shm`, Buffer.alloc(32_768, 0x5a));
    expect(await turnsOf(path)).toEqual(['0', '1', '2', '3']);
  });

  // Every 16 KiB; with `ALL=1` every 512 bytes.
  test('[S7] cut anywhere: whole turns, the first so many of them', async () => {
    const whole = await makeUnclosed(3);
    const size = statSync(`${whole}-wal`).size;
    const step = process.env.ALL === undefined ? 16_384 : 512;
    const seen = new Set<number>();
    for (let length = size; length >= 0; length -= step) {
      const path = makePath();
      copyFileSync(whole, path);
      copyFileSync(`${whole}-wal`, `${path}-wal`);
      truncateSync(`${path}-wal`, length);
      const turns = await turnsOf(path);
      expect(turns).toEqual(['0', '1', '2'].slice(0, turns.length));
      seen.add(turns.length);
    }
    expect(seen).toEqual(new Set([3, 2, 1]));
  });
});
