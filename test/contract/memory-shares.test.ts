// R20: who gives way in memory, where all of it is full. Each owner's sessions are called 1, 2, … in the order of use.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemoryStore, type MemoryStoreOptions } from '../../src/store/memory-store.ts';
import { fromSeed } from '../properties/from-seed.ts';
import { codeOf, key, marked, roomy, turn } from './given.ts';

const limits: MemoryStoreOptions['limits'] = {
  ...roomy,
  sessions: 2_000,
  sessionStoreBytes: 100_000_000,
  tombstones: 100,
  idempotencyRecords: 1_000,
};

function begin(more: Partial<typeof limits> = {}) {
  let nowMs = 1_000_000;
  const store = new MemoryStore({ limits: { ...limits, ...more }, now: () => nowMs });
  const made = new Map<string, number>();
  const add = async (owner: string, count = 1, said = 'x') => {
    const codes: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const number = (made.get(owner) ?? 0) + 1;
      made.set(owner, number);
      const appended = store.append(key(String(number), undefined, owner), turn(said), {
        expectedVersion: 0,
      });
      codes.push(await codeOf(appended));
    }
    return [...new Set(codes)].join(' ');
  };
  const ids = async (owner: string) =>
    (await store.list({ owner, limit: 9_999 })).sessions
      .map(({ id }) => Number(id))
      .toSorted((a, b) => a - b);
  const hold = (owner: string, id: number) =>
    store.hold(key(String(id), undefined, owner), { holder: 'h', ttlMs: 60_000 });
  return { store, add, ids, hold, wait: (ms: number) => (nowMs += ms) };
}

describe('R20 who gives way', () => {
  test('[R20] XF4 a flood pushes out its own, and no session of an owner that has few', async () => {
    const { add, ids } = begin({ sessions: 10 });
    await add('ada', 3);
    await add('flood', 100);
    expect(await ids('ada')).toEqual([1, 2, 3]);
    expect(await ids('flood')).toEqual([94, 95, 96, 97, 98, 99, 100]);
  });

  test('[R20] of many owners that flood, each keeps its share', async () => {
    const { add, ids } = begin({ sessions: 12 });
    for (let round = 0; round < 30; round += 1) for (const owner of ['a', 'b', 'c', 'd']) await add(owner);
    for (const owner of ['a', 'b', 'c', 'd']) expect(await ids(owner)).toEqual([28, 29, 30]);
  });

  test('[R20] one that has less than its share is given room by the one that has the most', async () => {
    const { add, ids } = begin({ sessions: 10 });
    await add('some', 2);
    await add('most', 8);
    await add('new', 3);
    expect(await ids('new')).toEqual([1, 2, 3]);
    expect(await ids('some')).toEqual([1, 2]);
    expect(await ids('most')).toEqual([4, 5, 6, 7, 8]);
    // From its share on it makes room itself.
    await add('new', 2);
    expect(await ids('new')).toEqual([2, 3, 4, 5].slice(-(await ids('new')).length));
    expect(await ids('some')).toEqual([1, 2]);
  });

  test('[R20] bytes as well', async () => {
    const { add, ids } = begin({ sessionStoreBytes: 100_000 });
    await add('ada', 2, 'x'.repeat(10_000));
    await add('flood', 30, 'x'.repeat(10_000));
    expect(await ids('ada')).toEqual([1, 2]);
    expect((await ids('flood')).at(-1)).toBe(30);
    await add('one', 1, 'x'.repeat(25_000));
    expect(await ids('ada')).toEqual([1, 2]);
    expect(await ids('one')).toEqual([1]);
  });

  test('[R20] what is held stays; where nothing of the larger one may go the newcomer is told so', async () => {
    const { add, ids, hold } = begin({ sessions: 4 });
    await add('most', 4);
    for (const id of [1, 2]) await hold('most', id);
    await add('ada', 2);
    expect(await ids('most')).toEqual([1, 2]);
    for (const id of [1, 2]) await hold('ada', id);
    expect(await add('eve')).toBe('store_full');
    expect([await ids('most'), await ids('ada'), await ids('eve')]).toEqual([[1, 2], [1, 2], []]);
  });

  test('[R20] whatever owners do, none below its share loses a session to another', async () => {
    const owners = ['a', 'b', 'c', 'd'];
    const step = fc.record({ owner: fc.constantFrom(...owners), count: fc.integer({ min: 1, max: 6 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async steps => {
        const { store, add, ids } = begin({ sessions: 12 });
        for (const { owner, count } of steps) {
          for (let index = 0; index < count; index += 1) {
            const before = await Promise.all(owners.map(ids));
            expect(await add(owner)).toBe('works');
            const after = await Promise.all(owners.map(ids));
            const present = after.filter(all => all.length > 0).length;
            for (const [at, had] of before.entries()) {
              const has = after[at] ?? [];
              if (owners[at] === owner || has.length === had.length) continue;
              // It had more than its share, and more than whoever was given room.
              expect(had.length).toBeGreaterThan(12 / present);
              expect(had.length).toBeGreaterThan(before[owners.indexOf(owner)]?.length ?? 0);
            }
          }
        }
        await store.close();
      }),
      fromSeed('memory shares', 60),
    );
  });
});

describe('R20 what is kept beside sessions', () => {
  test('[R20] [R12] a flood of sessions that expire pushes out no tombstone of another owner', async () => {
    const { store, add, wait } = begin({ tombstones: 10 });
    await add('ada');
    for (let count = 0; count < 50; count += 1) {
      wait(1);
      await add('flood');
    }
    wait(roomy.sessionIdleMs);
    expect((await store.read(key('1', undefined, 'ada'))).status).toBe('expired');
    expect((await store.read(key('1', undefined, 'flood'))).status).toBe('missing');
    expect((await store.read(key('50', undefined, 'flood'))).status).toBe('expired');
  });

  test('[R20] [R11] nor a flood of marks a mark of another', async () => {
    const { store } = begin({ idempotencyRecords: 10 });
    await store.append(key(), marked('hi', 'k'), { expectedVersion: 0 });
    for (let version = 0; version < 50; version += 1)
      await store.append(key('s', undefined, 'flood'), marked('hi', `k${version}`), {
        expectedVersion: version,
      });
    expect(await store.recall(key(), 'k')).toBeDefined();
    expect(await store.recall(key('s', undefined, 'flood'), 'k0')).toBeUndefined();
    expect(await store.recall(key('s', undefined, 'flood'), 'k49')).toBeDefined();
  });

  test('[R20] [R17] nor a flood of answers the answer of another', async () => {
    const { store } = begin({ idempotencyRecords: 10 });
    const claimed = { holder: 'h', ttlMs: 99, fingerprint: 'f' };
    const answer = { text: 'done', ttlMs: 9_999 };
    const answered = async (owner: string, name: string) => {
      await store.claim({ owner, user: undefined }, name, claimed);
      await store.settle({ owner, user: undefined }, name, 'h', answer);
    };
    await answered('ada', 'k');
    for (let index = 0; index < 50; index += 1) await answered('flood', `k${index}`);
    const statusOf = async (owner: string, name: string) =>
      (await store.claim({ owner, user: undefined }, name, claimed)).status;
    expect(await statusOf('ada', 'k')).toBe('answered');
    expect(await statusOf('flood', 'k0')).toBe('claimed');
    expect(await statusOf('flood', 'k49')).toBe('answered');
  });
});
