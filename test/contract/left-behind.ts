// R14: a name that goes on from an earlier place, and what stays behind under another one.
import { describe, expect, test } from 'vitest';
import type { Session } from '../../src/conversation/session.ts';
import type { SessionStore } from '../../src/store/session-store.ts';
import {
  type BeginStore,
  branchOff,
  codeOf,
  fill,
  found,
  key,
  marked,
  mustFind,
  roomy,
  saidIn,
  turn,
} from './given.ts';

export function testLeftBehind(begin: BeginStore): void {
  const says = async (store: SessionStore, id: string) => saidIn(await found(store, key(id)))?.join(' ');

  const again = (keep: number, leftBehindId: string, said = 'again') => turn(said, { keep, leftBehindId });

  /** `s` with three turns, cut to the first, and `left`. */
  async function beginCut(): Promise<{ store: SessionStore; wait(ms: number): unknown; before: Session }> {
    const { store, wait } = await begin();
    const before = await fill(store, key(), 3);
    await wait(5);
    expect(await store.append(key(), again(2, 'left'), { expectedVersion: 3 })).toEqual({
      status: 'appended',
      version: 4,
    });
    return { store, wait, before };
  }

  describe('R14, left behind', () => {
    test('[R14] the name goes on, with the next version', async () => {
      const { store, before } = await beginCut();
      expect(await says(store, 's')).toBe('1 again');
      expect(await mustFind(store, key())).toMatchObject({
        key: key(),
        version: 4,
        createdAtMs: before.createdAtMs,
        updatedAtMs: before.updatedAtMs + 5,
        dialect: before.dialect,
        parentId: 'left',
        rootId: before.rootId,
      });
    });

    test('[R14] everything of before stays under the new id', async () => {
      const { store } = await begin();
      const system = [{ role: 'system', content: 'be kind' }] as const;
      const tools = [{ name: 'look' }];
      const cuts = [{ model: 'm', budget: 9, cut: { leftOut: [], shortened: { 1: 7 } } }];
      const parent = await fill(store, key('p'));
      const first = branchOff(parent, 2, '1', { system, tools, cuts, label: 'task', dialect: 'transcript' });
      await store.append(key(), first, { expectedVersion: 0 });
      const before = await mustFind(store, key());
      await store.append(key(), again(0, 'left'), { expectedVersion: 1 });
      expect(await store.read(key('left'))).toEqual({
        status: 'found',
        session: { ...before, key: key('left') },
      });
      expect(before).toMatchObject({ parentId: 'p', rootId: 'p', label: 'task', tools, system, cuts });
      expect(await mustFind(store, key())).toMatchObject({
        parentId: 'left',
        rootId: 'p',
        label: 'task',
        dialect: 'transcript',
        system: [],
        tools: [],
        cuts: undefined,
      });
    });

    test('[R14] both go on apart', async () => {
      const { store } = await beginCut();
      await store.append(key(), turn('on'), { expectedVersion: 4 });
      await store.append(key('left'), turn('left on'), { expectedVersion: 3 });
      expect(await says(store, 's')).toBe('1 again on');
      expect(await says(store, 'left')).toBe('1 2 3 left on');
      expect(await store.append(key('left'), turn('late'), { expectedVersion: 3 })).toEqual({
        status: 'conflict',
      });
    });

    test.each([
      ['s', 'left', '1 2 3'],
      ['left', 's', '1 again'],
    ])('[R14] %s is deleted, %s stays whole', async (gone, other, whole) => {
      const { store } = await beginCut();
      expect(await store.delete(key(gone))).toBe(true);
      expect(await store.read(key(gone))).toEqual({ status: 'missing' });
      expect(await says(store, other)).toBe(whole);
    });

    test('[R14] [R12] what is left behind expires by its own time', async () => {
      const { store, wait } = await beginCut();
      await wait(roomy.sessionIdleMs - 5);
      expect(await store.read(key('left'))).toEqual({ status: 'expired' });
      expect(await says(store, 's')).toBe('1 again');
      await wait(5);
      expect(await store.read(key())).toEqual({ status: 'expired' });
    });

    test('[R14] it stands in lists where it stood', async () => {
      const { store, wait } = await begin();
      await fill(store, key(), 2);
      await wait(1);
      await fill(store, key('between'));
      await wait(1);
      await store.append(key(), again(0, 'left'), { expectedVersion: 2 });
      const ids = async (branches: boolean) =>
        (await store.list({ owner: 'ada', branches, limit: 9 })).sessions.map(({ id }) => id);
      expect(await ids(true)).toEqual(['s', 'between', 'left']);
      expect(await ids(false)).toEqual(['s', 'between']);
      expect(await store.find('ada', 'left')).toMatchObject([{ owner: 'ada', user: undefined }]);
    });

    test('[R14] again and again', async () => {
      const { store, before } = await beginCut();
      await store.append(key(), again(3, 'left2', 'second'), { expectedVersion: 4 });
      await store.append(key(), again(1, 'left3', 'third'), { expectedVersion: 5 });
      expect(await says(store, 's')).toBe('1 third');
      expect(await says(store, 'left')).toBe('1 2 3');
      expect(await says(store, 'left2')).toBe('1 again');
      expect(await says(store, 'left3')).toBe('1 again second');
      const parents = async (id: string) => (await mustFind(store, key(id))).parentId;
      expect(await parents('s')).toBe('left3');
      expect(await parents('left3')).toBe('left2');
      expect(await parents('left2')).toBe('left');
      expect(await parents('left')).toBe(before.parentId);
      for (const id of ['left2', 'left3', 'left']) {
        await store.delete(key(id));
        expect(await says(store, 's')).toBe('1 third');
      }
    });

    test('[R14] what was left behind can be cut again, and leave something behind', async () => {
      const { store } = await beginCut();
      await store.append(key('left'), again(4, 'left2', 'other 3'), { expectedVersion: 3 });
      expect(await says(store, 'left')).toBe('1 2 other 3');
      expect(await says(store, 'left2')).toBe('1 2 3');
      expect(await says(store, 's')).toBe('1 again');
      const rootIds = await Promise.all(
        ['s', 'left', 'left2'].map(async id => (await mustFind(store, key(id))).rootId),
      );
      expect(new Set(rootIds)).toEqual(new Set(['s']));
    });

    test('[R14] branches of before stay whole', async () => {
      const { store } = await begin();
      const before = await fill(store, key(), 3);
      await store.append(key('b'), branchOff(before, 5, 'b'), { expectedVersion: 0 });
      const branch = await store.read(key('b'));
      await store.append(key(), again(1, 'left'), { expectedVersion: 3 });
      expect(await store.read(key('b'))).toEqual(branch);
      await store.delete(key('left'));
      await store.delete(key());
      expect(await store.read(key('b'))).toEqual(branch);
    });

    test('[R14] where nothing is cut nothing is left behind', async () => {
      const { store } = await begin();
      await store.append(key(), again(0, 'left', '1'), { expectedVersion: 0 });
      await store.append(key(), again(2, 'left', '2'), { expectedVersion: 1 });
      await store.append(key(), again(99, 'left', '3'), { expectedVersion: 2 });
      expect(await says(store, 's')).toBe('1 2 3');
      expect(await store.read(key('left'))).toEqual({ status: 'missing' });
      expect(await mustFind(store, key())).toMatchObject({ parentId: undefined, rootId: 's' });
    });

    test('[R14] [R2] [R4] a turn that is not stored leaves nothing behind', async () => {
      const { store } = await begin({ sessionMessages: 6, sessionBytes: 20_000 });
      const before = await fill(store, key(), 2);
      const late = again(2, 'left');
      expect(await store.append(key(), late, { expectedVersion: 1 })).toEqual({ status: 'conflict' });
      const large = again(2, 'left', 'x'.repeat(20_000));
      expect(await codeOf(store.append(key(), large, { expectedVersion: 2 }))).toBe('store_full');
      expect(await store.read(key())).toEqual({ status: 'found', session: before });
      expect(await store.read(key('left'))).toEqual({ status: 'missing' });
      expect((await store.list({ owner: 'ada', branches: true, limit: 9 })).sessions.length).toBe(1);
    });

    test('[R14] [R4] an id that is taken is not taken away', async () => {
      const { store } = await beginCut();
      await fill(store, key('other'));
      const taken = await Promise.all(['s', 'left', 'other'].map(id => store.read(key(id))));
      for (const id of ['s', 'left', 'other'])
        expect(await store.append(key(), again(1, id), { expectedVersion: 4 })).toEqual({
          status: 'conflict',
        });
      expect(await Promise.all(['s', 'left', 'other'].map(id => store.read(key(id))))).toEqual(taken);
      // In another space it is another id.
      await fill(store, key('s', 'bob'), 2);
      const cut = again(2, 'left');
      expect((await store.append(key('s', 'bob'), cut, { expectedVersion: 2 })).status).toBe('appended');
    });

    test('[R14] [R5] repeated, it is known, and so are the turns before it', async () => {
      const { store } = await begin();
      const [first, second] = [turn('1'), turn('2')];
      await store.append(key(), first, { expectedVersion: 0 });
      await store.append(key(), second, { expectedVersion: 1 });
      const cut = again(2, 'left');
      await store.append(key(), cut, { expectedVersion: 2 });
      for (const [index, known] of [first, second, cut].entries()) {
        expect(await store.append(key(), known, { expectedVersion: 3 })).toEqual({
          status: 'duplicate',
          version: index + 1,
        });
      }
      expect(await says(store, 's')).toBe('1 again');
      expect(await says(store, 'left')).toBe('1 2');
    });

    test('[R14] [R4] of two at the same time one wins', async () => {
      const { store } = await begin();
      await fill(store, key(), 2);
      const both = ['x', 'y'].map(id => store.append(key(), again(2, id, id), { expectedVersion: 2 }));
      const statuses = (await Promise.all(both)).map(({ status }) => status).toSorted();
      expect(statuses).toEqual(['appended', 'conflict']);
      expect((await store.list({ owner: 'ada', branches: true, limit: 9 })).sessions.length).toBe(2);
    });

    test('[R14] [R11] a marked turn is recalled with the session that holds it', async () => {
      const { store } = await begin();
      await store.append(key(), marked('1', 'k1'), { expectedVersion: 0 });
      await store.append(key(), marked('2', 'k2'), { expectedVersion: 1 });
      const cut = marked('again', 'k3', { keep: 2, leftBehindId: 'left' });
      await store.append(key(), cut, { expectedVersion: 2 });
      const recalled = await store.recall(key(), 'k2');
      expect(recalled).toMatchObject({ version: 2, turn: { mark: { key: 'k2' } } });
      expect(saidIn(recalled?.session)).toEqual(['1', '2']);
      expect(saidIn((await store.recall(key(), 'k3'))?.session)).toEqual(['1', 'again']);
      await store.delete(key('left'));
      expect(await store.recall(key(), 'k2')).toBeUndefined();
      expect(await store.recall(key(), 'k3')).toBeDefined();
    });

    test('[R14] the name of what expired is begun anew without it', async () => {
      const { store, wait } = await beginCut();
      await wait(roomy.sessionIdleMs);
      expect(await store.read(key())).toEqual({ status: 'expired' });
      await store.append(key(), again(2, 'never', 'anew'), { expectedVersion: 0 });
      expect(await mustFind(store, key())).toMatchObject({ version: 1, parentId: undefined, rootId: 's' });
      expect(await says(store, 's')).toBe('anew');
      expect(await store.read(key('never'))).toEqual({ status: 'missing' });
    });
  });
}
