import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MemoryStore, type MemoryStoreOptions } from '../../src/store/memory-store.ts';
import { codeOf, key, roomy, turn } from './given.ts';
import { testSessionStore } from './session-store.ts';

const limits: MemoryStoreOptions['limits'] = {
  ...roomy,
  sessions: 2_000,
  sessionStoreBytes: 100_000_000,
  tombstones: 100,
  idempotencyRecords: 1_000,
};

const lease = { holder: 'a turn', ttlMs: 60_000 };

function begin(more: Partial<typeof limits> = {}) {
  let nowMs = 1_000_000;
  const store = new MemoryStore({ limits: { ...limits, ...more }, now: () => nowMs });
  const status = async (id: string) => (await store.read(key(id))).status;
  const ids = async () =>
    (await store.list({ owner: 'ada', limit: 999 })).sessions.map(({ id }) => id).toSorted();
  const add = async (id: string, said = '1') =>
    codeOf(store.append(key(id), turn(said), { expectedVersion: 0 }));
  const hold = async (id: string) => (await store.hold(key(id), lease)).status;
  return { store, status, ids, add, hold, wait: (ms: number) => (nowMs += ms) };
}

testSessionStore(async settings => begin(settings), { isShared: false });

describe('what is pushed out to make room', () => {
  test('[S24] [R8] the longest unused, and it leaves a tombstone', async () => {
    const { store, ids, status, add } = begin({ sessions: 3 });
    for (const id of ['a', 'b', 'c']) await add(id);
    // Looking at a session is no use of it: a page that polls would keep it for ever.
    await store.read(key('a'));
    await store.append(key('b'), turn('2'), { expectedVersion: 1 });
    await add('d');
    expect(await ids()).toEqual(['b', 'c', 'd']);
    expect(await status('a')).toBe('expired');
    await add('e');
    expect(await ids()).toEqual(['b', 'd', 'e']);
  });

  test('[S24] [R8] never one whose turn is running', async () => {
    const { ids, add, hold } = begin({ sessions: 3 });
    for (const id of ['a', 'b', 'c', 'd']) {
      expect(await add(id)).toBe('works');
      if (id < 'c') await hold(id);
    }
    expect(await ids()).toEqual(['a', 'b', 'd']);
  });

  test('[S24] [R8] none is left that may go: the newcomer is told so, the others stay', async () => {
    const { ids, add, hold } = begin({ sessions: 2 });
    for (const id of ['a', 'b']) {
      await add(id);
      await hold(id);
    }
    expect(await add('c')).toBe('store_full');
    expect(await ids()).toEqual(['a', 'b']);
  });

  test('[R8] bytes count as sessions do', async () => {
    const { ids, add, hold } = begin({ sessionStoreBytes: 25_000 });
    for (const id of ['a', 'b']) await add(id, 'x'.repeat(10_000));
    await hold('a');
    expect(await add('c', 'x'.repeat(10_000))).toBe('works');
    expect(await ids()).toEqual(['a', 'c']);
    expect(await add('d', 'x'.repeat(20_000))).toBe('store_full');
  });

  test('[R2] nobody, where the newcomer does not fit all the same', async () => {
    const { ids, add, hold } = begin({ sessionStoreBytes: 25_000 });
    await add('idle');
    await add('big', 'x'.repeat(20_000));
    await hold('big');
    expect(await add('too big', 'x'.repeat(20_000))).toBe('store_full');
    expect(await ids()).toEqual(['big', 'idle']);
  });

  test('[R8] a session that grows does not push out itself', async () => {
    const { store, ids, add } = begin({ sessionStoreBytes: 25_000 });
    await add('a', 'x'.repeat(10_000));
    await add('b', 'x'.repeat(10_000));
    await store.append(key('a'), turn('x'.repeat(10_000)), { expectedVersion: 1 });
    expect(await ids()).toEqual(['a']);
  });
});

