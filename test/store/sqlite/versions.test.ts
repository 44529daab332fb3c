// S11, S26: which SQLite, which tables.
import { hash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { openDatabase } from '../../../src/store/sqlite/open-database.ts';
import { migrations } from '../../../src/store/sqlite/schema.ts';
import { StoreStartError } from '../../../src/store/store-start-error.ts';
import { key, turn } from '../record-turn.ts';
import { beginSqlite, makePath } from './begin.ts';

const next = 'ALTER TABLE sessions ADD COLUMN mood TEXT; UPDATE sessions SET mood = id;';

describe('tables', () => {
  test('[S26] are brought up to date, and hold what they held', async () => {
    const { path, records } = await beginSqlite();
    await records.append(key(), turn(['"said"']), { expectedVersion: 0 });
    await records.close();
    const { database } = openDatabase({ path, migrations: [...migrations, next] });
    expect(database.prepare('SELECT id, mood FROM sessions').all()).toEqual([{ id: 's', mood: 's' }]);
    expect(database.prepare('SELECT json FROM messages').all()).toEqual([{ json: '"said"' }]);
    expect(database.prepare('PRAGMA user_version').get()).toEqual({ user_version: migrations.length + 1 });
    database.close();
  });

  test('[S26] [S2] a step that fails changes nothing', async () => {
    const { path, records } = await beginSqlite();
    await records.append(key(), turn(['"said"']), { expectedVersion: 0 });
    await records.close();
    const broken = [...migrations, next, `${next} SELECT * FROM nowhere;`];
    expect(() => openDatabase({ path, migrations: broken })).toThrow(StoreStartError);
    // The first of the two is a step of its own.
    const { database } = openDatabase({ path, migrations: [...migrations, next] });
    expect(database.prepare('SELECT mood FROM sessions').all()).toEqual([{ mood: 's' }]);
    database.close();
  });

  test('[S26] of a later version are refused and left as they are', async () => {
    const path = makePath();
    openDatabase({ path, migrations: [...migrations, next] }).database.close();
    const before = readFileSync(path);
    expect(() => openDatabase({ path })).toThrow(/later version/);
    expect(readFileSync(path)).toEqual(before);
  });

  // A released step is never changed: files of its version are out there.
  test('[S26] each step is what it was when it was released', () => {
    const digests = migrations.map(step => hash('sha256', step).slice(0, 16));
    expect(digests).toEqual(['903c2f5511fbb565', '9eb0e9be0596e869', '4c83e7e5ad5adb10']);
  });
});

describe('SQLite', () => {
  test.each([
    ['3.7.0', true],
    ['3.50.9', true],
    ['3.51.2', true],
    ['2.99.99', true],
    ['3.51.3', false],
    ['3.51.10', false],
    ['3.52.0', false],
    ['4.0.0', false],
  ])('[S11] %s is warned of: %s', (sqliteVersion, isOld) => {
    const { database, warnings } = openDatabase({ path: makePath(), sqliteVersion });
    database.close();
    expect(warnings).toEqual(isOld ? [expect.stringMatching(/3\.51\.3 or later/)] : []);
  });

  test('[S11] a journal of another kind is replaced by a log', async () => {
    const { path, records } = await beginSqlite();
    await records.append(key(), turn(['"said"']), { expectedVersion: 0 });
    await records.close();
    const other = new DatabaseSync(path);
    other.exec('PRAGMA journal_mode = DELETE');
    other.close();
    const again = await beginSqlite({ path });
    expect((await again.records.open(key())).status).toBe('found');
    expect(statSync(`${path}-wal`).isFile()).toBe(true);
  });
});

test('[S8] each commit of a turn waits for the disk', () => {
  const { database } = openDatabase({ path: makePath() });
  const value = (pragma: string) => Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0];
  // https://www.sqlite.org/pragma.html: 2 is FULL.
  expect(['journal_mode', 'synchronous', 'secure_delete', 'auto_vacuum'].map(value)).toEqual([
    'wal',
    2,
    1,
    2,
  ]);
  database.close();
});

test('private from the first moment on', async () => {
  const { path, records } = await beginSqlite({ path: `${makePath()}.d/deeper/sessions.db` });
  await records.append(key(), turn(['"said"']), { expectedVersion: 0 });
  for (const file of [path, `${path}-wal`, `${path}-shm`]) expect(statSync(file).mode & 0o777).toBe(0o600);
  for (const directory of [dirname(path), dirname(dirname(path))])
    expect(statSync(directory).mode & 0o777).toBe(0o700);
});
