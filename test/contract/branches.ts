// R14: sessions that begin with what another one holds.
import { describe, expect, test } from 'vitest';
import { History } from '../../src/conversation/history.ts';
import type { Session } from '../../src/conversation/session.ts';
import type { SessionStore } from '../../src/store/session-store.ts';
import {
  type BeginStore,
  branchOff,
  codeOf,
  fill,
  found,
  key,
  mustFind,
  roomy,
  saidIn,
  spaces,
  turn,
} from './given.ts';

export function testBranches(begin: BeginStore): void {
  /** `p` with three turns, and `b`, which goes on from its second one. */
  async function beginTwo(): Promise<{ store: SessionStore; wait(ms: number): unknown; parent: Session }> {
    const { store, wait } = await begin();
    const parent = await fill(store, key('p'), 3);
    await store.append(key('b'), branchOff(parent, 4, 'b1'), { expectedVersion: 0 });
    return { store, wait, parent };
  }

  const says = async (store: SessionStore, id: string) => saidIn(await found(store, key(id)))?.join(' ');

  describe('R14', () => {
    test('[R14] a branch holds what it shares and what it adds', async () => {
      const { store } = await begin();
      const parent = await fill(store, key('p'), 3);
      const more = { label: 'task', dialect: 'transcript', model: 'm2' } as const;
      const begun = branchOff(parent, 3, 'b1', more);
      expect(await store.append(key('b'), begun, { expectedVersion: 0 })).toEqual({
        status: 'appended',
        version: 1,
      });
      const branch = await mustFind(store, key('b'));
      expect(branch).toMatchObject({ key: key('b'), version: 1, parentId: 'p', rootId: 'p', ...more });
      const shared = parent.messages.slice(0, 3);
      expect([...branch.messages]).toEqual([...shared, ...begun.added, begun.reply.message]);
      expect(parent).toMatchObject({ rootId: 'p', parentId: undefined });
      expect(await store.read(key('p'))).toEqual({ status: 'found', session: parent });
    });

    test('[R14] both go on apart', async () => {
      const { store } = await beginTwo();
      for (const version of [1, 2]) {
        await store.append(key('b'), turn(`b${version + 1}`), { expectedVersion: version });
        await store.append(key('p'), turn(`p${version + 3}`), { expectedVersion: version + 2 });
      }
      expect(await says(store, 'b')).toBe('1 2 b1 b2 b3');
      expect(await says(store, 'p')).toBe('1 2 3 p4 p5');
      expect(await mustFind(store, key('b'))).toMatchObject({ version: 3, parentId: 'p', rootId: 'p' });
    });

    test('[R14] also where the branch begins at the end of its parent', async () => {
      const { store } = await begin();
      const parent = await fill(store, key('p'));
      for (const id of ['b', 'c'])
        await store.append(key(id), branchOff(parent, 2, id), { expectedVersion: 0 });
      await store.append(key('p'), turn('p2'), { expectedVersion: 1 });
      await store.append(key('b'), turn('b2'), { expectedVersion: 1 });
      expect(await says(store, 'p')).toBe('1 p2');
      expect(await says(store, 'b')).toBe('1 b b2');
      expect(await says(store, 'c')).toBe('1 c');
    });

    test('[R14] a parent that is deleted takes nothing from its branch', async () => {
      const { store } = await beginTwo();
      const branch = await store.read(key('b'));
      expect(await store.delete(key('p'))).toBe(true);
      expect(await store.read(key('p'))).toEqual({ status: 'missing' });
      expect(await store.read(key('b'))).toEqual(branch);
      await store.append(key('b'), turn('b2'), { expectedVersion: 1 });
      expect(await says(store, 'b')).toBe('1 2 b1 b2');
    });

    test('[R14] a branch that is deleted takes nothing from its parent', async () => {
      const { store, parent } = await beginTwo();
      expect(await store.delete(key('b'))).toBe(true);
      expect(await store.read(key('b'))).toEqual({ status: 'missing' });
      expect(await store.read(key('p'))).toEqual({ status: 'found', session: parent });
      await store.append(key('p'), turn('4'), { expectedVersion: 3 });
      expect(await says(store, 'p')).toBe('1 2 3 4');
    });

    test.each([
      ['p', 'b', '1 2 b1 on'],
      ['b', 'p', '1 2 3 on'],
    ])('[R14] %s expires, %s stays whole', async (idle, used, whole) => {
      const { store, wait } = await beginTwo();
      await wait(roomy.sessionIdleMs - 1);
      const { version } = await mustFind(store, key(used));
      await store.append(key(used), turn('on'), { expectedVersion: version });
      await wait(1);
      expect(await store.read(key(idle))).toEqual({ status: 'expired' });
      expect(await says(store, used)).toBe(whole);
    });

    test('[R14] a branch of a branch, whichever of them goes', async () => {
      for (const gone of ['p', 'b', 'c', 'pb', 'bp', 'cb', 'pc']) {
        const { store } = await beginTwo();
        const b = await mustFind(store, key('b'));
        const beyond = gone.length % 2 === 0 ? 2 : 6;
        await store.append(key('c'), branchOff(b, beyond, 'c1'), { expectedVersion: 0 });
        expect(await mustFind(store, key('c'))).toMatchObject({ parentId: 'b', rootId: 'p' });
        for (const id of gone) await store.delete(key(id));
        const left: Record<string, string> = {
          p: '1 2 3',
          b: '1 2 b1',
          c: beyond === 2 ? '1 c1' : '1 2 b1 c1',
        };
        for (const [id, whole] of Object.entries(left))
          expect(await says(store, id)).toBe(gone.includes(id) ? undefined : whole);
      }
    });

    test('[R14] many branches of one parent, which goes in the midst of them', async () => {
      const { store, parent } = await beginTwo();
      const begun = async (name: string) => {
        for (let keep = 1; keep <= 6; keep += 1)
          await store.append(key(`${name}${keep}`), branchOff(parent, keep, name), { expectedVersion: 0 });
      };
      await begun('x');
      await store.delete(key('p'));
      await begun('y');
      for (const id of ['x6', 'y6', 'x1', 'y3']) expect(await store.delete(key(id))).toBe(true);
      expect(await says(store, 'x5')).toBe('1 2 3 x');
      expect(await says(store, 'x4')).toBe('1 2 x');
      expect(await says(store, 'y5')).toBe('1 2 3 y');
      expect(await says(store, 'y1')).toBe('1 y');
    });

    test('[R14] what became of the parent meanwhile is of no account', async () => {
      const became: Record<string, (store: SessionStore) => Promise<unknown>> = {
        deleted: store => store.delete(key('p')),
        longer: store => store.append(key('p'), turn('more'), { expectedVersion: 3 }),
        replaced: store => store.append(key('p'), turn('else', { keep: 0 }), { expectedVersion: 3 }),
        shorter: store => store.append(key('p'), turn('else', { keep: 3 }), { expectedVersion: 3 }),
        'left behind': store =>
          store.append(key('p'), turn('else', { keep: 1, leftBehindId: 'left' }), { expectedVersion: 3 }),
        'begun anew': async store => {
          await store.delete(key('p'));
          await fill(store, key('p'), 9);
        },
      };
      for (const become of Object.values(became)) {
        const { store } = await begin();
        const parent = await fill(store, key('p'), 3);
        await become(store);
        const after = await store.read(key('p'));
        await store.append(key('b'), branchOff(parent, 5, 'b1'), { expectedVersion: 0 });
        await store.append(key('b'), turn('b2'), { expectedVersion: 1 });
        expect(await says(store, 'b')).toBe('1 2 3 b1 b2');
        expect(await mustFind(store, key('b'))).toMatchObject({ parentId: 'p', rootId: 'p' });
        expect(await store.read(key('p'))).toEqual(after);
        await store.delete(key('p'));
        expect(await says(store, 'b')).toBe('1 2 3 b1 b2');
      }
    });

    test('[R14] a parent that expired meanwhile', async () => {
      const { store, wait } = await begin();
      const parent = await fill(store, key('p'), 3);
      await wait(roomy.sessionIdleMs);
      await store.append(key('b'), branchOff(parent, 4, 'b1'), { expectedVersion: 0 });
      expect(await says(store, 'b')).toBe('1 2 b1');
      expect(await store.read(key('p'))).toEqual({ status: 'expired' });
    });

    test('[R14] of the parent only as much is needed as is shared', async () => {
      const { store } = await begin();
      const { key: of, rootId, messages } = await fill(store, key('p'), 3);
      const parent = { id: of.id, rootId, messages: messages.take(4) };
      await store.append(key('b'), turn('b1', { keep: 4, parent }), { expectedVersion: 0 });
      expect(await says(store, 'b')).toBe('1 2 b1');
      expect(await says(store, 'p')).toBe('1 2 3');
    });

    test('[R14] a session that only comes after another shares nothing', async () => {
      const { store } = await begin();
      await fill(store, key('p'), 3);
      const parent = { id: 'p', rootId: 'p', messages: History.empty };
      await store.append(key('b'), turn('b1', { keep: 0, parent }), { expectedVersion: 0 });
      expect(await says(store, 'b')).toBe('b1');
      expect(await mustFind(store, key('b'))).toMatchObject({ parentId: 'p', rootId: 'p' });
    });

    test('[R14] a parent is of the same space', async () => {
      const { store } = await begin();
      for (const [index, space] of spaces.entries()) {
        for (const said of ['1', '2']) {
          const expectedVersion = Number(said) - 1;
          await store.append({ ...space, id: 'p' }, turn(`${said} in ${index}`), { expectedVersion });
        }
      }
      for (const space of spaces) {
        const parent = await mustFind(store, { ...space, id: 'p' });
        await store.append({ ...space, id: 'b' }, branchOff(parent, 2, 'b'), { expectedVersion: 0 });
      }
      await store.delete(key('p'));
      for (const [index, space] of spaces.entries())
        expect(saidIn(await found(store, { ...space, id: 'b' }))).toEqual([`1 in ${index}`, 'b']);
    });

    test('[R14] a branch that is cut lets go of what it shared, and of nothing else', async () => {
      const { store, parent } = await beginTwo();
      await store.append(key('b'), turn('anew', { keep: 1 }), { expectedVersion: 1 });
      expect(await says(store, 'b')).toBe('1 anew');
      expect(await store.read(key('p'))).toEqual({ status: 'found', session: parent });
    });

    test('[R14] [R4] [R5] a branch that is there already is not begun again', async () => {
      const { store, parent } = await beginTwo();
      const again = branchOff(parent, 2, 'again');
      expect(await store.append(key('b'), again, { expectedVersion: 0 })).toEqual({ status: 'conflict' });
      await store.append(key('c'), again, { expectedVersion: 0 });
      expect(await store.append(key('c'), again, { expectedVersion: 0 })).toEqual({
        status: 'duplicate',
        version: 1,
      });
      expect(await says(store, 'b')).toBe('1 2 b1');
      expect(await says(store, 'c')).toBe('1 again');
    });

    test('[R14] [R2] [R8] limits hold for what is shared as well', async () => {
      const { store } = await begin({ sessionMessages: 7, sessionBytes: 10_000 });
      const parent = await fill(store, key('p'), 3);
      const more = { added: Array(3).fill({ role: 'user', content: 'x' }) };
      expect(
        await codeOf(store.append(key('b'), branchOff(parent, 4, '', more), { expectedVersion: 0 })),
      ).toBe('store_full');
      await store.append(key('l'), turn('x'.repeat(6_000)), { expectedVersion: 0 });
      const large = branchOff(await mustFind(store, key('l')), 2, 'y'.repeat(6_000));
      expect(await codeOf(store.append(key('b'), large, { expectedVersion: 0 }))).toBe('store_full');
      expect(await store.read(key('b'))).toEqual({ status: 'missing' });
      expect(await store.read(key('p'))).toEqual({ status: 'found', session: parent });
      const fitting = branchOff(parent, 4, 'b1');
      expect((await store.append(key('b'), fitting, { expectedVersion: 0 })).status).toBe('appended');
    });
  });
}
