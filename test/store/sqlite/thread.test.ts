// The thread that has the database, and the end of it.
import { statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { codeOf } from '../../contract/given.ts';
import { key, turn } from '../record-turn.ts';
import { beginSqlite, makePath } from './begin.ts';
import { spawnProgram } from './processes.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const ids = Array.from({ length: 300 }, (_, at) => `s${at}`);

describe('its end', () => {
  test('[S25] [R10] what was asked before close() is done, what is asked after it is not', async () => {
    const { records, open } = await beginSqlite();
    const appended = ids.map(id => records.append(key(id), turn(['"said"']), { expectedVersion: 0 }));
    const closed = records.close();
    const late = codeOf(records.append(key('late'), turn(['"said"']), { expectedVersion: 0 }));
    expect(new Set((await Promise.all(appended)).map(({ status }) => status))).toEqual(new Set(['appended']));
    expect(await late).toBe('store_unavailable');
    await closed;
    await records.close();
    expect(await codeOf(records.check())).toBe('store_unavailable');
    const { records: listed } = await (await open()).list({ owner: 'ada', limit: 999 });
    expect(listed.length).toBe(ids.length);
  });

  test('[R10] a store that nobody asks anything keeps no process alive, and says nothing of SQLite', async () => {
    const path = makePath();
    const idle = spawnProgram('idle-process.ts', path);
    await idle.ended;
    expect([idle.child.exitCode, idle.lines()]).toEqual([0, ['appended']]);
  });

  test('it fails: who waits is told, and a second later it is there again', async () => {
    const post = vi.spyOn(Worker.prototype, 'postMessage');
    const { records, problems } = await beginSqlite();
    await records.append(key(), turn(['"said"']), { expectedVersion: 0 });
    const [worker] = post.mock.contexts;
    if (!(worker instanceof Worker)) throw new Error('there is no thread');
    const waiting = ids.map(id => codeOf(records.open(key(id))));
    const ended = worker.terminate();
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['store_unavailable']));
    await ended;
    expect(problems.map(({ message }) => message)).toEqual(['The thread of the session store ended.']);
    await vi.waitUntil(async () => (await codeOf(records.check())) === 'works', { timeout: 5_000 });
    expect(await records.open(key())).toMatchObject({ status: 'found', messages: ['"said"'] });
  });

  test('it does not answer: who waits is told', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    const { records } = await beginSqlite();
    const post = vi.spyOn(Worker.prototype, 'postMessage').mockImplementation(() => {});
    const code = codeOf(records.check());
    await vi.waitUntil(() => post.mock.calls.length > 0);
    vi.advanceTimersByTime(11_000);
    expect(await code).toBe('store_unavailable');
    vi.useRealTimers();
    post.mockRestore();
    await records.check();
  });
});

describe('calls that come together', () => {
  test('go in one message, and are answered in the order in which they were asked', async () => {
    const post = vi.spyOn(Worker.prototype, 'postMessage');
    const { records } = await beginSqlite();
    const { length: before } = post.mock.calls;
    const seen: string[] = [];
    const note = (name: string) => (value: unknown) => seen.push(`${name} ${JSON.stringify(value)}`);
    await Promise.all([
      records.readNote('n').then(note('before')),
      records.writeNote('n', 'one').then(note('write')),
      records.readNote('n').then(note('between')),
      records.writeNote('n', 'two').then(note('write')),
      records.readNote('n').then(note('after')),
    ]);
    expect(seen).toEqual([
      'before undefined',
      'write undefined',
      'between "one"',
      'write undefined',
      'after "two"',
    ]);
    expect(post.mock.calls.length - before).toBe(1);
  });

  test('one that fails takes nothing from the others', async () => {
    const { records } = await beginSqlite();
    // As DurableStore never asks: it says that the text is held already.
    const lost = turn(['"said"'], { system: { digest: 'digest-of-nothing' } });
    const codes = await Promise.all([
      codeOf(records.append(key('a'), turn(['"said"']), { expectedVersion: 0 })),
      codeOf(records.append(key('b'), lost, { expectedVersion: 0 })),
      codeOf(records.append(key('c'), turn(['"said"']), { expectedVersion: 0 })),
    ]);
    expect(codes).toEqual(['works', 'store_corrupt', 'works']);
    const statuses = await Promise.all(['a', 'b', 'c'].map(async id => (await records.open(key(id))).status));
    expect(statuses).toEqual(['found', 'missing', 'found']);
  });
});

test('a log does not grow without limit', async () => {
  const { path, records } = await beginSqlite();
  const long = JSON.stringify('x'.repeat(100_000));
  for (let version = 0; version < 600; version += 1)
    await records.append(key(`s${version % 3}`), turn([long]), { expectedVersion: Math.floor(version / 3) });
  expect(statSync(path).size).toBeGreaterThan(25_000_000);
  expect(statSync(`${path}-wal`).size).toBeLessThan(40_000_000);
});
