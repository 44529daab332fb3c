// R13: by what a session is found that nobody named.
import { describe, expect, test } from 'vitest';
import type { Message, ToolCall } from '../../src/conversation/message.ts';
import type { Session } from '../../src/conversation/session.ts';
import type { AnsweredTurn } from '../../src/store/session-store.ts';
import {
  type BeginStore,
  branchOff,
  codeOf,
  fill,
  findByAnchor,
  key,
  mustFind,
  roomy,
  saidIn,
  spaces,
  turn,
} from './given.ts';

const idsOf = (sessions: readonly Session[]) => sessions.map(session => session.key.id);

const call = (id: string): ToolCall => ({ id, name: 'look', arguments: '{}' });

/** A turn whose reply makes these calls. */
const calling = (ids: readonly string[], more: Partial<AnsweredTurn> = {}): AnsweredTurn => {
  const { reply } = turn('');
  return turn('look', {
    reply: { ...reply, message: { role: 'assistant', toolCalls: ids.map(call) } },
    ...more,
  });
};

export function testHints(begin: BeginStore): void {
  describe('R13', () => {
    test('[R13] a session is found by each anchor of its turns, as it stands', async () => {
      const { store } = await begin();
      await store.append(key(), turn('1', { anchors: ['opening', 'after 1'] }), { expectedVersion: 0 });
      await store.append(key(), turn('2', { anchors: ['after 2'] }), { expectedVersion: 1 });
      await store.append(key(), turn('3'), { expectedVersion: 2 });
      for (const anchor of ['opening', 'after 1', 'after 2']) {
        const [session, ...others] = await findByAnchor(store, key(), anchor, 9);
        expect(session).toMatchObject({ key: key(), version: 3 });
        expect(saidIn(session)).toEqual(['1', '2', '3']);
        expect(others).toEqual([]);
      }
      for (const anchor of ['', 'after 3', 'Opening', 'opening\n'])
        expect(await findByAnchor(store, key(), anchor, 9)).toEqual([]);
    });

    test.each([
      [3, 3, true],
      [3, 2, false],
      [8, 9, true],
      [9, 8, false],
    ])('[R13] of %i that hold an anchor %i are asked for: these are all, %s', async (count, limit, isAll) => {
      const { store } = await begin();
      for (let at = 0; at < count; at += 1)
        await store.append(key(`s${at}`), turn('1', { anchors: ['opening'] }), { expectedVersion: 0 });
      const [found] = await store.findIdsByAnchors(key(), ['opening'], limit);
      expect({ count: found?.ids.length, isAll: found?.isAll }).toEqual({
        count: Math.min(count, limit),
        isAll,
      });
    });

    test('[R13] it is found by the calls of its replies', async () => {
      const { store } = await begin();
      await store.append(key(), calling(['c1', 'c2']), { expectedVersion: 0 });
      await store.append(key(), calling(['c3']), { expectedVersion: 1 });
      for (const id of ['c1', 'c2', 'c3'])
        expect(await store.findByCallIds(key(), [id], 9)).toMatchObject([{ key: key(), version: 2 }]);
      expect(await store.findByCallIds(key(), ['c4'], 9)).toEqual([]);
      expect(await store.findByCallIds(key(), [], 9)).toEqual([]);
    });

    test('[R13] not by calls that the client brought: they may be of any conversation', async () => {
      const { store } = await begin();
      const added: Message[] = [
        { role: 'user', content: 'look' },
        { role: 'assistant', toolCalls: [call('brought')] },
        { role: 'tool', toolCallId: 'brought', content: 'seen' },
      ];
      await store.append(key(), calling(['made'], { added }), { expectedVersion: 0 });
      expect(await store.findByCallIds(key(), ['brought'], 9)).toEqual([]);
      expect(idsOf(await store.findByCallIds(key(), ['brought', 'made'], 9))).toEqual(['s']);
    });

    test('[R13] an anchor is no call, and a call no anchor', async () => {
      const { store } = await begin();
      await store.append(key(), calling(['c'], { anchors: ['a'] }), { expectedVersion: 0 });
      expect(await store.findByCallIds(key(), ['a'], 9)).toEqual([]);
      expect(await findByAnchor(store, key(), 'c', 9)).toEqual([]);
    });

    test('[R13] of several the latest used comes first, and no more than were asked for', async () => {
      const { store, wait } = await begin();
      for (const id of ['a', 'b', 'c']) {
        await wait(1);
        await store.append(key(id), calling(['c'], { anchors: ['opening'] }), { expectedVersion: 0 });
      }
      const byBoth = async (limit: number) => {
        const byAnchor = idsOf(await findByAnchor(store, key(), 'opening', limit));
        expect(idsOf(await store.findByCallIds(key(), ['c'], limit))).toEqual(byAnchor);
        return byAnchor;
      };
      expect(await byBoth(9)).toEqual(['c', 'b', 'a']);
      expect(await byBoth(2)).toEqual(['c', 'b']);
      await wait(1);
      // Without a word of the anchor: a use is a use.
      await store.append(key('a'), turn('2'), { expectedVersion: 1 });
      expect(await byBoth(9)).toEqual(['a', 'c', 'b']);
      expect(await byBoth(1)).toEqual(['a']);
    });

    test('[R13] several calls find sessions in their own order, each session once', async () => {
      const { store, wait } = await begin();
      for (const [id, ids] of Object.entries({ a: ['1', '2'], b: ['2', '3'], c: ['3'] })) {
        await wait(1);
        await store.append(key(id), calling(ids), { expectedVersion: 0 });
      }
      const find = async (ids: string[], limit = 9) => idsOf(await store.findByCallIds(key(), ids, limit));
      expect(await find(['1', '2', '3'])).toEqual(['a', 'b', 'c']);
      expect(await find(['3', '2', '1'])).toEqual(['c', 'b', 'a']);
      expect(await find(['2', '2', '1'])).toEqual(['b', 'a']);
      expect(await find(['none', '1', '3'], 2)).toEqual(['a', 'c']);
    });

    test('[R13] it is found in its own space only', async () => {
      const { store } = await begin();
      for (const [index, space] of spaces.entries()) {
        const hints = calling(['c', `c${index}`], { anchors: ['a', `a${index}`] });
        await store.append({ ...space, id: `s${index}` }, hints, { expectedVersion: 0 });
      }
      for (const [index, space] of spaces.entries()) {
        expect(idsOf(await findByAnchor(store, space, 'a', 9))).toEqual([`s${index}`]);
        expect(idsOf(await store.findByCallIds(space, ['c'], 9))).toEqual([`s${index}`]);
        const other = (index + 1) % spaces.length;
        expect(await findByAnchor(store, space, `a${other}`, 9)).toEqual([]);
        expect(await store.findByCallIds(space, [`c${other}`], 9)).toEqual([]);
      }
      // A user's name may hold anything, so that it must not run into what stands beside it.
      await store.append(key('s', 'a\nx'), calling(['y'], { anchors: ['y'] }), { expectedVersion: 0 });
      expect(await store.findByCallIds(key('s', 'a'), ['x\ny'], 9)).toEqual([]);
      expect(await findByAnchor(store, key('s', 'a'), 'x\ny', 9)).toEqual([]);
    });

    test('[R13] what is deleted or expired is not found, nor what took its name', async () => {
      const { store, wait } = await begin();
      const hints = () => calling(['c'], { anchors: ['a'] });
      const find = async () => [
        ...idsOf(await findByAnchor(store, key(), 'a', 9)),
        ...idsOf(await store.findByCallIds(key(), ['c'], 9)),
      ];
      await store.append(key(), hints(), { expectedVersion: 0 });
      await store.append(key('other'), hints(), { expectedVersion: 0 });
      await store.delete(key());
      expect(await find()).toEqual(['other', 'other']);
      await wait(roomy.sessionIdleMs);
      expect(await find()).toEqual([]);
      for (const id of ['s', 'other']) await fill(store, key(id));
      expect(await find()).toEqual([]);
    });

    test('[R13] a turn that was not stored left nothing', async () => {
      const { store } = await begin({ sessionMessages: 3 });
      const hints = () => calling(['c'], { anchors: ['a'] });
      await fill(store, key());
      expect((await store.append(key(), hints(), { expectedVersion: 0 })).status).toBe('conflict');
      expect(await codeOf(store.append(key(), hints(), { expectedVersion: 1 }))).toBe('store_full');
      expect(await findByAnchor(store, key(), 'a', 9)).toEqual([]);
      expect(await store.findByCallIds(key(), ['c'], 9)).toEqual([]);
    });

    test('[R13] a branch is found by what its own turns left, whatever becomes of its parent', async () => {
      const { store } = await begin();
      await store.append(key('p'), calling(['cp'], { anchors: ['opening', 'p'] }), { expectedVersion: 0 });
      const parent = await mustFind(store, key('p'));
      const branching = calling(['cb'], {
        keep: 2,
        parent: { id: 'p', rootId: parent.rootId, messages: parent.messages },
        anchors: ['b'],
      });
      await store.append(key('b'), branching, { expectedVersion: 0 });
      expect(idsOf(await findByAnchor(store, key(), 'p', 9))).toContain('p');
      expect(idsOf(await findByAnchor(store, key(), 'b', 9))).toEqual(['b']);
      await store.delete(key('p'));
      expect(idsOf(await findByAnchor(store, key(), 'p', 9))).not.toContain('p');
      expect(idsOf(await findByAnchor(store, key(), 'b', 9))).toEqual(['b']);
      expect(idsOf(await store.findByCallIds(key(), ['cp', 'cb'], 9))).toEqual(['b']);
    });

    test('[R13] what a session left behind is found by the old anchors, it by the new ones', async () => {
      const { store } = await begin();
      await store.append(key(), calling(['c1'], { anchors: ['opening', 'a1'] }), { expectedVersion: 0 });
      await store.append(key(), calling(['c2'], { anchors: ['a2'] }), { expectedVersion: 1 });
      const cut = calling(['c3'], { keep: 2, leftBehindId: 'left', anchors: ['opening', 'a3'] });
      await store.append(key(), cut, { expectedVersion: 2 });
      for (const anchor of ['a1', 'a2']) {
        const sessions = await findByAnchor(store, key(), anchor, 9);
        expect(sessions.find(session => session.key.id === 'left')).toMatchObject({ version: 2 });
      }
      expect(idsOf(await findByAnchor(store, key(), 'a3', 9))).toEqual(['s']);
      expect(idsOf(await findByAnchor(store, key(), 'opening', 9)).toSorted()).toEqual(['left', 's']);
      expect(idsOf(await store.findByCallIds(key(), ['c2', 'c3'], 9))).toEqual(['left', 's']);
      await store.delete(key('left'));
      expect(await findByAnchor(store, key(), 'a2', 9)).toEqual([]);
      expect(idsOf(await findByAnchor(store, key(), 'opening', 9))).toEqual(['s']);
    });

    test('[R13] an anchor that two turns of one session left finds it once', async () => {
      const { store } = await begin();
      await store.append(key(), calling(['c'], { anchors: ['a', 'a'] }), { expectedVersion: 0 });
      await store.append(key(), calling(['c'], { anchors: ['a'] }), { expectedVersion: 1 });
      expect(idsOf(await findByAnchor(store, key(), 'a', 9))).toEqual(['s']);
      expect(idsOf(await store.findByCallIds(key(), ['c', 'c'], 9))).toEqual(['s']);
      await store.append(key('b'), branchOff(await mustFind(store, key()), 2, 'b', { anchors: ['a'] }), {
        expectedVersion: 0,
      });
      expect((await findByAnchor(store, key(), 'a', 9)).length).toBe(2);
    });
  });
}
