// How a client names a session, and what it may bring to it. XD3, XD4, XD8, XD9; system text alone. On both stores, in
// JSON and in streams; what Cohere is sent is looked at.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ask, expectAnswered, expectFailed, goodAnswer } from '../support/outcome.ts';
import { type Pair, startPair } from '../support/start.ts';
import { json } from '../support/upstream-script.ts';

const model = 'command-a-03-2025';
const user = (content: unknown) => ({ role: 'user', content });
const assistant = (content: string) => ({ role: 'assistant', content });
const system = (content: string) => ({ role: 'system', content });

interface Sent {
  readonly role: string;
  readonly content?: string | readonly { readonly type: string; readonly text?: string }[];
  readonly tool_calls?: readonly { readonly id: string; readonly function: { readonly arguments: string } }[];
}

/** Role and text of each message of the newest chat request. */
function sentTo({ fake }: Pair): string[] {
  const sent = fake.chatRequests.at(-1);
  if (!sent) throw new Error('Cohere was not asked');
  const { messages } = sent.json as { messages: readonly Sent[] };
  return messages.map(({ role, content, tool_calls: calls }) => {
    const text =
      typeof content === 'string' ? content : (content ?? []).map(part => part.text ?? part.type).join('|');
    return [role, text, ...(calls ?? []).map(call => call.function.arguments)].filter(Boolean).join(' ');
  });
}

const callAnswer = (...calls: readonly [id: string, args: string][]) => ({
  id: 'x',
  finish_reason: 'TOOL_CALL',
  message: {
    role: 'assistant',
    tool_plan: 'I look.',
    tool_calls: calls.map(([id, args]) => ({
      id,
      type: 'function',
      function: { name: 'look', arguments: args },
    })),
  },
  usage: { tokens: { input_tokens: 1, output_tokens: 1 } },
});
const tools = [
  { type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } },
];

const cases = ['memory', 'sqlite'].flatMap(store => [false, true].map(stream => ({ store, stream })));

