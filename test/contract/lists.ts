// What an owner is shown of the sessions.
import { describe, expect, test } from 'vitest';
import { type BeginStore, branchOff, codeOf, fill, key, mustFind, turn } from './given.ts';

export function testLists(begin: BeginStore): void {
  describe('lists', () => {
    test('newest first, in pages', async () => {
      const { store, wait } = await begin();
      for (const id of ['a', 'b', 'c', 'd', 'e']) {
        await wait(1);
        await fill(store, key(id));
      }
      await wait(1);
      await store.append(key('b'), turn('2'), { expectedVersion: 1 });
      const page = async (limit: number, after?: { id: string; user: string | undefined }) => {
        const { sessions, hasMore } = await store.list({ owner: 'ada', limit, ...(after ? { after } : {}) });
        return [sessions.map(({ id }) => id).join(''), hasMore];
      };
      expect(await page(9)).toEqual(['bedca', false]);
      expect(await page(5)).toEqual(['bedca', false]);
      expect(await page(2)).toEqual(['be', true]);
      expect(await page(2, key('e'))).toEqual(['dc', true]);
      expect(await page(2, key('c'))).toEqual(['a', false]);
      expect(await page(2, key('a'))).toEqual(['', false]);
    });

    test('of one user, or of those without', async () => {
      const { store } = await begin();
      for (const user of [undefined, 'bob', 'eve']) await fill(store, key('s', user));
      const users = async (user: string) =>
        (await store.list({ owner: 'ada', user, limit: 9 })).sessions.map(session => session.user);
      expect(await users('bob')).toEqual(['bob']);
      expect(await users('')).toEqual([undefined]);
      expect(await users('nobody')).toEqual([]);
    });

    test('a place that does not stand in the list is told so', async () => {
      const { store } = await begin();
      await fill(store, key('s', 'bob'));
      for (const after of [key('t'), key('s')]) {
        expect(await codeOf(store.list({ owner: 'ada', limit: 9, after }))).toBe('invalid_value');
      }
    });

    test('a place that meanwhile went behind a newer branch is still a place', async () => {
      const { store, wait } = await begin();
      for (const id of ['a', 'b', 'c']) {
        await wait(1);
        await fill(store, key(id));
      }
      await wait(1);
      const parent = await mustFind(store, key('b'));
      await store.append(key('d'), branchOff(parent, 2, 'on'), { expectedVersion: 0 });
      const ids = async (after: string) =>
        (await store.list({ owner: 'ada', limit: 9, after: key(after) })).sessions.map(({ id }) => id);
      expect(await ids('b')).toEqual(['a']);
      expect(await ids('c')).toEqual(['a']);
      expect(await ids('d')).toEqual(['c', 'a']);
    });

    test('of one label', async () => {
      const { store } = await begin();
      await store.append(key('a'), turn('1', { label: 'task' }), { expectedVersion: 0 });
      await store.append(key('b'), turn('1', { label: 'Task' }), { expectedVersion: 0 });
      await store.append(key('c', 'bob'), turn('1', { label: 'task' }), { expectedVersion: 0 });
      await store.append(key('d', undefined, 'eve'), turn('1', { label: 'task' }), { expectedVersion: 0 });
      await fill(store, key('task'));
      const labelled = async (label: string, user?: string) =>
        (
          await store.list({ owner: 'ada', label, limit: 9, ...(user === undefined ? {} : { user }) })
        ).sessions
          .map(session => session.id)
          .toSorted();
      expect(await labelled('task')).toEqual(['a', 'c']);
      expect(await labelled('task', '')).toEqual(['a']);
      expect(await labelled('task', 'bob')).toEqual(['c']);
      expect(await labelled('other')).toEqual([]);
    });

    test('the label is that of the first turn', async () => {
      const { store } = await begin();
      await store.append(key('a'), turn('1', { label: 'first' }), { expectedVersion: 0 });
      await store.append(key('a'), turn('2', { label: 'second' }), { expectedVersion: 1 });
      await store.append(key('a'), turn('3'), { expectedVersion: 2 });
      await store.append(key('b'), turn('1'), { expectedVersion: 0 });
      await store.append(key('b'), turn('2', { label: 'second' }), { expectedVersion: 1 });
      const { sessions } = await store.list({ owner: 'ada', limit: 9 });
      expect(sessions.map(({ id, label }) => [id, label]).toSorted()).toEqual([
        ['a', 'first'],
        ['b', undefined],
      ]);
      expect(await store.read(key('a'))).toMatchObject({ session: { label: 'first' } });
    });

    test('of a family only the newest, unless all are asked for', async () => {
      const { store, wait } = await begin();
      const first = await fill(store, key('a'), 2);
      await wait(1);
      await store.append(key('b'), branchOff(first, 2, 'b'), { expectedVersion: 0 });
      await wait(1);
      await store.append(key('c'), branchOff(await mustFind(store, key('b')), 2, 'c'), {
        expectedVersion: 0,
      });
      await wait(1);
      await fill(store, key('alone'));
      const ids = async (branches?: boolean) =>
        (
          await store.list({ owner: 'ada', limit: 9, ...(branches === undefined ? {} : { branches }) })
        ).sessions
          .map(({ id }) => id)
          .join(' ');
      expect(await ids()).toBe('alone c');
      expect(await ids(false)).toBe('alone c');
      expect(await ids(true)).toBe('alone c b a');
      await wait(1);
      await store.append(key('a'), turn('3'), { expectedVersion: 2 });
      expect(await ids()).toBe('a alone');
      await store.delete(key('a'));
      expect(await ids()).toBe('alone c');
      await store.delete(key('c'));
      expect(await ids()).toBe('alone b');
    });

    test('a family is of one user', async () => {
      const { store } = await begin();
      for (const user of [undefined, 'bob']) {
        const first = await fill(store, key('a', user));
        await store.append(key('b', user), branchOff(first, 2, 'b'), { expectedVersion: 0 });
      }
      const { sessions } = await store.list({ owner: 'ada', limit: 9 });
      expect(sessions.map(({ id, user }) => [id, user ?? '(none)']).toSorted()).toEqual([
        ['b', '(none)'],
        ['b', 'bob'],
      ]);
    });

    test('the newest of a family is that among those asked for', async () => {
      const { store, wait } = await begin();
      await store.append(key('a'), turn('1', { label: 'one' }), { expectedVersion: 0 });
      await wait(1);
      const parent = await mustFind(store, key('a'));
      await store.append(key('b'), branchOff(parent, 2, 'b', { label: 'two' }), { expectedVersion: 0 });
      const ids = async (label: string) =>
        (await store.list({ owner: 'ada', label, limit: 9 })).sessions.map(({ id }) => id);
      expect(await ids('one')).toEqual(['a']);
      expect(await ids('two')).toEqual(['b']);
    });

    test('pages count what is shown', async () => {
      const { store, wait } = await begin();
      for (const id of ['a', 'b', 'c']) {
        await wait(1);
        const first = await fill(store, key(id));
        await wait(1);
        await store.append(key(`${id}2`), branchOff(first, 2, 'on'), { expectedVersion: 0 });
      }
      const page = async (limit: number, branches: boolean, after?: string) => {
        const { sessions, hasMore } = await store.list({
          owner: 'ada',
          limit,
          branches,
          ...(after === undefined ? {} : { after: key(after) }),
        });
        return [sessions.map(({ id }) => id).join(' '), hasMore];
      };
      expect(await page(2, false)).toEqual(['c2 b2', true]);
      expect(await page(2, false, 'b2')).toEqual(['a2', false]);
      expect(await page(4, true)).toEqual(['c2 c b2 b', true]);
      expect(await page(4, true, 'b')).toEqual(['a2 a', false]);
    });

    test('a summary says where a session came from', async () => {
      const { store } = await begin();
      await store.append(key('a'), turn('1', { label: 'task' }), { expectedVersion: 0 });
      const parent = await mustFind(store, key('a'));
      await store.append(key('b'), branchOff(parent, 2, 'on', { label: 'task' }), { expectedVersion: 0 });
      const { sessions } = await store.list({ owner: 'ada', branches: true, limit: 9 });
      expect(sessions.find(({ id }) => id === 'a')).toMatchObject({ label: 'task', parentId: undefined });
      expect(sessions.find(({ id }) => id === 'b')).toMatchObject({
        label: 'task',
        parentId: 'a',
        messageCount: 4,
      });
    });

    test('a summary says how much was said', async () => {
      const { store } = await begin();
      const system = [{ role: 'system', content: 'a' }] as const;
      await store.append(key('s', 'bob'), turn('1', { system }), { expectedVersion: 0 });
      const [summary] = (await store.list({ owner: 'ada', limit: 9 })).sessions;
      expect(summary).toMatchObject({ id: 's', user: 'bob', model: 'm', messageCount: 3 });
    });
  });
}
