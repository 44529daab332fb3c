// R1 to R6: what a turn does to its session.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Message } from '../../src/conversation/message.ts';
import { fromSeed } from '../properties/from-seed.ts';
import { type BeginStore, codeOf, fill, found, key, marked, saidIn, turn } from './given.ts';

export function testTurns(begin: BeginStore): void {
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
      wait(7);
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

    test('[R4] of appends at the same time one wins', async () => {
      const { store } = await begin();
      const results = await Promise.all(
        Array.from({ length: 5 }, (_, index) =>
          store.append(key(), turn(String(index)), { expectedVersion: 0 }),
        ),
      );
      expect(results.map(({ status }) => status).toSorted()).toEqual([
        'appended',
        ...Array(4).fill('conflict'),
      ]);
      expect((await found(store, key()))?.messages.length).toBe(2);
    });

    test('[R4] a session that was deleted meanwhile is not brought back', async () => {
      const { store } = await begin();
      await fill(store, key(), 2);
      await store.delete(key());
      expect(await store.append(key(), turn('3'), { expectedVersion: 2 })).toEqual({ status: 'conflict' });
      expect(await store.read(key())).toEqual({ status: 'missing' });
    });
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

  const operation = fc.record({
    what: fc.constantFrom('append', 'append', 'append', 'repeat', 'delete', 'read'),
    id: fc.constantFrom('a', 'b'),
    off: fc.constantFrom(0, 0, 0, 1, -1),
    keep: fc.constantFrom(0, 1, 2, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  });

  test('[R3] [R4] [R5] whatever is done, it is what a plain list would hold', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 20 }), async operations => {
        const { store } = await begin();
        const lists = new Map<string, { version: number; texts: unknown[]; turns: Map<string, number> }>();
        let last = turn('first');
        for (const [at, { what, id, off, keep }] of operations.entries()) {
          const list = lists.get(id) ?? { version: 0, texts: [], turns: new Map() };
          const expectedVersion = Math.max(0, list.version + off);
          if (what === 'delete') {
            expect(await store.delete(key(id))).toBe(list.version > 0);
            lists.delete(id);
          } else if (what === 'read') {
            const texts = (await found(store, key(id)))?.messages.slice().map(({ content }) => content);
            expect(texts).toEqual(list.version > 0 ? list.texts : undefined);
          } else {
            if (what === 'append') last = turn(`said ${at}`, { keep });
            const version = list.turns.get(last.id);
            const appended = await store.append(key(id), last, { expectedVersion });
            if (version !== undefined) expect(appended).toEqual({ status: 'duplicate', version });
            else if (expectedVersion !== list.version) expect(appended).toEqual({ status: 'conflict' });
            else {
              expect(appended).toEqual({ status: 'appended', version: list.version + 1 });
              const said = [...last.added, last.reply.message].map(({ content }) => content);
              list.texts = [...list.texts.slice(0, last.keep), ...said];
              list.version += 1;
              list.turns.set(last.id, list.version);
              lists.set(id, list);
            }
          }
        }
        await store.close();
      }),
      fromSeed('store', 300),
    );
  });
}
