// Several stores on the same data: what one does, the others see; and what is stored outlives them.
import { describe, expect, test } from 'vitest';
import type { SessionStore } from '../../src/store/session-store.ts';
import {
  type BeginStore,
  branchOff,
  fill,
  findByAnchor,
  forkOf,
  found,
  key,
  marked,
  mustFind,
  roomy,
  type SuiteSettings,
  saidIn,
  turn,
  unanswered,
} from './given.ts';

const ttlMs = 100;

export function testNodes(begin: BeginStore, { rounds }: SuiteSettings): void {
  async function beginTwo(settings: Parameters<BeginStore>[0] = {}) {
    const { store, reopen, wait } = await begin(settings);
    return { one: store, two: await reopen(), wait };
  }
  const says = async (store: SessionStore, id = 's') => saidIn(await found(store, key(id)))?.join(' ');
  const lease = (holder: string) => ({ holder, ttlMs });

  describe('two nodes', () => {
    test('[R1] [S10] what one appends the other sees at once, turn by turn', async () => {
      const { one, two } = await beginTwo();
      const system = [{ role: 'system', content: 'be kind' }] as const;
      for (let version = 0; version < 6; version += 1) {
        const [writer, reader] = version % 2 === 0 ? [one, two] : [two, one];
        const more = { system: version < 3 ? [] : system, tools: version < 4 ? [] : [{ name: 'look' }] };
        const said = turn(String(version + 1), more);
        expect((await writer.append(key(), said, { expectedVersion: version })).status).toBe('appended');
        expect(await reader.read(key())).toEqual(await writer.read(key()));
        expect(await mustFind(reader, key())).toMatchObject({ version: version + 1, ...more });
      }
      expect(await says(one)).toBe('1 2 3 4 5 6');
    });

    // The digest of a session without tools is that of one without a system text.
    const system = [{ role: 'system', content: 'be kind' }] as const;
    const tools = [{ name: 'look' }];
    const lists = {
      nothing: { system: [], tools: [] },
      'a system text': { system, tools: [] },
      tools: { system: [], tools },
      both: { system, tools },
    } as const;
    const names = ['nothing', 'a system text', 'tools', 'both'] as const;
    const changes = names.flatMap(was =>
      names.map(is => ({ was, is, before: lists[was], after: lists[is] })),
    );

    test.each(changes)('[R1] [S10] $was becomes $is, and that again', async ({ before, after }) => {
      const { one, two } = await beginTwo();
      const walk = [before, after, before, after, after, before];
      for (const [version, more] of walk.entries()) {
        const [writer, reader] = version % 2 === 0 ? [one, two] : [two, one];
        const said = turn(`${version + 1}`, more);
        expect((await writer.append(key(), said, { expectedVersion: version })).status).toBe('appended');
        expect(await mustFind(reader, key())).toMatchObject({ version: version + 1, ...more });
      }
      expect(await says(one)).toBe('1 2 3 4 5 6');
    });

    test.each(changes)('[R1] [S10] $was becomes $is where no message stays', async ({ before, after }) => {
      const { one, two } = await beginTwo();
      await one.append(key(), turn('1', before), { expectedVersion: 0 });
      await two.append(key(), turn('2', { ...after, keep: 0 }), { expectedVersion: 1 });
      expect(await mustFind(one, key())).toMatchObject({ version: 2, ...after });
      expect(await says(one)).toBe('2');
      await one.append(key(), unanswered([], { ...before, keep: 0 }), { expectedVersion: 2 });
      expect(await mustFind(two, key())).toMatchObject({ version: 3, ...before });
      await two.append(key(), turn('4', after), { expectedVersion: 3 });
      expect(await mustFind(one, key())).toMatchObject({ version: 4, ...after });
      expect(await says(one)).toBe('4');
    });

    test('[R1] what is not there yet for one is there once the other began it', async () => {
      const { one, two, wait } = await beginTwo();
      expect(await two.read(key())).toEqual({ status: 'missing' });
      await fill(one, key());
      expect(await says(two)).toBe('1');
      await wait(roomy.sessionIdleMs);
      expect((await two.read(key())).status).toBe('expired');
      await one.append(key(), turn('anew'), { expectedVersion: 0 });
      expect(await says(two)).toBe('anew');
    });

    test('[R4] [S10] of appends at the same time one wins', async () => {
      const { one, two } = await beginTwo();
      for (let version = 0; version < rounds; version += 1) {
        const appends = Array.from({ length: 20 }, (_, index) =>
          (index % 2 === 0 ? one : two).append(key(), turn(`${version}`), { expectedVersion: version }),
        );
        const statuses = (await Promise.all(appends)).map(({ status }) => status).toSorted();
        expect(statuses).toEqual(['appended', ...Array(19).fill('conflict')]);
      }
      const all = Array.from({ length: rounds }, (_, version) => version).join(' ');
      expect(await says(one)).toBe(all);
      expect(await says(two)).toBe(all);
    });

    test('[R5] [S18] a turn that the one appended the other knows', async () => {
      const { one, two } = await beginTwo();
      const said = turn('1');
      await one.append(key(), said, { expectedVersion: 0 });
      for (const expectedVersion of [0, 1])
        expect(await two.append(key(), said, { expectedVersion })).toEqual({
          status: 'duplicate',
          version: 1,
        });
      expect(await says(two)).toBe('1');
    });

    test('[R16] what one holds is busy for the other, until it lets go or is silent', async () => {
      const { one, two, wait } = await beginTwo();
      await fill(one, key());
      expect((await one.hold(key(), lease('1'))).status).toBe('found');
      expect(await two.hold(key(), lease('2'))).toEqual({ status: 'busy' });
      expect(await two.append(key(), turn('late'), { expectedVersion: 1, holder: '2' })).toEqual({
        status: 'conflict',
      });
      await one.append(key(), turn('2'), { expectedVersion: 1, holder: '1' });
      expect(await two.hold(key(), lease('2'))).toMatchObject({ status: 'found', session: { version: 2 } });
      expect(await one.hold(key(), lease('1'))).toEqual({ status: 'busy' });
      await wait(ttlMs);
      expect((await one.hold(key(), lease('1'))).status).toBe('found');
      await one.letGo(key(), '1');
      expect((await two.hold(key(), lease('2'))).status).toBe('found');
    });

    test('[R16] [S10] of many at the same time one holds', async () => {
      const { one, two } = await beginTwo();
      await fill(one, key());
      const all = Array.from({ length: 40 }, (_, index) =>
        (index % 2 === 0 ? one : two).hold(key(), lease(`${index}`)),
      );
      const statuses = (await Promise.all(all)).map(({ status }) => status).toSorted();
      expect(statuses).toEqual([...Array(39).fill('busy'), 'found']);
    });

    test('[R17] what one claims runs for the other, and is answered for both', async () => {
      const { one, two, wait } = await beginTwo();
      const claim = (store: SessionStore, holder: string) =>
        store.claim(key(), 'k', { ...lease(holder), fingerprint: holder });
      expect(await claim(one, '1')).toEqual({ status: 'claimed' });
      expect(await claim(two, '2')).toEqual({ status: 'running', fingerprint: '1' });
      await wait(ttlMs);
      expect(await claim(two, '2')).toEqual({ status: 'claimed' });
      await one.settle(key(), 'k', '1', { text: 'late', ttlMs });
      await two.settle(key(), 'k', '2', { text: 'done', ttlMs });
      for (const store of [one, two])
        expect(await claim(store, '3')).toEqual({ status: 'answered', fingerprint: '2', text: 'done' });
    });

    test('[R11] [R13] what one stored the other recalls and finds', async () => {
      const { one, two } = await beginTwo();
      const said = marked('1', 'k', { anchors: ['a'], label: 'task' });
      await one.append(key(), said, { expectedVersion: 0 });
      expect((await two.recall(key(), 'k'))?.turn.reply).toEqual(said.reply);
      expect((await findByAnchor(two, key(), 'a', 9)).map(saidIn)).toEqual([['1']]);
      expect((await two.list({ owner: 'ada', label: 'task', limit: 9 })).sessions).toHaveLength(1);
      expect(await two.find('ada', 's')).toHaveLength(1);
      await two.append(key(), turn('2', { anchors: ['b'] }), { expectedVersion: 1 });
      expect((await findByAnchor(one, key(), 'a', 9)).map(saidIn)).toEqual([['1', '2']]);
      expect((await findByAnchor(one, key(), 'b', 9)).map(saidIn)).toEqual([['1', '2']]);
      await two.delete(key());
      expect(await one.recall(key(), 'k')).toBeUndefined();
      expect(await findByAnchor(one, key(), 'a', 9)).toEqual([]);
    });

    test('[R15] [R18] notes and times as well', async () => {
      const { one, two, wait } = await beginTwo();
      await one.writeNote('n', '1');
      expect(await two.readNote('n')).toBe('1');
      await two.writeNote('n', '2');
      expect(await one.readNote('n')).toBe('2');
      await fill(one, key());
      await two.setIdle(key(), 50);
      expect(await mustFind(one, key())).toMatchObject({ idleMs: 50 });
      await wait(50);
      expect((await one.read(key())).status).toBe('expired');
    });

    test('[R14] what one began the other branches off from', async () => {
      const { one, two } = await beginTwo();
      await fill(one, key('p'), 3);
      const parent = await mustFind(two, key('p'));
      await two.append(key('b'), branchOff(parent, 4, 'b'), { expectedVersion: 0 });
      await two.append(key('f'), forkOf(parent, 2), { expectedVersion: 0 });
      await one.delete(key('p'));
      expect(await says(one, 'b')).toBe('1 2 b');
      expect(await says(one, 'f')).toBe('1');
      expect(await two.read(key('p'))).toEqual({ status: 'missing' });
      // Of what it read before.
      await two.append(key('late'), branchOff(parent, 6, 'late'), { expectedVersion: 0 });
      expect(await says(one, 'late')).toBe('1 2 3 late');
    });
  });

  describe('what is stale', () => {
    const becomes: Record<string, [(store: SessionStore) => Promise<unknown>, string | undefined]> = {
      longer: [store => store.append(key(), turn('4'), { expectedVersion: 3 }), '1 2 3 4'],
      shorter: [store => store.append(key(), turn('x', { keep: 2 }), { expectedVersion: 3 }), '1 x'],
      'as long': [store => store.append(key(), turn('x', { keep: 4 }), { expectedVersion: 3 }), '1 2 x'],
      replaced: [store => store.append(key(), turn('x', { keep: 0 }), { expectedVersion: 3 }), 'x'],
      deleted: [store => store.delete(key()), undefined],
      'left behind': [
        store => store.append(key(), turn('x', { keep: 2, leftBehindId: 'left' }), { expectedVersion: 3 }),
        '1 x',
      ],
      'begun anew': [
        async store => {
          await store.delete(key());
          // As many turns, so that neither version nor length tells.
          for (const [version, said] of ['a', 'b', 'c'].entries())
            await store.append(key(), turn(said), { expectedVersion: version });
        },
        'a b c',
      ],
    };

    test.each(Object.entries(becomes))(
      '[R1] [S10] is noticed where it is %s by another',
      async (_, given) => {
        const [become, said] = given;
        const { one, two } = await beginTwo();
        await fill(one, key(), 3);
        expect(await says(two)).toBe('1 2 3');
        await become(two);
        expect(await says(one)).toBe(said);
        expect(await says(two)).toBe(said);
        const held = await one.hold(key(), lease('1'));
        expect(held.status === 'found' ? saidIn(held.session)?.join(' ') : undefined).toBe(said);
        await one.letGo(key(), '1');
      },
    );

    test.each(Object.entries(becomes))('[R4] is not appended to where it is %s', async (name, given) => {
      const [become, said] = given;
      const { one, two } = await beginTwo();
      await fill(one, key(), 3);
      await become(two);
      // As long as it was before, it stands at that version again: who knows the old one may be told, or not.
      if (name === 'begun anew') {
        const { status } = await one.append(key(), turn('on'), { expectedVersion: 3 });
        const whole = { appended: 'a b c on', conflict: 'a b c', duplicate: '' }[status];
        expect(await says(one)).toBe(whole);
        expect(await says(two)).toBe(whole);
        return;
      }
      expect(await one.append(key(), turn('late'), { expectedVersion: 3 })).toEqual({ status: 'conflict' });
      expect(await says(one)).toBe(said);
      expect(await says(two)).toBe(said);
    });

    test('[R14] what one left behind, and went on with, is the other’s as well', async () => {
      const { one, two } = await beginTwo();
      await fill(one, key(), 3);
      await mustFind(two, key());
      const cut = turn('again', { keep: 2, leftBehindId: 'left' });
      await two.append(key(), cut, { expectedVersion: 3 });
      expect(await says(one, 'left')).toBe('1 2 3');
      await one.append(key('left'), turn('4'), { expectedVersion: 3 });
      await one.append(key(), turn('on'), { expectedVersion: 4 });
      expect(await says(two, 'left')).toBe('1 2 3 4');
      expect(await says(two)).toBe('1 again on');
    });
  });

  describe('R2, started again', () => {
    test('[R2] everything is there', async () => {
      const { store, reopen, wait } = await begin();
      await fill(store, key('gone'));
      await wait(roomy.sessionIdleMs);
      const system = [{ role: 'system', content: 'be kind' }] as const;
      const said = marked('1', 'k', { anchors: ['a'], label: 'task', system, tools: [{ name: 'look' }] });
      await store.append(key(), said, { expectedVersion: 0 });
      const last = turn('2', {
        cuts: [{ model: 'm', budget: 9, cut: { leftOut: [], shortened: { 1: 7 } } }],
      });
      await store.append(key(), last, { expectedVersion: 1 });
      await store.append(key('b'), branchOff(await mustFind(store, key()), 2, 'b', { idleMs: 9_000 }), {
        expectedVersion: 0,
      });
      await store.writeNote('n', 'kept');
      await store.claim(key(), 'answered', { ...lease('1'), fingerprint: 'f' });
      await store.settle(key(), 'answered', '1', { text: 'done', ttlMs: 500 });
      await store.claim(key(), 'running', { ...lease('1'), fingerprint: 'f' });
      await store.hold(key('b'), lease('1'));
      const before = await Promise.all(['s', 'b', 'gone'].map(id => store.read(key(id))));
      const listed = await store.list({ owner: 'ada', branches: true, limit: 9 });
      await store.close();

      const again = await reopen();
      expect(await Promise.all(['s', 'b', 'gone'].map(id => again.read(key(id))))).toEqual(before);
      expect(before.map(({ status }) => status)).toEqual(['found', 'found', 'expired']);
      expect(await again.list({ owner: 'ada', branches: true, limit: 9 })).toEqual(listed);
      expect((await again.recall(key(), 'k'))?.turn.reply).toEqual(said.reply);
      expect((await findByAnchor(again, key(), 'a', 9)).map(({ key: { id } }) => id)).toEqual(['s']);
      expect(await again.readNote('n')).toBe('kept');
      const claim = (name: string) => again.claim(key(), name, { ...lease('2'), fingerprint: 'g' });
      expect(await claim('answered')).toEqual({ status: 'answered', fingerprint: 'f', text: 'done' });
      expect(await claim('running')).toEqual({ status: 'running', fingerprint: 'f' });
      expect(await again.hold(key('b'), lease('2'))).toEqual({ status: 'busy' });
      expect(await again.append(key(), last, { expectedVersion: 1 })).toEqual({
        status: 'duplicate',
        version: 2,
      });
      // Who held it is gone for good.
      await wait(ttlMs);
      expect((await again.hold(key('b'), lease('2'))).status).toBe('found');
      await again.append(key(), turn('3'), { expectedVersion: 2 });
      expect(await says(again)).toBe('1 2 3');
    });

    test('[R2] [S25] what was appended is there, however soon it is closed', async () => {
      const { store, reopen } = await begin();
      const appends = Array.from({ length: 50 }, (_, index) =>
        store.append(key(`s${index}`), turn(String(index)), { expectedVersion: 0 }).then(
          ({ status }) => status,
          () => 'refused',
        ),
      );
      await store.close();
      const statuses = await Promise.all(appends);
      const again = await reopen();
      for (const [index, status] of statuses.entries()) {
        const said = saidIn(await found(again, key(`s${index}`)));
        if (status === 'appended') expect(said).toEqual([String(index)]);
        else expect([undefined, [String(index)]]).toContainEqual(said);
      }
    });
  });
}
