// The contract of src/store/session-store.ts as a suite: every store runs it. Time moves only when a test says so.
import { afterEach, describe, expect, test } from 'vitest';
import type { SessionStore } from '../../src/store/session-store.ts';
import { testBranches } from './branches.ts';
import { testBranching } from './branching.ts';
import { testClaims } from './claims.ts';
import { testExpiry } from './expiry.ts';
import {
  codeOf,
  fill,
  findByAnchor,
  found,
  key,
  marked,
  roomy,
  type StartStore,
  type StoreSettings,
  type SuiteSettings,
  saidIn,
  spaces,
  turn,
} from './given.ts';
import { testHints } from './hints.ts';
import { testHolds } from './holds.ts';
import { testIdle } from './idle.ts';
import { testInAnyOrder } from './in-any-order.ts';
import { testLeftBehind } from './left-behind.ts';
import { testLimits } from './limits.ts';
import { testLists } from './lists.ts';
import { testMarks } from './marks.ts';
import { testNames } from './names.ts';
import { testNodes } from './nodes.ts';
import { testOwnerRoom } from './owner-room.ts';
import { testTurns } from './turns.ts';
import { testWhole } from './whole.ts';

export function testSessionStore(start: StartStore, given: Partial<SuiteSettings> = {}): void {
  const suite: SuiteSettings = { runs: 300, rounds: 50, isShared: true, ...given };
  const open: SessionStore[] = [];

  async function begin(settings: Partial<StoreSettings> = {}) {
    const { store, wait, reopen } = await start({ ...roomy, ...settings });
    open.push(store);
    return {
      store,
      wait,
      reopen: async () => {
        if (!reopen) throw new Error('this store cannot be opened twice');
        const other = await reopen();
        open.push(other);
        return other;
      },
    };
  }

  afterEach(async () => {
    for (const store of open.splice(0)) await store.close();
  });

  for (const rules of [
    testTurns,
    testInAnyOrder,
    testWhole,
    testLimits,
    testMarks,
    testExpiry,
    testHints,
    testBranches,
    testBranching,
    testLeftBehind,
    testLists,
    testHolds,
    testClaims,
    testIdle,
    testNames,
    testOwnerRoom,
  ])
    rules(begin, suite);
  if (suite.isShared) testNodes(begin, suite);

  describe('R7', () => {
    const keys = spaces.map(space => ({ ...space, id: 's' }));

    test('[R7] one space never sees what is in another', async () => {
      const { store } = await begin();
      for (const [index, space] of keys.entries()) {
        expect(await store.read(space)).toEqual({ status: 'missing' });
        await store.append(space, marked(`in ${index}`, 'k'), { expectedVersion: 0 });
      }
      for (const [index, space] of keys.entries()) {
        expect(saidIn(await found(store, space))).toEqual([`in ${index}`]);
        expect((await store.recall(space, 'k'))?.turn.mark?.fingerprint).toBe(`of in ${index}`);
        expect((await found(store, space))?.key).toEqual(space);
      }
      expect(await store.delete(keys[0] ?? key())).toBe(true);
      expect(await store.read(key('s'))).toEqual({ status: 'missing' });
      for (const space of keys.slice(1)) expect((await store.read(space)).status).toBe('found');
    });

    test('[R7] an expired session of one space is only missing in another', async () => {
      const { store, wait } = await begin();
      await fill(store, key('s', 'bob'));
      await wait(roomy.sessionIdleMs);
      expect((await store.read(key('s', 'bob'))).status).toBe('expired');
      expect((await store.read(key('s'))).status).toBe('missing');
      expect((await store.read(key('s', 'bob', 'eve'))).status).toBe('missing');
    });

    test('[R7] lists and finds are of one owner', async () => {
      const { store } = await begin();
      for (const space of keys) await fill(store, space);
      await fill(store, key('other'));
      const users = async (owner: string) =>
        (await store.list({ owner, limit: 99 })).sessions.map(({ user }) => user ?? '(none)').toSorted();
      expect(await users('eve')).toEqual(['(none)', 'bob']);
      expect((await users('ada')).length).toBe(6);
      expect(await users('nobody')).toEqual([]);
      expect((await store.find('eve', 's')).map(({ user }) => user ?? '(none)').toSorted()).toEqual([
        '(none)',
        'bob',
      ]);
      expect(await store.find('eve', 'other')).toEqual([]);
    });
  });

  describe('R10', () => {
    test('[R10] after close() every call rejects, and a second close() does not', async () => {
      const { store } = await begin();
      await fill(store, key());
      await store.check();
      await store.close();
      await store.close();
      const calls = [
        () => store.read(key()),
        () => store.hold(key(), { holder: 'h', ttlMs: 9 }),
        () => store.letGo(key(), 'h'),
        () => store.append(key(), turn('2'), { expectedVersion: 1 }),
        () => store.setIdle(key(), 9),
        () => store.recall(key(), 'k'),
        () => store.claim(key(), 'k', { holder: 'h', ttlMs: 9, fingerprint: 'f' }),
        () => store.settle(key(), 'k', 'h'),
        () => findByAnchor(store, key(), 'a', 9),
        () => store.findByCallIds(key(), ['c'], 9),
        () => store.list({ owner: 'ada', limit: 9 }),
        () => store.find('ada', 's'),
        () => store.readNote('n'),
        () => store.writeNote('n', ''),
        () => store.delete(key()),
        () => store.check(),
      ];
      for (const call of calls) expect(await codeOf(call())).toBe('store_unavailable');
    });
  });

  describe('R15', () => {
    test('[R15] a note is read as it was last written', async () => {
      const { store } = await begin();
      expect(await store.readNote('learned')).toBeUndefined();
      await store.writeNote('learned', 'one');
      await store.writeNote('learned', 'two \u0000\n"é🌊');
      await store.writeNote('empty', '');
      expect(await store.readNote('learned')).toBe('two \u0000\n"é🌊');
      expect(await store.readNote('empty')).toBe('');
      expect(await store.readNote('Learned')).toBeUndefined();
      expect(await store.readNote('learned\n')).toBeUndefined();
    });

    test('[R15] it belongs to no owner and to no session', async () => {
      const { store, wait } = await begin();
      await fill(store, key('learned'));
      await store.writeNote('learned', 'kept');
      expect((await store.list({ owner: 'ada', limit: 9 })).sessions.length).toBe(1);
      await store.delete(key('learned'));
      await wait(roomy.sessionIdleMs + roomy.tombstoneMs);
      expect(await store.readNote('learned')).toBe('kept');
    });
  });
}
