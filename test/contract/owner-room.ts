// R19: what one owner may have.
import { describe, expect, test } from 'vitest';
import {
  type BeginStore,
  branchOff,
  codeOf,
  deleteAll,
  fill,
  found,
  key,
  mustFind,
  roomy,
  saidIn,
  turn,
} from './given.ts';

export function testOwnerRoom(begin: BeginStore): void {
  describe('R19', () => {
    const beginSession = async (store: Awaited<ReturnType<BeginStore>>['store'], id: string, owner = 'ada') =>
      codeOf(store.append(key(id, undefined, owner), turn('1'), { expectedVersion: 0 }));
    const idsOf = async (store: Awaited<ReturnType<BeginStore>>['store'], owner = 'ada') =>
      (await store.list({ owner, branches: true, limit: 99 })).sessions.map(({ id }) => id).toSorted();

    test('[R19] one session more is refused, or its longest unused goes; those there go on; another owner is not told', async () => {
      const { store } = await begin({ ownerSessions: 2 });
      expect(await beginSession(store, 'a')).toBe('works');
      expect(await beginSession(store, 'b')).toBe('works');
      await store.append(key('a'), turn('2'), { expectedVersion: 1 });
      const third = await beginSession(store, 'c');
      expect([third, await idsOf(store)]).toEqual(
        third === 'works' ? ['works', ['a', 'c']] : ['store_full', ['a', 'b']],
      );
      await store.append(key('a'), turn('3'), { expectedVersion: 2 });
      expect(saidIn(await found(store, key('a')))).toEqual(['1', '2', '3']);
      for (const id of ['a', 'b']) expect(await beginSession(store, id, 'eve')).toBe('works');
      expect(await idsOf(store, 'eve')).toEqual(['a', 'b']);
    });

    test('[R19] branches are sessions; users of one owner share its room', async () => {
      const { store } = await begin({ ownerSessions: 2 });
      await fill(store, key('a'), 2);
      const branch = branchOff(await mustFind(store, key('a')), 2, 'else');
      expect(await codeOf(store.append(key('b'), branch, { expectedVersion: 0 }))).toBe('works');
      const other = await codeOf(store.append(key('c', 'bob'), turn('1'), { expectedVersion: 0 }));
      expect(other === 'works' ? (await idsOf(store)).length : other).toBe(
        other === 'works' ? 2 : 'store_full',
      );
    });

    test('[R19] what was deleted, or has expired, makes room at once', async () => {
      const { store, wait } = await begin({ ownerSessions: 2 });
      for (const id of ['a', 'b']) await beginSession(store, id);
      expect(await store.delete(key('a'))).toBe(true);
      expect(await beginSession(store, 'c')).toBe('works');
      expect(await idsOf(store)).toEqual(['b', 'c']);
      await wait(roomy.sessionIdleMs);
      for (const id of ['d', 'e']) expect(await beginSession(store, id)).toBe('works');
      expect(await idsOf(store)).toEqual(['d', 'e']);
    });

    test('[R19] bytes: more is refused and changes nothing, or the longest unused goes', async () => {
      const ownerStoredBytes = 100_000;
      const { store } = await begin({ ownerStoredBytes });
      const long = 'x'.repeat(10_000);
      let refused = 0;
      for (let index = 0; index < 20; index += 1) {
        const code = await codeOf(store.append(key(`s${index}`), turn(long), { expectedVersion: 0 }));
        if (code === 'store_full') refused += 1;
        else expect(code).toBe('works');
      }
      const left = (await idsOf(store)).length;
      // Roughly, where nobody counts.
      expect(left).toBeGreaterThanOrEqual(4);
      expect(left).toBeLessThanOrEqual(10);
      expect([0, 20 - left]).toContain(refused);
      expect(await codeOf(store.append(key('e', undefined, 'eve'), turn(long), { expectedVersion: 0 }))).toBe(
        'works',
      );
      if (refused === 0) return;
      expect(await codeOf(store.append(key('s0'), turn(long), { expectedVersion: 1 }))).toBe('store_full');
      expect(saidIn(await found(store, key('s0')))).toEqual([long]);
      await deleteAll(store, 'ada');
      expect(await codeOf(store.append(key('new'), turn(long), { expectedVersion: 0 }))).toBe('works');
    });

    test('[R19] what is replaced no longer counts', async () => {
      const { store } = await begin({ ownerStoredBytes: 60_000 });
      const long = 'x'.repeat(20_000);
      for (let version = 0; version < 9; version += 1) {
        const replaced = turn(`${version}${long}`, { keep: 0 });
        expect((await store.append(key(), replaced, { expectedVersion: version })).status).toBe('appended');
      }
    });
  });
}
