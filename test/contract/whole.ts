// Turns that nobody answered: branches that only share, and conversations that were brought from elsewhere.
import { describe, expect, test } from 'vitest';
import type { Message } from '../../src/conversation/message.ts';
import {
  type BeginStore,
  codeOf,
  fill,
  findByAnchor,
  forkOf,
  found,
  key,
  marked,
  mustFind,
  saidIn,
  turn,
  unanswered,
} from './given.ts';

const brought: readonly Message[] = [
  { role: 'user', content: 'look' },
  { role: 'assistant', toolCalls: [{ id: 'c', nativeId: 'n', name: 'look', arguments: '{"a" :1}' }] },
  { role: 'tool', toolCallId: 'c', content: 'seen' },
  { role: 'assistant', content: [{ type: 'reasoning', text: 'hm' }], toolPlan: 'plan' },
  { role: 'user', content: 'and now?' },
];

export function testWhole(begin: BeginStore): void {
  const idsOf = (sessions: readonly { readonly key: { readonly id: string } }[]) =>
    sessions.map(session => session.key.id);

  describe('R14, forks', () => {
    test('[R14] a fork holds what it shares, and goes on from there', async () => {
      const { store, wait } = await begin();
      const parent = await fill(store, key('p'), 3);
      await wait(5);
      const system = [{ role: 'system', content: 'be brief' }] as const;
      const more = { label: 'task', model: 'm2', dialect: 'transcript', system } as const;
      expect(await store.append(key('f'), forkOf(parent, 4, more), { expectedVersion: 0 })).toEqual({
        status: 'appended',
        version: 1,
      });
      const fork = await mustFind(store, key('f'));
      expect(fork).toMatchObject({ key: key('f'), version: 1, parentId: 'p', rootId: 'p', ...more });
      expect(fork.createdAtMs).toBe(parent.createdAtMs + 5);
      expect([...fork.messages]).toEqual(parent.messages.slice(0, 4));
      expect(await store.read(key('p'))).toEqual({ status: 'found', session: parent });
      await store.append(key('f'), turn('on'), { expectedVersion: 1 });
      expect(saidIn(await found(store, key('f')))).toEqual(['1', '2', 'on']);
      await store.delete(key('p'));
      expect(saidIn(await found(store, key('f')))).toEqual(['1', '2', 'on']);
    });

    test('[R14] of everything, of a part of a turn, of nothing', async () => {
      const { store } = await begin();
      const parent = await fill(store, key('p'), 2);
      for (const [id, keep] of Object.entries({ f9: Number.MAX_SAFE_INTEGER, f4: 4, f3: 3, f0: 0 })) {
        await store.append(key(id), forkOf(parent, keep), { expectedVersion: 0 });
        expect([...(await mustFind(store, key(id))).messages]).toEqual(parent.messages.slice(0, keep));
      }
      const { sessions } = await store.list({ owner: 'ada', branches: true, limit: 9 });
      const counts = Object.fromEntries(sessions.map(({ id, messageCount }) => [id, messageCount]));
      expect(counts).toEqual({ p: 4, f9: 4, f4: 4, f3: 3, f0: 0 });
      await store.append(key('f0'), turn('first'), { expectedVersion: 1 });
      expect(saidIn(await found(store, key('f0')))).toEqual(['first']);
    });

    test('[R14] forks of forks, and what is cut of one', async () => {
      const { store } = await begin();
      const parent = await fill(store, key('p'), 3);
      await store.append(key('f'), forkOf(parent, 4), { expectedVersion: 0 });
      await store.append(key('g'), forkOf(await mustFind(store, key('f')), 2), { expectedVersion: 0 });
      expect(await mustFind(store, key('g'))).toMatchObject({ parentId: 'f', rootId: 'p' });
      await store.append(key('f'), turn('again', { keep: 1, leftBehindId: 'left' }), { expectedVersion: 1 });
      for (const id of ['p', 'f']) await store.delete(key(id));
      expect(saidIn(await found(store, key('g')))).toEqual(['1']);
      expect(saidIn(await found(store, key('left')))).toEqual(['1', '2']);
    });

    test('[R14] [R13] found by the anchors it brings, and not by its parent’s calls', async () => {
      const { store } = await begin();
      const { reply } = turn('');
      const message: Message = {
        role: 'assistant',
        toolCalls: [{ id: 'c', name: 'look', arguments: '{}' }],
      };
      const first = turn('look', { reply: { ...reply, message }, anchors: ['opening'] });
      await store.append(key('p'), first, { expectedVersion: 0 });
      const parent = await mustFind(store, key('p'));
      await store.append(key('f'), forkOf(parent, 2, { anchors: ['opening', 'f'] }), { expectedVersion: 0 });
      expect(idsOf(await findByAnchor(store, key(), 'opening', 9)).toSorted()).toEqual(['f', 'p']);
      expect(idsOf(await findByAnchor(store, key(), 'f', 9))).toEqual(['f']);
      expect(idsOf(await store.findByCallIds(key(), ['c'], 9))).toEqual(['p']);
    });

    test('[R14] [R4] [R5] one that is there is not forked over, one that is known not forked twice', async () => {
      const { store } = await begin();
      const parent = await fill(store, key('p'), 2);
      const fork = forkOf(parent, 2);
      expect(await store.append(key('p'), fork, { expectedVersion: 0 })).toEqual({ status: 'conflict' });
      await store.append(key('f'), fork, { expectedVersion: 0 });
      expect(await store.append(key('f'), fork, { expectedVersion: 0 })).toEqual({
        status: 'duplicate',
        version: 1,
      });
      expect(await store.read(key('p'))).toEqual({ status: 'found', session: parent });
    });

    test('[R14] 1,000 forks of 1,000 messages are all right', async () => {
      const { store } = await begin({ sessionIdleMs: 3_600_000 });
      const added = Array.from({ length: 1_000 }, (_, place): Message => {
        return { role: place % 2 === 0 ? 'user' : 'assistant', content: `said ${place}` };
      });
      await store.append(key('p'), unanswered(added), { expectedVersion: 0 });
      const parent = await mustFind(store, key('p'));
      expect([...parent.messages]).toEqual(added);
      const keep = (index: number) => 1_000 - (index % 7);
      for (let from = 0; from < 1_000; from += 100) {
        const forks = Array.from({ length: 100 }, (_, index) => from + index).map(index =>
          store.append(key(`f${index}`), forkOf(parent, keep(index)), { expectedVersion: 0 }),
        );
        for (const { status } of await Promise.all(forks)) expect(status).toBe('appended');
      }
      await store.append(key('f37'), turn('on', { keep: 5 }), { expectedVersion: 1 });
      await store.delete(key('p'));
      for (let index = 0; index < 1_000; index += 37) {
        const whole = added.slice(0, index === 37 ? 5 : keep(index)).map(({ content }) => content);
        const { messages } = await mustFind(store, key(`f${index}`));
        const said = index === 37 ? [...whole, 'on', 'noted'] : whole;
        expect([...messages].map(({ content }) => content)).toEqual(said);
      }
    });
  });

  describe('R6, what was brought', () => {
    test('[R6] everything comes back as it was given', async () => {
      const { store } = await begin();
      const system = [{ role: 'system', content: 'be kind' }] as const;
      const tools = [{ name: 'look' }];
      const first = unanswered(brought, { system, tools, anchors: ['after'], label: 'task' });
      expect(await store.append(key(), first, { expectedVersion: 0 })).toEqual({
        status: 'appended',
        version: 1,
      });
      const session = await mustFind(store, key());
      expect(JSON.stringify([...session.messages])).toBe(JSON.stringify(brought));
      expect(session).toMatchObject({ version: 1, system, tools, label: 'task', rootId: 's' });
      expect(session.parentId).toBeUndefined();
      expect(idsOf(await findByAnchor(store, key(), 'after', 9))).toEqual(['s']);
      // What replied once is among them.
      expect(idsOf(await store.findByCallIds(key(), ['c'], 9))).toEqual(['s']);
      await store.append(key(), turn('on'), { expectedVersion: 1 });
      expect((await mustFind(store, key())).messages.length).toBe(brought.length + 2);
    });

    test('[R6] also nothing at all', async () => {
      const { store } = await begin();
      await store.append(key(), unanswered([]), { expectedVersion: 0 });
      expect([...(await mustFind(store, key())).messages]).toEqual([]);
      await store.append(key(), turn('1'), { expectedVersion: 1 });
      await store.append(key(), unanswered([], { keep: 0 }), { expectedVersion: 2 });
      expect(await mustFind(store, key())).toMatchObject({ version: 3 });
      expect([...(await mustFind(store, key())).messages]).toEqual([]);
    });

    test('[R3] [R14] it may come after a session, be added to it, and leave something behind', async () => {
      const { store } = await begin();
      await fill(store, key(), 2);
      const more = unanswered([{ role: 'user', content: 'by the way' }]);
      expect(await store.append(key(), more, { expectedVersion: 2 })).toEqual({
        status: 'appended',
        version: 3,
      });
      expect(saidIn(await found(store, key()))).toEqual(['1', '2', 'by the way']);
      const back = unanswered([], { keep: 2, leftBehindId: 'left' });
      await store.append(key(), back, { expectedVersion: 3 });
      expect(saidIn(await found(store, key()))).toEqual(['1']);
      expect(saidIn(await found(store, key('left')))).toEqual(['1', '2', 'by the way']);
    });

    test('[R11] there is no answer that could be given again', async () => {
      const { store } = await begin();
      await store.append(key('p'), marked('1', 'p'), { expectedVersion: 0 });
      const mark = { key: 'k', fingerprint: 'f', ttlMs: 500 };
      await store.append(key(), unanswered(brought, { mark }), { expectedVersion: 0 });
      expect(await store.recall(key(), 'k')).toBeUndefined();
      await store.append(key('f'), forkOf(await mustFind(store, key('p')), 2), { expectedVersion: 0 });
      expect((await store.recall(key(), 'p'))?.session.key.id).toBe('p');
      await store.delete(key('p'));
      expect(await store.recall(key(), 'p')).toBeUndefined();
    });

    test('[R8] limits hold for it', async () => {
      const { store } = await begin({ sessionMessages: 4, sessionBytes: 5_000 });
      expect(await codeOf(store.append(key(), unanswered(brought), { expectedVersion: 0 }))).toBe(
        'store_full',
      );
      const large = unanswered([{ role: 'user', content: 'x'.repeat(6_000) }]);
      expect(await codeOf(store.append(key(), large, { expectedVersion: 0 }))).toBe('store_full');
      expect(await store.read(key())).toEqual({ status: 'missing' });
    });
  });
}
