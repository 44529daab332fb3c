// R1 to R6: what a turn does to its session.
import { describe, expect, test } from 'vitest';
import type { Message } from '../../src/conversation/message.ts';
import {
  type BeginStore,
  codeOf,
  fill,
  found,
  key,
  marked,
  roomy,
  type SuiteSettings,
  saidIn,
  turn,
} from './given.ts';

export function testTurns(begin: BeginStore, { rounds }: SuiteSettings): void {
  describe('R1', () => {
    test('[R1] a read after an append sees it', async () => {
      const { store } = await begin();
      expect(await store.read(key())).toEqual({ status: 'missing' });
      await fill(store, key(), 3);
      expect(saidIn(await found(store, key()))).toEqual(['1', '2', '3']);
    });

    test('[R1] the session says what its turns said', async () => {
      const { store, wait } = await begin();
      const system = [{ role: 'system', content: 'a' }] as const;
      const tools = [{ name: 'look' }];
      await store.append(key(), turn('1', { dialect: 'transcript', model: 'm1' }), { expectedVersion: 0 });
      const first = await found(store, key());
      await wait(7);
      await store.append(key(), turn('2', { model: 'm2', system, tools }), { expectedVersion: 1 });
      expect(await found(store, key())).toMatchObject({
        key: key(),
        version: 2,
        createdAtMs: first?.createdAtMs,
        updatedAtMs: (first?.updatedAtMs ?? 0) + 7,
        model: 'm2',
        dialect: 'transcript',
        system,
        tools,
      });
    });

    test('[R1] `keep` says how much stays before the new messages', async () => {
      const { store } = await begin();
      await fill(store, key(), 2);
      await store.append(key(), turn('again', { keep: 2 }), { expectedVersion: 2 });
      expect(saidIn(await found(store, key()))).toEqual(['1', 'again']);
      await store.append(key(), turn('anew', { keep: 0 }), { expectedVersion: 3 });
      expect(saidIn(await found(store, key()))).toEqual(['anew']);
    });

    test('[R1] what was read does not change under the reader', async () => {
      const { store } = await begin();
      await fill(store, key());
      const before = await found(store, key());
      await store.append(key(), turn('2'), { expectedVersion: 1 });
      await store.delete(key());
      expect(saidIn(before)).toEqual(['1']);
    });
  });

  describe('R2', () => {
    test('[R2] an append that fails leaves no trace', async () => {
      const { store } = await begin({ sessionMessages: 5 });
      await fill(store, key(), 2);
      const before = await store.read(key());
      const big = marked('3', 'k', { added: Array<Message>(9).fill({ role: 'user', content: 'x' }) });
      expect(await codeOf(store.append(key(), big, { expectedVersion: 2 }))).toBe('store_full');
      expect(await store.read(key())).toEqual(before);
      expect(await store.recall(key(), 'k')).toBeUndefined();
      expect(await codeOf(store.append(key('other'), big, { expectedVersion: 0 }))).toBe('store_full');
      expect(await store.read(key('other'))).toEqual({ status: 'missing' });
      expect((await store.list({ owner: 'ada', limit: 9 })).sessions.length).toBe(1);
    });
  });

  describe('R3', () => {
    test('[R3] the version rises by exactly one', async () => {
      const { store } = await begin();
      for (let version = 0; version < 5; version += 1) {
        const more = version === 3 ? { keep: 0 } : {};
        expect(await store.append(key(), turn('x', more), { expectedVersion: version })).toEqual({
          status: 'appended',
          version: version + 1,
        });
      }
    });
  });

  describe('R4', () => {
    test('[R4] a wrong expected version changes nothing', async () => {
      const { store } = await begin();
      expect(await store.append(key(), turn('x'), { expectedVersion: 1 })).toEqual({ status: 'conflict' });
      expect(await store.read(key())).toEqual({ status: 'missing' });
      await fill(store, key(), 2);
      const before = await store.read(key());
      for (const expectedVersion of [0, 1, 3]) {
        const late = marked('late', 'k');
        expect(await store.append(key(), late, { expectedVersion })).toEqual({ status: 'conflict' });
      }
      expect(await store.read(key())).toEqual(before);
      expect(await store.recall(key(), 'k')).toBeUndefined();
    });

    test('[R4] [S9] of a hundred at the same time one wins, again and again', async () => {
      const { store } = await begin();
      for (let version = 0; version < rounds; version += 1) {
        const appends = Array.from({ length: 100 }, () =>
          store.append(key(), turn(String(version)), { expectedVersion: version }),
        );
        const statuses = (await Promise.all(appends)).map(({ status }) => status).toSorted();
        expect(statuses).toEqual(['appended', ...Array(99).fill('conflict')]);
      }
      const session = await found(store, key());
      expect(session?.version).toBe(rounds);
      expect(saidIn(session)).toEqual(Array.from({ length: rounds }, (_, version) => String(version)));
    });

    test('[R4] [S12] [S13] a session that was deleted meanwhile is not brought back', async () => {
      const { store } = await begin();
      await fill(store, key(), 2);
      await store.delete(key());
      expect(await store.append(key(), turn('3'), { expectedVersion: 2 })).toEqual({ status: 'conflict' });
      expect(await store.read(key())).toEqual({ status: 'missing' });
    });
  });

  test('[R4] [S12] nor one that has expired meanwhile', async () => {
    const { store, wait } = await begin();
    await fill(store, key(), 2);
    await wait(roomy.sessionIdleMs);
    expect(await store.append(key(), turn('3'), { expectedVersion: 2 })).toEqual({ status: 'conflict' });
    expect(await store.read(key())).toEqual({ status: 'expired' });
    expect((await store.list({ owner: 'ada', limit: 9 })).sessions).toEqual([]);
  });

  describe('R5', () => {
    test('[R5] a known turn changes nothing and answers with its version', async () => {
      const { store } = await begin();
      const first = turn('1');
      await store.append(key(), first, { expectedVersion: 0 });
      await store.append(key(), turn('2'), { expectedVersion: 1 });
      const before = await store.read(key());
      for (const expectedVersion of [0, 2, 7]) {
        expect(await store.append(key(), first, { expectedVersion })).toEqual({
          status: 'duplicate',
          version: 1,
        });
      }
      expect(await store.read(key())).toEqual(before);
    });

    test('[R5] in another session it is not known', async () => {
      const { store } = await begin();
      const one = turn('1');
      await store.append(key('a'), one, { expectedVersion: 0 });
      expect((await store.append(key('b'), one, { expectedVersion: 0 })).status).toBe('appended');
    });
  });

  describe('R6', () => {
    test('[R6] everything comes back in order and as it was given', async () => {
      const { store } = await begin();
      const odd = 'é🌊\u0000\u2028\r\n"\\ \ud83c';
      const added: Message[] = [
        {
          role: 'user',
          content: [
            { type: 'text', text: odd },
            { type: 'image', url: 'https://x', detail: 'low' },
          ],
        },
        { role: 'system', content: [{ type: 'text', text: '' }] },
        {
          role: 'assistant',
          toolCalls: [{ id: 'c', nativeId: 'n:1', name: 'a.b', arguments: ' {"b" :1,"a":1.0} ' }],
        },
        {
          role: 'tool',
          toolCallId: 'c',
          content: [{ type: 'document', data: { 10: odd, 9: null }, id: 'd' }],
        },
        { role: 'user', content: '' },
      ];
      const message: Message = {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: odd },
          { type: 'text', text: odd },
        ],
        toolPlan: odd,
        citations: [{ start: 0, end: 1, text: odd, sources: [{ id: 'd' }], type: 'PLAN', contentIndex: 1 }],
      };
      const { reply } = turn('');
      await store.append(key(), turn('1'), { expectedVersion: 0 });
      await store.append(key(), turn('', { added, reply: { ...reply, message } }), { expectedVersion: 1 });
      const read = await found(store, key());
      expect(JSON.stringify(read?.messages.slice(2))).toBe(JSON.stringify([...added, message]));
    });
  });
}