describe('the count of bytes', () => {
  const room = { sessionStoreBytes: 50_000, sessions: 999 };

  /** How many sessions of one size fit, before the first has to go. */
  async function capacity({ ids, add }: ReturnType<typeof begin>): Promise<number> {
    for (let count = 0; ; count += 1) {
      await add(`s${count}`, 'x'.repeat(1_000));
      if ((await ids()).length <= count) return count;
    }
  }

  async function clear({ store, ids }: ReturnType<typeof begin>): Promise<void> {
    for (const id of await ids()) await store.delete(key(id));
  }

  test('returns to 0 after deletes', async () => {
    const started = begin(room);
    const before = await capacity(started);
    expect(before).toBeGreaterThan(20);
    await clear(started);
    expect(await capacity(started)).toBe(before);
  });

  test('returns to 0 after expiry', async () => {
    const started = begin(room);
    const before = await capacity(started);
    started.wait(roomy.sessionIdleMs);
    expect(await capacity(started)).toBe(before);
  });

  test('returns to 0 after growth, replacement, conflicts and refusals', async () => {
    const started = begin({ ...room, sessionBytes: 9_000 });
    const before = await capacity(started);
    await clear(started);
    const { store } = started;
    const append = (size: number, expectedVersion: number, more: object = {}) =>
      store.append(key('a'), turn('x'.repeat(size), more), { expectedVersion });
    await append(2_000, 0);
    await append(2_000, 1);
    await append(100, 2, { keep: 0 });
    await append(3_000, 3, { keep: 1 });
    await append(1_000, 4, { system: [{ role: 'system', content: 'x'.repeat(1_000) }] });
    await append(1_000, 0);
    expect(await codeOf(append(9_000, 5))).toBe('store_full');
    await clear(started);
    expect(await capacity(started)).toBe(before);
  });
});

describe('tombstones', () => {
  test('[R8] are bounded: the oldest is forgotten', async () => {
    const { status, add, wait } = begin({ tombstones: 2 });
    for (const id of ['a', 'b', 'c']) {
      await add(id);
      wait(1);
    }
    wait(roomy.sessionIdleMs);
    expect(await Promise.all(['a', 'b', 'c'].map(status))).toEqual(['missing', 'expired', 'expired']);
  });

  test('[R8] none at all', async () => {
    const { status, add, wait } = begin({ tombstones: 0 });
    await add('a');
    wait(roomy.sessionIdleMs);
    expect(await status('a')).toBe('missing');
  });

  test('[R12] each has its own time', async () => {
    const { status, add, wait } = begin();
    await add('a');
    wait(500);
    await add('b');
    wait(500);
    expect(await status('a')).toBe('expired');
    wait(500);
    expect(await status('b')).toBe('expired');
    wait(roomy.tombstoneMs - 500);
    expect(await status('a')).toBe('missing');
    expect(await status('b')).toBe('expired');
  });
});

describe('what is held', () => {
  test('[R12] [R16] does not expire, what is behind it does', async () => {
    const { store, ids, add, hold, wait } = begin();
    for (const id of ['a', 'b']) await add(id);
    await hold('a');
    wait(roomy.sessionIdleMs + 5);
    expect(await ids()).toEqual(['a']);
    const held = { expectedVersion: 1, holder: lease.holder };
    expect((await store.append(key('a'), turn('2'), held)).status).toBe('appended');
    wait(roomy.sessionIdleMs - 1);
    expect(await ids()).toEqual(['a']);
    wait(1);
    expect(await ids()).toEqual([]);
  });

  test('[R12] [R16] does once it is let go of, or its holder was silent for too long', async () => {
    const { store, status, add, hold, wait } = begin();
    for (const id of ['a', 'b']) {
      await add(id);
      await hold(id);
    }
    wait(roomy.sessionIdleMs);
    await store.letGo(key('a'), lease.holder);
    expect(await status('a')).toBe('expired');
    expect(await status('b')).toBe('found');
    wait(lease.ttlMs - roomy.sessionIdleMs);
    expect(await status('b')).toBe('expired');
  });

  test('[R8] [R16] is no longer kept once its holder was silent for too long', async () => {
    const { ids, add, hold, wait } = begin({ sessions: 1, sessionIdleMs: 999_999 });
    await add('a');
    await hold('a');
    wait(lease.ttlMs - 1);
    expect(await add('b')).toBe('store_full');
    wait(1);
    expect(await add('b')).toBe('works');
    expect(await ids()).toEqual(['b']);
  });
});

test('[R8] marks are bounded: the oldest is forgotten', async () => {
  const { store } = begin({ idempotencyRecords: 2 });
  for (const [version, mark] of ['a', 'b', 'c'].entries()) {
    const marked = turn('x', { mark: { key: mark, fingerprint: mark, ttlMs: 100 } });
    await store.append(key(), marked, { expectedVersion: version });
  }
  const recalled = await Promise.all(['a', 'b', 'c'].map(mark => store.recall(key(), mark)));
  expect(recalled.map(turnOf => turnOf?.turn.mark?.key)).toEqual([undefined, 'b', 'c']);
});

describe('timers', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('[R12] what is idle is freed without anybody asking', async () => {
    const { store, wait } = begin();
    await store.append(key(), turn('1'), { expectedVersion: 0 });
    expect(store.bytes).toBeGreaterThan(0);
    wait(roomy.sessionIdleMs);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(store.bytes).toBe(0);
  });

  test('[R10] none is left after close()', async () => {
    const { store } = begin();
    expect(vi.getTimerCount()).toBe(1);
    await store.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
