// The contract of src/store/session-store.ts as a suite: every store runs it. Time moves only when a test says so.
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { ProxyError } from '../../src/conversation/errors.ts';
import type { Message } from '../../src/conversation/message.ts';
import type { Session, SessionKey, Turn } from '../../src/conversation/session.ts';
import type { SessionStore } from '../../src/store/session-store.ts';
import { fromSeed } from '../properties/from-seed.ts';

export interface StoreSettings {
  readonly sessionIdleMs: number;
  readonly tombstoneMs: number;
  readonly sessionBytes: number;
  readonly sessionMessages: number;
}

export interface StoreUnderTest {
  readonly store: SessionStore;
  /** Moves the clock. */
  wait(ms: number): void;
}

export type StartStore = (settings: StoreSettings) => Promise<StoreUnderTest>;

export const roomy: StoreSettings = {
  sessionIdleMs: 1_000,
  tombstoneMs: 10_000,
  sessionBytes: 1_000_000,
  sessionMessages: 1_000,
};

export const key = (id = 's', user?: string, owner = 'ada'): SessionKey => ({ owner, user, id });

let made = 0;

/** A turn with a new id that appends to everything, where nothing else is said. */
export function turn(said: string, more: Partial<Turn> = {}): Turn {
  made += 1;
  return {
    id: `turn_${made}`,
    model: 'm',
    dialect: 'session',
    system: [],
    tools: [],
    keep: Number.MAX_SAFE_INTEGER,
    added: [{ role: 'user', content: said }],
    reply: {
      message: { role: 'assistant', content: 'noted' },
      finishReason: 'stop',
      rawFinishReason: 'COMPLETE',
    },
    answerId: `chatcmpl-${made}`,
    createdAtMs: 0,
    ...more,
  };
}

const marked = (said: string, markKey: string, more: Partial<Turn> = {}) =>
  turn(said, { mark: { key: markKey, fingerprint: `of ${said}`, ttlMs: 500 }, ...more });

async function found(store: SessionStore, of: SessionKey): Promise<Session | undefined> {
  const read = await store.read(of);
  return read.status === 'found' ? read.session : undefined;
}

const saidIn = (session: Session | undefined) =>
  session?.messages.filter(({ role }) => role === 'user').map(({ content }) => content);

export const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'works',
    (error: unknown) => (error instanceof ProxyError ? error.code : String(error)),
  );

