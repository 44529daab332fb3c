// S4, S5: a file that cannot be written to, is gone, or is locked.
import { chmodSync, copyFileSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { codeOf } from '../../contract/given.ts';
import { key, turn } from '../record-turn.ts';
import { beginSqlite, makePath } from './begin.ts';
import { spawnProgram } from './processes.ts';

const append = (records: Awaited<ReturnType<typeof beginSqlite>>['records'], version: number, id = 's') =>
  codeOf(records.append(key(id), turn(['"said"']), { expectedVersion: version }));

describe('a place that is not there', () => {
  test('[S4] its directory is made, and told about: the path may be mistyped, or a disk missing', async () => {
    const path = join(dirname(makePath()), 'new', 'sessions.db');
    const { records, problems } = await beginSqlite({ path });
    expect(await append(records, 0)).toBe('works');
    expect(problems.map(({ message }) => message)).toEqual([
      `The session store is new: its directory ${dirname(path)} was made.`,
    ]);
  });
});

describe('a file that is gone', () => {
  test.each([
    ['removed', (path: string) => rmSync(path)],
    ['moved', (path: string) => renameSync(path, `${path}.moved`)],
    [
      'replaced',
      (path: string) => {
        copyFileSync(path, `${path}.copy`);
        renameSync(`${path}.copy`, path);
      },
    ],
    ['without its log', (path: string) => rmSync(`${path}-wal`)],
  ])(
    '[S4] [R9] %s while it is open: reads go on, writes are refused and told about once',
    async (_, happen) => {
      const { path, records, problems } = await beginSqlite();
      expect(await append(records, 0)).toBe('works');
      happen(path);
      for (let again = 0; again < 2; again += 1) {
        expect(await append(records, 1)).toBe('store_unavailable');
        expect(await codeOf(records.check())).toBe('store_unavailable');
      }
      expect(await records.open(key())).toMatchObject({ status: 'found', messages: ['"said"'] });
      expect(problems.map(({ message }) => message)).toEqual([
        expect.stringMatching(/moved, removed or replaced/),
      ]);
    },
  );

  test('[S4] put back, it goes on', async () => {
    const { path, records } = await beginSqlite();
    expect(await append(records, 0)).toBe('works');
    renameSync(path, `${path}.moved`);
    expect(await append(records, 1)).toBe('store_unavailable');
    renameSync(`${path}.moved`, path);
    expect(await append(records, 1)).toBe('works');
    await records.check();
  });
});

test('[S4] a link to the file is as good as the file', async () => {
  const { path, records } = await beginSqlite();
  expect(await append(records, 0)).toBe('works');
  await records.close();
  const link = makePath();
  symlinkSync(path, link);
  const { records: linked } = await beginSqlite({ path: link });
  expect(await append(linked, 1)).toBe('works');
  await linked.sweep();
  expect(statSync(`${path}-wal`).size).toBe(0);
});

describe('a file that cannot be written to', () => {
  // Whoever may do everything is not kept from writing: another user tries.
  const nobody = 65_534;

  test.skipIf(process.getuid?.() !== 0).each([
    ['file', 0o444, 0o755],
    ['directory', 0o644, 0o555],
    ['file and directory', 0o444, 0o555],
  ])(
    '[S4] a %s that is only readable: reads work, writes do not, and that is told',
    async (_, file, directory) => {
      const { path, records } = await beginSqlite();
      expect(await append(records, 0)).toBe('works');
      await records.close();
      chmodSync(path, file);
      chmodSync(dirname(path), directory);
      const reading = spawnProgram('reading-process.ts', path, nobody);
      await reading.ended;
      const [opened, appended, checked, problem] = reading.lines();
      expect([opened, appended, checked]).toEqual([
        'found ["\\"said\\""]',
        'store_unavailable',
        'store_unavailable',
      ]);
      expect(problem).toMatch(/can only be read/);
    },
  );

  test.skipIf(process.getuid?.() !== 0)(
    '[S4] nor can a new one be made: the start says what to do',
    async () => {
      const path = makePath();
      chmodSync(dirname(path), 0o555);
      const reading = spawnProgram('reading-process.ts', path, nobody);
      await reading.ended;
      expect(reading.lines().join('\n')).toMatch(
        /^StoreStartError the session store .* make it and its directory writable/,
      );
      expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
    },
  );
});

describe('a file that is locked by another', () => {
  async function beginLocked() {
    const started = await beginSqlite();
    expect(await append(started.records, 0)).toBe('works');
    const other = new DatabaseSync(started.path);
    onTestFinished(() => {
      if (other.isOpen) other.close();
    });
    other.exec('BEGIN IMMEDIATE');
    return { ...started, other };
  }

  test.each([10, 400])('[S5] for %i ms: nobody notices', async ms => {
    const { records, other } = await beginLocked();
    const appended = append(records, 1);
    await pause(ms);
    other.exec('ROLLBACK');
    expect(await appended).toBe('works');
  });

  test('[S5] [R9] for ever: reads work, writes are refused soon, the loop is not kept waiting', async () => {
    const { records, other } = await beginLocked();
    let turns = 0;
    let isOver = false;
    const turn = () => {
      turns += 1;
      if (!isOver) setImmediate(turn);
    };
    turn();
    const startMs = performance.now();
    const codes = Promise.all(
      [1, 2, 3].map(at => append(records, at === 1 ? 1 : 0, at === 1 ? 's' : `t${at}`)),
    );
    const read = records.open(key());
    expect(new Set(await codes)).toEqual(new Set(['store_unavailable']));
    expect((await read).status).toBe('found');
    const tookMs = performance.now() - startMs;
    isOver = true;
    expect(tookMs).toBeGreaterThan(900);
    // A second has thousands, also on a machine that is busy; a loop that waits itself has none.
    expect(turns).toBeGreaterThan(200);
    other.exec('ROLLBACK');
    expect(await append(records, 1)).toBe('works');
  });

  test('[S5] at the start as well', async () => {
    const { path, other } = await beginLocked();
    const opening = beginSqlite({ path });
    await pause(300);
    other.exec('ROLLBACK');
    const { records } = await opening;
    expect(await append(records, 1)).toBe('works');
  });
});
