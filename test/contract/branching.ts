// R14 in any order: whatever is branched off, cut, left behind or deleted, on however many stores that share it.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Session } from '../../src/conversation/session.ts';
import type { SessionStore } from '../../src/store/session-store.ts';
import { fromSeed } from '../properties/from-seed.ts';
import {
  type BeginStore,
  branchOff,
  deleteAll,
  forkOf,
  found,
  key,
  mustFind,
  type SuiteSettings,
  turn,
} from './given.ts';

const names = ['a', 'b', 'c', 'd'] as const;

const branching = fc.array(
  fc.record({
    what: fc.constantFrom('append', 'append', 'branch', 'branch', 'fork', 'leave', 'cut', 'delete'),
    at: fc.constantFrom(...names),
    other: fc.constantFrom(...names),
    keep: fc.nat(9),
    // Read some time before it is branched off from: it may be gone, or another one.
    isLate: fc.boolean(),
    node: fc.nat(2),
  }),
  { maxLength: 25 },
);

type Branching = typeof branching extends fc.Arbitrary<infer Operations> ? Operations : never;

/** Does it all beside a plain list for each session. */
async function branchAround(
  stores: readonly SessionStore[],
  owner: string,
  operations: Branching,
): Promise<void> {
  const of = (id: string) => key(id, undefined, owner);
  const lists = new Map<string, readonly unknown[]>();
  const read = new Map<string, { session: Session; list: readonly unknown[] }>();
  for (const [step, { what, at, other, keep, isLate, node }] of operations.entries()) {
    const store = stores[node % stores.length];
    const reader = stores[(node + 1) % stores.length];
    if (!store || !reader) throw new Error('there is no store');
    const list = lists.get(at);
    const expectedVersion = (await found(store, of(at)))?.version ?? 0;
    const said = `said ${step}`;
    const saidTexts = [said, 'noted'];
    if (what === 'delete') {
      expect(await store.delete(of(at))).toBe(list !== undefined);
      lists.delete(at);
    } else if (what === 'branch' || what === 'fork') {
      const living = await found(store, of(other));
      const parent = isLate ? read.get(other) : living && { session: living, list: lists.get(other) ?? [] };
      if (!parent || list) continue;
      const isFork = what === 'fork';
      const begun = isFork ? forkOf(parent.session, keep) : branchOff(parent.session, keep, said);
      expect((await store.append(of(at), begun, { expectedVersion })).status).toBe('appended');
      lists.set(at, [...parent.list.slice(0, keep), ...(isFork ? [] : saidTexts)]);
    } else {
      const kept = what === 'append' ? Number.MAX_SAFE_INTEGER : keep;
      const leftBehindId = what === 'leave' ? `left${step}` : undefined;
      const appended = await store.append(of(at), turn(said, { keep: kept, leftBehindId }), {
        expectedVersion,
      });
      expect(appended).toEqual({ status: 'appended', version: expectedVersion + 1 });
      if (leftBehindId && list && kept < list.length) lists.set(leftBehindId, list);
      lists.set(at, [...(list ?? []).slice(0, kept), ...saidTexts]);
    }
    for (const [id, texts] of lists) {
      const stands = await mustFind(reader, of(id));
      expect([...stands.messages].map(({ content }) => content)).toEqual(texts);
      if (step % 3 === 0) read.set(id, { session: stands, list: texts });
    }
    const { sessions } = await reader.list({ owner, branches: true, limit: 99 });
    expect(sessions.map(({ id }) => id).toSorted()).toEqual([...lists.keys()].toSorted());
  }
  for (const store of stores) await deleteAll(store, owner);
}

/** Each time for another owner, so that nothing is left of the time before. */
function branchingOn(stores: readonly SessionStore[]) {
  let run = 0;
  return fc.asyncProperty(branching, operations => {
    run += 1;
    return branchAround(stores, `owner${run}`, operations);
  });
}

export function testBranching(begin: BeginStore, { runs, isShared }: SuiteSettings): void {
  describe('R14, in any order', () => {
    test('[R14] whatever is done, each session is what a plain list would hold', async () => {
      const { store } = await begin();
      await fc.assert(branchingOn([store]), fromSeed('branches', runs));
    });

    if (!isShared) return;
    test('[R14] [R1] also where two do it', async () => {
      const { store, reopen } = await begin();
      await fc.assert(branchingOn([store, await reopen()]), fromSeed('branches of two', runs));
    });
  });
}