export function testSessionStore(start: StartStore): void {
  const open: SessionStore[] = [];

  async function begin(settings: Partial<StoreSettings> = {}): Promise<StoreUnderTest> {
    const started = await start({ ...roomy, ...settings });
    open.push(started.store);
    return started;
  }

  afterEach(async () => {
    for (const store of open.splice(0)) await store.close();
  });

  /** A session of so many turns: `1`, `2`, … */
  async function fill(store: SessionStore, of: SessionKey, turns = 1): Promise<void> {
    for (let version = 0; version < turns; version += 1) {
      const appended = await store.append(of, turn(String(version + 1)), { expectedVersion: version });
      expect(appended.status).toBe('appended');
    }
  }

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

  describe('R7', () => {
    const spaces = [
      key('s'),
      key('s', ''),
      key('s', 'bob'),
      key('s', undefined, 'eve'),
      key('s', 'bob', 'eve'),
      key('s', 'a\nb'),
      key('s', 'us'),
    ];

    test('[R7] one space never sees what is in another', async () => {
      const { store } = await begin();
      for (const [index, space] of spaces.entries()) {
        expect(await store.read(space)).toEqual({ status: 'missing' });
        await store.append(space, marked(`in ${index}`, 'k'), { expectedVersion: 0 });
      }
      for (const [index, space] of spaces.entries()) {
        expect(saidIn(await found(store, space))).toEqual([`in ${index}`]);
        expect((await store.recall(space, 'k'))?.turn.mark?.fingerprint).toBe(`of in ${index}`);
        expect((await found(store, space))?.key).toEqual(space);
      }
      expect(await store.delete(spaces[0] ?? key())).toBe(true);
      expect(await store.read(key('s'))).toEqual({ status: 'missing' });
      for (const space of spaces.slice(1)) expect((await store.read(space)).status).toBe('found');
    });

    test('[R7] an expired session of one space is only missing in another', async () => {
      const { store, wait } = await begin();
      await fill(store, key('s', 'bob'));
      wait(roomy.sessionIdleMs);
      expect((await store.read(key('s', 'bob'))).status).toBe('expired');
      expect((await store.read(key('s'))).status).toBe('missing');
      expect((await store.read(key('s', 'bob', 'eve'))).status).toBe('missing');
    });

    test('[R7] lists and finds are of one owner', async () => {
      const { store } = await begin();
      for (const space of spaces) await fill(store, space);
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

  describe('R8', () => {
    test('[R8] a session that is too large or too long is told so', async () => {
      const { store } = await begin({ sessionBytes: 5_000, sessionMessages: 5 });
      await fill(store, key('long'), 2);
      expect(await codeOf(store.append(key('long'), turn('3'), { expectedVersion: 2 }))).toBe('store_full');
      const large = turn('x'.repeat(6_000));
      expect(await codeOf(store.append(key('large'), large, { expectedVersion: 0 }))).toBe('store_full');
      expect(saidIn(await found(store, key('long')))).toEqual(['1', '2']);
    });

    test('[R8] what is replaced no longer counts', async () => {
      const { store } = await begin({ sessionBytes: 5_000, sessionMessages: 5 });
      for (let version = 0; version < 9; version += 1) {
        const large = turn('x'.repeat(3_000), { keep: 0 });
        expect((await store.append(key(), large, { expectedVersion: version })).status).toBe('appended');
      }
    });
  });

  describe('R9', () => {
    test('[R9] a full session can be read, listed, found and deleted', async () => {
      const { store } = await begin({ sessionMessages: 2 });
      await fill(store, key());
      expect(await codeOf(store.append(key(), turn('2'), { expectedVersion: 1 }))).toBe('store_full');
      expect((await store.read(key())).status).toBe('found');
      expect((await store.list({ owner: 'ada', limit: 9 })).sessions.length).toBe(1);
      expect((await store.find('ada', 's')).length).toBe(1);
      await store.check();
      expect(await store.delete(key())).toBe(true);
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
        () => store.append(key(), turn('2'), { expectedVersion: 1 }),
        () => store.recall(key(), 'k'),
        () => store.list({ owner: 'ada', limit: 9 }),
        () => store.find('ada', 's'),
        () => store.delete(key()),
        () => store.check(),
      ];
      for (const call of calls) expect(await codeOf(call())).toBe('store_unavailable');
    });
  });

  describe('R11', () => {
    test('[R11] a marked turn is recalled, with its version and the session as it stands', async () => {
      const { store } = await begin();
      expect(await store.recall(key(), 'k')).toBeUndefined();
      const one = marked('1', 'k');
      await store.append(key(), one, { expectedVersion: 0 });
      await store.append(key(), turn('2'), { expectedVersion: 1 });
      const recalled = await store.recall({ owner: 'ada', user: undefined }, 'k');
      expect(recalled?.turn).toEqual(one);
      expect(recalled?.version).toBe(1);
      expect(recalled?.session.version).toBe(2);
    });

    test('[R11] not after its time, not after its session, and not under another key', async () => {
      const { store, wait } = await begin();
      await store.append(key(), marked('1', 'k'), { expectedVersion: 0 });
      await store.append(key('t'), marked('1', 'other'), { expectedVersion: 0 });
      expect(await store.recall(key(), 'K')).toBeUndefined();
      await store.delete(key('t'));
      expect(await store.recall(key(), 'other')).toBeUndefined();
      wait(499);
      expect(await store.recall(key(), 'k')).toBeDefined();
      wait(1);
      expect(await store.recall(key(), 'k')).toBeUndefined();
    });

    test('[R11] of two turns with one mark the later is meant', async () => {
      const { store } = await begin();
      await store.append(key(), marked('1', 'k'), { expectedVersion: 0 });
      await store.append(key('t'), marked('2', 'k'), { expectedVersion: 0 });
      expect((await store.recall(key(), 'k'))?.turn.mark?.fingerprint).toBe('of 2');
    });
  });

  describe('R12', () => {
    test('[R12] an idle session expires and leaves a tombstone for a while', async () => {
      const { store, wait } = await begin();
      await fill(store, key());
      wait(roomy.sessionIdleMs - 1);
      expect((await store.list({ owner: 'ada', limit: 9 })).sessions.length).toBe(1);
      wait(1);
      expect(await store.list({ owner: 'ada', limit: 9 })).toEqual({ sessions: [], hasMore: false });
      expect(await store.find('ada', 's')).toEqual([]);
      expect(await store.read(key())).toEqual({ status: 'expired' });
      expect(await store.delete(key())).toBe(false);
      wait(roomy.tombstoneMs);
      expect(await store.read(key())).toEqual({ status: 'missing' });
    });

    test('[R12] each turn keeps it alive', async () => {
      const { store, wait } = await begin();
      await fill(store, key());
      for (let version = 1; version < 4; version += 1) {
        wait(roomy.sessionIdleMs - 1);
        await store.append(key(), turn('x'), { expectedVersion: version });
      }
      expect((await found(store, key()))?.version).toBe(4);
    });

    test('[R12] its name can be begun anew, and then it is there', async () => {
      const { store, wait } = await begin();
      await fill(store, key(), 3);
      wait(roomy.sessionIdleMs);
      expect((await store.read(key())).status).toBe('expired');
      expect(await store.append(key(), turn('anew'), { expectedVersion: 0 })).toEqual({
        status: 'appended',
        version: 1,
      });
      expect(saidIn(await found(store, key()))).toEqual(['anew']);
    });

    test('[R12] a deleted session leaves nothing', async () => {
      const { store } = await begin();
      await fill(store, key(), 2);
      expect(await store.delete(key())).toBe(true);
      expect(await store.delete(key())).toBe(false);
      expect(await store.read(key())).toEqual({ status: 'missing' });
      await fill(store, key());
      expect(saidIn(await found(store, key()))).toEqual(['1']);
    });
  });

  describe('lists', () => {
    test('newest first, in pages', async () => {
      const { store, wait } = await begin();
      for (const id of ['a', 'b', 'c', 'd', 'e']) {
        wait(1);
        await fill(store, key(id));
      }
      wait(1);
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

    test('a summary says how much was said', async () => {
      const { store } = await begin();
      const system = [{ role: 'system', content: 'a' }] as const;
      await store.append(key('s', 'bob'), turn('1', { system }), { expectedVersion: 0 });
      const [summary] = (await store.list({ owner: 'ada', limit: 9 })).sessions;
      expect(summary).toMatchObject({ id: 's', user: 'bob', model: 'm', messageCount: 3 });
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
        const { store } = await start(roomy);
        const lists = new Map<string, { version: number; texts: unknown[]; turns: Map<string, number> }>();
        let last = turn('first');
        for (const [at, { what, id, off, keep }] of operations.entries()) {
          const list = lists.get(id) ?? { version: 0, texts: [], turns: new Map() };
          const expectedVersion = Math.max(0, list.version + off);
          if (what === 'delete') {
            expect(await store.delete(key(id))).toBe(list.version > 0);
            lists.delete(id);
          } else if (what === 'read') {
            const texts = (await found(store, key(id)))?.messages.map(({ content }) => content);
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
