// A memory store with room, or with as little as a test says.
import { MemoryStore } from '../../src/store/memory-store.ts';
import { branchOff, codeOf, key, mustFind, turn } from './given.ts';

export const idleMs = 1_000;
export const holder = 'a turn';

export function beginMemory(
  limits: { sessionStoreBytes?: number; sessions?: number; ownerSessions?: number } = {},
) {
  let nowMs = 0;
  const store = new MemoryStore({
    limits: {
      sessions: 9_999,
      sessionStoreBytes: 1_000_000_000,
      ownerSessions: 100_000,
      ownerStoredBytes: 1_000_000_000,
      sessionBytes: 1_000_000_000,
      sessionMessages: 100_000,
      sessionIdleMs: idleMs,
      transcriptIdleMs: idleMs,
      tombstones: 100,
      tombstoneMs: 10_000,
      idempotencyRecords: 1_000,
      ...limits,
    },
    now: () => nowMs,
  });
  const lease = { holder, ttlMs: Number.MAX_SAFE_INTEGER };
  const hold = async (...names: readonly string[]) => {
    for (const id of names) await store.hold(key(id), lease);
  };
  const letGo = async (...names: readonly string[]) => {
    for (const id of names) await store.letGo(key(id), holder);
  };
  const ids = async () =>
    (await store.list({ owner: 'ada', branches: true, limit: 9_999 })).sessions
      .map(({ id }) => id)
      .toSorted();
  const add = (id: string, size: number) =>
    codeOf(store.append(key(id), turn('x'.repeat(size)), { expectedVersion: 0 }));
  const branch = async (id: string, from: string, keep: number, size = 0) =>
    codeOf(
      store.append(key(id), branchOff(await mustFind(store, key(from)), keep, 'x'.repeat(size)), {
        expectedVersion: 0,
      }),
    );
  return { store, hold, letGo, ids, add, branch, wait: (ms: number) => (nowMs += ms) };
}
