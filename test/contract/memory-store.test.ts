import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { SessionKey } from '../../src/conversation/session.ts';
import { MemoryStore, type MemoryStoreOptions } from '../../src/store/memory-store.ts';
import { codeOf, key, roomy, turn } from './given.ts';
import { testSessionStore } from './session-store.ts';

const limits: MemoryStoreOptions['limits'] = {
  ...roomy,
  sessions: 100,
  sessionStoreBytes: 10_000_000,
  tombstones: 100,
  idempotencyRecords: 100,
};

function begin(more: Partial<typeof limits> = {}, busy: readonly string[] = []) {
  let nowMs = 1_000_000;
  const store = new MemoryStore({
    limits: { ...limits, ...more },
    now: () => nowMs,
    isBusy: ({ id }: SessionKey) => busy.includes(id),
  });
  const status = async (id: string) => (await store.read(key(id))).status;
  const ids = async () =>
    (await store.list({ owner: 'ada', limit: 999 })).sessions.map(({ id }) => id).toSorted();
  const add = async (id: string, said = '1') =>
    codeOf(store.append(key(id), turn(said), { expectedVersion: 0 }));
  return { store, status, ids, add, wait: (ms: number) => (nowMs += ms) };
}

testSessionStore(async settings => begin(settings));

describe('what is pushed out to make room', () => {
  test('[R8] the longest unused, and it leaves a tombstone', async () => {
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

  test('[R8] never one whose turn is running', async () => {
    const { ids, add } = begin({ sessions: 3 }, ['a', 'b']);
    for (const id of ['a', 'b', 'c', 'd']) expect(await add(id)).toBe('works');
    expect(await ids()).toEqual(['a', 'b', 'd']);
  });

  test('[R8] none is left that may go: the newcomer is told so, the others stay', async () => {
    const { ids, add } = begin({ sessions: 2 }, ['a', 'b']);
    for (const id of ['a', 'b']) await add(id);
    expect(await add('c')).toBe('store_full');
    expect(await ids()).toEqual(['a', 'b']);
  });

  test('[R8] bytes count as sessions do', async () => {
    const { ids, add } = begin({ sessionStoreBytes: 25_000 }, ['a']);
    for (const id of ['a', 'b']) await add(id, 'x'.repeat(10_000));
    expect(await add('c', 'x'.repeat(10_000))).toBe('works');
    expect(await ids()).toEqual(['a', 'c']);
    expect(await add('d', 'x'.repeat(20_000))).toBe('store_full');
  });

  test('[R2] nobody, where the newcomer does not fit all the same', async () => {
    const { ids, add } = begin({ sessionStoreBytes: 25_000 }, ['big']);
    await add('idle');
    await add('big', 'x'.repeat(20_000));
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

test('[R12] a running session does not expire, those behind it do', async () => {
  const { ids, add, wait } = begin({}, ['a']);
  for (const id of ['a', 'b']) await add(id);
  wait(roomy.sessionIdleMs);
  expect(await ids()).toEqual(['a']);
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
    const freed = vi.fn(() => false);
    let nowMs = 0;
    const store = new MemoryStore({ limits, now: () => nowMs, isBusy: freed });
    await store.append(key(), turn('1'), { expectedVersion: 0 });
    nowMs = roomy.sessionIdleMs;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(freed).toHaveBeenCalledWith(key());
    await store.close();
  });

  test('[R10] none is left after close()', async () => {
    const { store } = begin();
    expect(vi.getTimerCount()).toBe(1);
    await store.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