describe.each(cases)('in $store, stream $stream', ({ store, stream }) => {
  async function start() {
    const directory = mkdtempSync(join(tmpdir(), 'cohere-proxy-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const sessionStore = store === 'memory' ? 'memory:' : `sqlite:${join(directory, 'sessions.db')}`;
    const pair = await startPair({ sessionStore });
    pair.fake.setDefault(() => json(goodAnswer('ok')));
    const say = (body: object, headers?: Record<string, string>) => ask(pair, { stream, ...body }, headers);
    return { pair, say, stateOf: async (body: object) => (await say(body)).headers.get('x-session-state') };
  }

  /** A session that waits for the results of its calls. */
  async function startWaiting(...calls: readonly [id: string, args: string][]) {
    const started = await start();
    started.pair.fake.replyJson(callAnswer(...calls));
    const begun = await started.say({ message: 'What is there?', sessionId: 'mine', tools });
    const own = {
      role: 'assistant',
      content: null,
      tool_calls: begun.toolCalls.map(({ id, name, arguments: args }) => ({
        id,
        type: 'function',
        function: { name, arguments: args },
      })),
    };
    const resultOf = (index: number, content: string) => ({
      role: 'tool',
      tool_call_id: begun.toolCalls[index]?.id,
      content,
    });
    return { ...started, own, resultOf };
  }

  describe('XD3 the own open call, its result, and what the user says', () => {
    it.each([false, true])('XD3 goes on; a user message behind it: %s', async withUser => {
      const { pair, say, own, resultOf } = await startWaiting(['a', '{"place":"Oslo"}']);
      const more = withUser ? [user('quickly')] : [];
      const answer = await say({ sessionId: 'mine', messages: [own, resultOf(0, 'fjord'), ...more] });
      expectAnswered(answer, 'ok');
      expect([answer.sessionId, answer.headers.get('x-session-state')]).toEqual(['mine', 'continued']);
      const sent = sentTo(pair);
      expect(sent[0]).toBe('user What is there?');
      expect(sent[1]).toContain('{"place":"Oslo"}');
      expect(sent.slice(2)).toEqual(['tool fjord', ...(withUser ? ['user quickly'] : [])]);
      expect(answer.messages?.map(({ role }) => role)).toEqual([
        'user',
        'assistant',
        'tool',
        ...(withUser ? ['user'] : []),
        'assistant',
      ]);
    });

    it('XD3 with two calls, arguments written anew, and `history: append`', async () => {
      const { pair, say, own, resultOf } = await startWaiting(
        ['a', '{"place":"Oslo"}'],
        ['b', '{"place":"Rome"}'],
      );
      const [first, second] = own.tool_calls;
      const anew = {
        ...own,
        tool_calls: [{ ...first, function: { name: 'look', arguments: '{ "place": "Oslo" }' } }, second],
      };
      const answer = await say({
        sessionId: 'mine',
        history: 'append',
        messages: [anew, resultOf(0, 'fjord'), resultOf(1, 'forum')],
      });
      expect(answer.headers.get('x-session-state')).toBe('continued');
      expect(sentTo(pair).slice(2)).toEqual(['tool fjord', 'tool forum']);
    });

    it('XD3 a call that was edited is what the client says it ran', async () => {
      const { pair, say, own, resultOf } = await startWaiting(['a', '{"place":"Oslo"}']);
      const [call] = own.tool_calls;
      const edited = {
        ...own,
        tool_calls: [{ ...call, function: { name: 'look', arguments: '{"place":"Rome"}' } }],
      };
      const answer = await say({ sessionId: 'mine', messages: [edited, resultOf(0, 'forum')] });
      expect([answer.sessionId, answer.headers.get('x-session-state')]).toEqual(['mine', 'forked']);
      const sent = sentTo(pair);
      expect(sent[0]).toBe('user What is there?');
      expect(sent.join()).toContain('Rome');
      expect(sent.join()).not.toContain('Oslo');
    });

    it('XD3 `history: replace` replaces, and another call is another history', async () => {
      const { pair, say, own, resultOf } = await startWaiting(['a', '{"place":"Oslo"}']);
      await say({ sessionId: 'mine', history: 'replace', messages: [user('anew'), own, resultOf(0, 'x')] });
      expect(sentTo(pair)[0]).toBe('user anew');
      const foreign = {
        ...own,
        tool_calls: [{ id: 'other', type: 'function', function: { name: 'look', arguments: '{}' } }],
      };
      const result = { role: 'tool', tool_call_id: 'other', content: 'x' };
      await say({ sessionId: 'mine', messages: [user('once more'), foreign, result] });
      expect(sentTo(pair)[0]).toBe('user once more');
    });
  });

  describe('XD4 other names for sessionId', () => {
    it.each<[string, (id: string) => [object, Record<string, string>]]>([
      ['session_id in the body', id => [{ session_id: id }, {}]],
      ['the header X-Session-Id', id => [{}, { 'x-session-id': id }]],
    ])('XD4 %s: an id of ours, with a message or one new message', async (_name, naming) => {
      const { pair, say } = await start();
      const { sessionId: made = '' } = await say({ message: 'one' });
      const [body, headers] = naming(made);
      const second = await say({ message: 'two', ...body }, headers);
      expect([second.sessionId, second.headers.get('x-session-state')]).toEqual([made, 'continued']);
      const third = await say({ model, messages: [user('three')], ...body }, headers);
      expect([third.sessionId, third.headers.get('x-session-state')]).toEqual([made, 'continued']);
      expect(sentTo(pair).filter(line => line.startsWith('user'))).toEqual([
        'user one',
        'user two',
        'user three',
      ]);
      expect(third.headers.get('x-dropped-parameters')).toBeNull();
      const [unknown, unknownHeaders] = naming('sess_0123456789012345678901');
      expectFailed(await say({ message: 'x', ...unknown }, unknownHeaders), 'session_not_found', 404);
    });

    it.each<[string, (id: string) => [object, Record<string, string>]]>([
      ['session_id in the body', id => [{ session_id: id }, {}]],
      ['the header X-Session-Id', id => [{}, { 'x-session-id': id }]],
    ])('XD4 %s: a name of the client beside `message`; else a label', async (name, naming) => {
      const { pair, say } = await start();
      const [body, headers] = naming('my-trip');
      for (const state of ['new', 'continued']) {
        const answer = await say({ message: 'hello', ...body }, headers);
        expect([answer.sessionId, answer.headers.get('x-session-state')]).toEqual(['my-trip', state]);
      }
      const grouped = await say({ model, messages: [user('of its own')], ...body }, headers);
      expect(grouped.headers.get('x-session-state')).toBe('new');
      expect(grouped.sessionId).toMatch(/^sess_/);
      const list = (await (await pair.send('GET', '/v1/sessions?label=my-trip')).json()) as {
        data: { id: string }[];
      };
      expect(list.data.map(({ id }) => id)).toEqual([grouped.sessionId]);
      const [bad, badHeaders] = naming('no name: spaces');
      const refused = await say({ message: 'x', ...bad }, badHeaders);
      expectFailed(refused, 'invalid_value', 400);
      expect(refused.error?.param).toBe(name.startsWith('session_id') ? 'session_id' : 'X-Session-Id');
    });

    it.each<[string, object, Record<string, string>]>([
      ['sessionId', { sessionId: 'sess_gone' }, {}],
      ['session_id', { session_id: 'sess_gone' }, {}],
      ['X-Session-Id', {}, { 'x-session-id': 'sess_gone' }],
    ])('XD4 an unknown id of ours is told by the name it came under: %s', async (name, body, headers) => {
      const { say } = await start();
      for (const more of [{ message: 'x' }, { model, messages: [user('x')] }]) {
        const refused = await say({ ...more, ...body }, headers);
        expectFailed(refused, 'session_not_found', 404);
        expect(refused.error?.param).toBe(name);
      }
    });

    it('XD4 sessionId goes before both', async () => {
      const { say } = await start();
      const answer = await say(
        { sessionId: 'first', session_id: 'second', message: 'x' },
        { 'x-session-id': 'third' },
      );
      expect(answer.sessionId).toBe('first');
    });

    it.each<[string, object, string, Record<string, string>]>([
      ['sessionid', { sessionid: 'trip' }, '', {}],
      ['sessionID', { sessionID: 'trip' }, '', {}],
      ['session-id', { 'session-id': 'trip' }, '', {}],
      ['sesionId', { sesionId: 'trip' }, '', {}],
      ['sessoinId', { sessoinId: 'trip' }, '', {}],
      ['?sessionIdd', {}, '?sessionIdd=trip', {}],
      ['?sessionId', {}, '?sessionId=trip', {}],
      ['?session_id', {}, '?session_id=trip', {}],
      ['sessionid', {}, '', { sessionid: 'trip' }],
      ['x-sessionid', {}, '', { 'x-sessionid': 'trip' }],
      ['session-id', {}, '', { 'session-id': 'sess_AAAAAAAAAAAAAAAAAAAAAA' }],
      ['x-session-affinity', {}, '', { 'x-session-affinity': 'sess_AAAAAAAAAAAAAAAAAAAAAA' }],
    ])('XD4 a near miss (%s) is told', async (name, body, query, headers) => {
      const { pair } = await start();
      const post = (more: object) =>
        pair.send('POST', `/v1/chat/completions${query}`, {
          headers: { 'content-type': 'application/json', ...headers },
          body: JSON.stringify({ stream, ...more, ...body }),
        });
      const beside = await post({ message: 'x' });
      expect(beside.status).toBe(400);
      const { error } = (await beside.json()) as { error: { param: string; message: string } };
      expect(error.param).toBe(name);
      expect(error.message).toContain('sessionId');
      expect(pair.fake.chatRequests).toEqual([]);
      for (const more of [
        { model, messages: [user('x')] },
        { message: 'x', sessionId: 'mine' },
      ]) {
        const elsewhere = await post(more);
        expect([elsewhere.status, elsewhere.headers.get('x-dropped-parameters')]).toEqual([200, name]);
        await elsewhere.text();
      }
    });
  });

  it.each<[object, string, string]>([
    [{ mesage: 'x' }, 'mesage', 'message'],
    [{ sessionId: 's', Message: 'x' }, 'Message', 'message'],
    [{ model, mesages: [user('x')] }, 'mesages', 'messages'],
    [{ model, massages: [user('x')] }, 'massages', 'messages'],
    [{ prompt: 'x' }, 'prompt', 'message'],
  ])('XD4 %j: what may have been meant is told', async (body, given, meant) => {
    const { pair } = await start();
    const answer = await pair.post(body);
    expect(answer.status).toBe(400);
    const { error } = (await answer.json()) as { error: { code: string; param: string; message: string } };
    expect(error).toMatchObject({ code: 'missing_required_parameter', param: 'messages' });
    expect(error.message).toContain(`Is '${given}' meant to be '${meant}'?`);
    expect(pair.fake.chatRequests).toEqual([]);
  });

  describe('XD8 nothing new', () => {
    const nothing: Record<string, object> = {
      'messages: []': { messages: [] },
      'message: ""': { message: '' },
      'an empty part': { message: [{ type: 'text', text: '' }] },
      'append of []': { messages: [], history: 'append' },
    };

    it.each(Object.entries(nothing))(
      'XD8 %s: a fork that ends in what the user said is answered',
      async (_what, body) => {
        const { pair, say } = await start();
        await say({ message: 'one', sessionId: 'mine' });
        await say({ message: 'two', sessionId: 'mine' });
        const fork = await pair.send('POST', '/v1/sessions/mine/fork', {
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ message_count: 3, session_id: 'branch' }),
        });
        expect(fork.status).toBe(200);
        const answer = await say({ sessionId: 'branch', ...body });
        expectAnswered(answer, 'ok');
        expect([answer.sessionId, answer.headers.get('x-session-state')]).toEqual(['branch', 'continued']);
        expect(sentTo(pair)).toEqual(['user one', 'assistant ok', 'user two']);
        expect(answer.messages?.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant']);
        // Now it has its answer.
        const again = await say({ sessionId: 'branch', ...body });
        expectFailed(again, 'invalid_value', 400);
        expect(again.error?.message).toContain('last message is one');
      },
    );

    it('XD8 one that ends in a result too', async () => {
      const { pair, say, own, resultOf } = await startWaiting(['a', '{}']);
      await say({ sessionId: 'mine', messages: [own, resultOf(0, 'fjord')] });
      await pair.send('POST', '/v1/sessions/mine/fork', {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ message_count: 3, session_id: 'branch' }),
      });
      expectAnswered(await say({ sessionId: 'branch', messages: [] }), 'ok');
      expect(sentTo(pair).at(-1)).toBe('tool fjord');
    });

    it.each<[string, object, string, string]>([
      ['no session', { model, messages: [] }, 'empty_array', 'messages'],
      ['no session, an empty message', { message: '' }, 'invalid_value', 'message'],
      ['a name that was never used', { sessionId: 'new', messages: [] }, 'invalid_value', 'messages'],
      [
        'replaced by nothing',
        { sessionId: 'new', messages: [], history: 'replace' },
        'empty_array',
        'messages',
      ],
      [
        'an unknown id of ours',
        { sessionId: 'sess_0123456789012345678901', messages: [] },
        'session_not_found',
        'sessionId',
      ],
    ])('XD8 %s: refused by us', async (_what, body, code, param) => {
      const { pair, say } = await start();
      const refused = await say(body);
      expectFailed(refused, code, code === 'session_not_found' ? 404 : 400);
      expect(refused.error?.param).toBe(param);
      expect(pair.fake.chatRequests).toEqual([]);
    });
  });

  it('XD9 a session that was named lives the long time, also where a whole conversation began it', async () => {
    const { pair, say } = await start();
    const whole = [user('one'), assistant('yes'), user('two')];
    await say({ model, sessionId: 'mine', messages: whole });
    const unnamed = await say({ model, messages: [user('other'), assistant('yes'), user('two')] });
    await say({ sessionId: 'said', message: 'x' });
    const livesS = async (id: string) => {
      const seen = (await (await pair.send('GET', `/v1/sessions/${id}`)).json()) as {
        expires_at: number;
        updated_at: number;
      };
      return seen.expires_at - seen.updated_at;
    };
    const long = await livesS('said');
    expect(await livesS('mine')).toBe(long);
    // In memory all live for half an hour.
    const short = await livesS(unnamed.sessionId ?? '');
    if (store === 'sqlite') expect(short).toBeLessThan(long);
    else expect(short).toBe(long);
  });

  describe('XB6 XE4 system text alone, an assistant message first or last, empty texts', () => {
    it.each<[string, object[], string[]]>([
      ['one system message', [system('Say hi.')], ['user Say hi.']],
      ['a developer message', [{ role: 'developer', content: 'Say hi.' }], ['user Say hi.']],
      ['two system messages', [system('Be short.'), system('Say hi.')], ['system Be short.', 'user Say hi.']],
      [
        'a system message and an answer',
        [system('Say hi.'), assistant('hi')],
        ['user Say hi.', 'assistant hi'],
      ],
      ['an empty user text beside it', [system('Say hi.'), user('')], ['user Say hi.']],
      ['an assistant message first', [assistant('hi'), user('you')], ['assistant hi', 'user you']],
      ['an assistant message last', [user('you'), assistant('hi')], ['user you', 'assistant hi']],
      [
        'an empty text in the middle',
        [user('a'), assistant('b'), user(''), user('c')],
        ['user a', 'assistant b', 'user c'],
      ],
      ['an empty text last', [user('a'), assistant('b'), user('')], ['user a', 'assistant b']],
    ])('XB6 %s: answered, and the conversation goes on', async (_what, messages, sent) => {
      const { pair, say } = await start();
      const answer = await say({ model, messages });
      expectAnswered(answer, 'ok');
      expect(sentTo(pair)).toEqual(sent);
      const next = await say({ model, messages: [...messages, assistant('ok'), user('and now?')] });
      expectAnswered(next, 'ok');
      expect(sentTo(pair).at(-1)).toBe('user and now?');
    });

    it.each<[string, object[]]>([
      ['an empty user text', [user('')]],
      ['no parts', [user([])]],
      ['null', [user(null)]],
      ['an empty system text', [system('')]],
      ['an answer alone', [assistant('hi')]],
    ])('XB6 %s: 400 from us, and Cohere is not asked', async (_what, messages) => {
      const { pair, say } = await start();
      const refused = await say({ model, messages });
      expectFailed(refused, 'invalid_value', 400);
      expect(refused.error?.param).toBe('messages');
      expect(pair.fake.chatRequests).toEqual([]);
    });

    it('XB6 a session begun by system text alone goes on', async () => {
      const { pair, say } = await start();
      await say({ sessionId: 'mine', messages: [system('Say hi.')] });
      expect(sentTo(pair)).toEqual(['user Say hi.']);
      await say({ sessionId: 'mine', message: 'and now?' });
      expect(sentTo(pair)).toEqual(['system Say hi.', 'assistant ok', 'user and now?']);
    });
  });
});
