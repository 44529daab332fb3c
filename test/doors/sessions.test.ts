// The session dialect, as a client without any SDK speaks it, and what can be seen of sessions.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CohereProxyServer } from '../../src/index.ts';
import { readSse } from '../support/read-sse.ts';

interface Body {
  readonly sessionId: string | null;
  readonly reply?: string;
  readonly messages?: readonly { readonly role: string; readonly content: unknown }[];
  readonly choices: readonly { readonly message: { readonly content: string | null } }[];
  readonly error: { readonly code: string; readonly param: string | null; readonly details?: object };
}
interface Page {
  readonly data: readonly {
    readonly id: string;
    readonly user: string | null;
    readonly message_count: number;
  }[];
  readonly last_id: string | null;
  readonly has_more: boolean;
}

class RunningProxy {
  readonly #server: CohereProxyServer;
  #url = '';

  constructor(options: ConstructorParameters<typeof CohereProxyServer>[0] = {}) {
    this.#server = new CohereProxyServer({
      offline: true,
      port: 0,
      sessionStore: 'memory:',
      logLevel: 'silent',
      ...options,
    });
  }

  async start(): Promise<this> {
    this.#url = (await this.#server.listen()).url;
    return this;
  }

  stop(): Promise<void> {
    return this.#server.close();
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(this.#url + path, init);
  }

  post(body: object, path = '/v1/chat/completions'): Promise<Response> {
    const headers = { 'content-type': 'application/json' };
    return this.fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  async chat(body: object) {
    const response = await this.post(body);
    const answer = (await response.json()) as Body;
    const { status, headers } = response;
    return { status, state: headers.get('x-session-state'), header: headers.get('x-session-id'), ...answer };
  }

  async list(query = ''): Promise<Page> {
    const response = await this.fetch(`/v1/sessions${query}`);
    expect(response.status).toBe(200);
    return (await response.json()) as Page;
  }

  async code(path: string, method = 'GET'): Promise<string> {
    const response = await this.fetch(path, { method });
    return response.ok ? 'works' : ((await response.json()) as Body).error.code;
  }
}

let proxy: RunningProxy;
beforeAll(async () => {
  proxy = await new RunningProxy().start();
});
afterAll(() => proxy.stop());

const user = (content: string) => ({ role: 'user', content });
const said = (content: string) => ({ role: 'assistant', content });
const unused = 'sess_AAAAAAAAAAAAAAAAAAAAAA';

let names = 0;
const newName = () => {
  names += 1;
  return `mine-${names}`;
};

describe('a message', () => {
  test('begins a session, and the next one continues it', async () => {
    const first = await proxy.chat({ message: 'My name is Ada.' });
    expect(first).toMatchObject({ status: 200, state: 'new', header: first.sessionId });
    expect(first.sessionId).toMatch(/^sess_[A-Za-z0-9_-]{22}$/);
    expect(first.reply).toBe(first.choices[0]?.message.content);
    expect(first.messages).toMatchObject([user('My name is Ada.'), said(String(first.reply))]);

    const { sessionId } = first;
    const second = await proxy.chat({ message: 'What is my name?', sessionId });
    expect(second).toMatchObject({ status: 200, state: 'continued', sessionId, header: sessionId });
    expect(second.reply).toContain('Ada');
    expect(second.messages?.length).toBe(4);
  });

  test('in a stream: the session is in the headers, and on the last chunk', async () => {
    const response = await proxy.post({ message: 'My name is Ada.', stream: true });
    const sessionId = response.headers.get('x-session-id');
    expect(response.headers.get('x-session-state')).toBe('new');
    const { frames, isDone } = await readSse(response);
    const chunks = frames as Body[];
    expect(isDone).toBe(true);
    expect(chunks.at(-1)).toMatchObject({
      sessionId,
      messages: [user('My name is Ada.'), { role: 'assistant' }],
    });
    expect(chunks.filter(chunk => 'sessionId' in chunk).length).toBe(1);
    const next = await proxy.chat({ message: 'What is my name?', sessionId });
    expect(next.reply).toContain('Ada');
  });

  test("under a name of the client's own", async () => {
    const sessionId = newName();
    expect(await proxy.chat({ message: 'My name is Ada.', sessionId })).toMatchObject({
      state: 'new',
      sessionId,
    });
    const next = await proxy.chat({ messages: [user('What is my name?')], sessionId });
    expect(next).toMatchObject({ state: 'continued', sessionId });
    expect(next.reply).toContain('Ada');
  });

  test('a system text is replaced, and remembered', async () => {
    const sessionId = newName();
    await proxy.chat({ messages: [{ role: 'system', content: 'One.' }, user('Hello')], sessionId });
    const kept = await proxy.chat({ message: 'Again', sessionId });
    expect(kept.messages?.[0]).toEqual({ role: 'system', content: 'One.' });
    const changed = await proxy.chat({
      messages: [{ role: 'developer', content: 'Two.' }, user('x')],
      sessionId,
    });
    expect(changed.messages?.filter(({ role }) => role === 'system')).toEqual([
      { role: 'system', content: 'Two.' },
    ]);
  });

  test('the model is the last one, else the configured one', async () => {
    const { sessionId } = await proxy.chat({ message: 'Hello', model: 'command-r-08-2024' });
    const next = await proxy.chat({ message: 'Again', sessionId });
    expect(next).toMatchObject({ model: 'command-r-08-2024' });
    expect(await proxy.chat({ message: 'Hello' })).toMatchObject({ model: 'command-a-03-2025' });
  });

  test('of several at the same time each is answered in turn', async () => {
    const sessionId = newName();
    const answers = await Promise.all(
      ['a', 'b', 'c', 'd'].map(message => proxy.chat({ message, sessionId })),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(answers.map(({ messages }) => messages?.length).toSorted()).toEqual([2, 4, 6, 8]);
  });

  test('a failed turn leaves no trace', async () => {
    const first = await proxy.chat({ message: 'simulate:429-month' });
    expect(first.status).toBe(429);
    expect(first.header).toBeNull();
    const { sessionId } = await proxy.chat({ message: 'My name is Ada.' });
    await proxy.chat({ message: 'simulate:422', sessionId });
    const next = await proxy.chat({ message: 'What is my name?', sessionId });
    expect(next.messages?.length).toBe(4);
  });
});

describe('a transcript', () => {
  const transcript = [user('My name is Ada.'), said('Hello Ada.'), user('What is my name?')];

  test('is answered, and leaves a session', async () => {
    const messages = [user('My name is Ada, and nobody said so before.'), ...transcript.slice(1)];
    const answer = await proxy.chat({ model: 'command-a-03-2025', messages });
    expect(answer).toMatchObject({ status: 200, state: 'new' });
    expect(answer).not.toHaveProperty('messages');
    expect(answer.choices[0]?.message.content).toContain('Ada');
    const next = await proxy.chat({ message: 'And again: what is my name?', sessionId: answer.sessionId });
    expect(next.messages?.length).toBe(6);
  });

  test('with an id replaces what was there', async () => {
    const { sessionId } = await proxy.chat({ message: 'My name is Eve.' });
    const replaced = await proxy.chat({ messages: transcript, sessionId, include_messages: true });
    expect(replaced).toMatchObject({ status: 200, sessionId });
    expect(replaced.reply).toContain('Ada');
    expect(replaced.messages?.slice(0, 3)).toMatchObject(transcript);
  });

  test('with an unknown made id gets a new one; nothing is lost', async () => {
    const answer = await proxy.chat({ messages: transcript, sessionId: unused });
    expect(answer).toMatchObject({ status: 200, state: 'new' });
    expect(answer.sessionId).not.toBe(unused);
  });

  test('is new messages where `history` says so, and the other way round', async () => {
    const { sessionId } = await proxy.chat({ message: 'My name is Ada.' });
    const appended = await proxy.chat({
      messages: [said('Hello Ada.'), user('What is my name?')],
      sessionId,
      history: 'append',
    });
    expect(appended.messages?.length).toBe(5);
    const replaced = await proxy.chat({
      messages: [user('Hello')],
      sessionId,
      history: 'replace',
      include_messages: true,
    });
    expect(replaced).toMatchObject({ status: 200, sessionId });
    expect(replaced.messages?.length).toBe(2);
  });
});

test('`include_messages` says whether the conversation comes along', async () => {
  expect(await proxy.chat({ message: 'Hello', include_messages: false })).not.toHaveProperty('messages');
  const asked = { model: 'command-a-03-2025', messages: [user('a'), said('b'), user('c')] };
  expect((await proxy.chat({ ...asked, include_messages: true })).messages?.length).toBe(4);
});

describe('an id that is none', () => {
  test.each(['', 'a b', '../x', 'ä', 'x'.repeat(129)])('%j is refused', async sessionId => {
    expect(await proxy.chat({ message: 'Hello', sessionId })).toMatchObject({
      status: 400,
      error: { code: 'invalid_value', param: 'sessionId' },
    });
  });

  test('an unknown made one is not found, and not begun', async () => {
    for (let time = 0; time < 2; time += 1) {
      const { status, error } = await proxy.chat({ message: 'Hello', sessionId: unused });
      expect({ status, error }).toMatchObject({
        status: 404,
        error: { code: 'session_not_found', param: 'sessionId' },
      });
      expect(error).not.toHaveProperty('details');
    }
  });

  test('an expired one is told apart; a transcript is answered all the same', async () => {
    const forgetful = await new RunningProxy({ limits: { sessionIdleMs: 1 } }).start();
    try {
      for (const name of [undefined, 'mine']) {
        const { sessionId } = await forgetful.chat({
          message: 'Hello',
          ...(name ? { sessionId: name } : {}),
        });
        // Until it has expired: the list does not count as use.
        while ((await forgetful.list()).data.length > 0);
        const { status, error } = await forgetful.chat({ message: 'Again', sessionId });
        expect({ status, error }).toMatchObject({
          status: 404,
          error: { code: 'session_not_found', details: { expired: true } },
        });
        const messages = [user('a'), said('b'), user('c')];
        expect(await forgetful.chat({ messages, sessionId })).toMatchObject({ status: 200, state: 'new' });
      }
    } finally {
      await forgetful.stop();
    }
  });
});

describe('the field `user` parts the sessions of one owner', () => {
  test('the same name is another session', async () => {
    const sessionId = newName();
    await proxy.chat({ message: 'My name is Ada.', sessionId, user: 'ada' });
    const other = await proxy.chat({ message: 'What is my name?', sessionId, user: 'bob' });
    expect(other).toMatchObject({ state: 'new' });
    expect(other.reply).not.toContain('Ada');
    const none = await proxy.chat({ message: 'What is my name?', sessionId });
    expect(none).toMatchObject({ state: 'new' });
  });

  test('a made id of another is as unknown as one that never was', async () => {
    const { sessionId } = await proxy.chat({ message: 'Hello', user: 'ada' });
    const error = async (id: string | null, as?: string) => {
      const { status, error: told } = await proxy.chat({
        message: 'x',
        sessionId: id,
        ...(as ? { user: as } : {}),
      });
      return JSON.stringify({ status, told }).replaceAll(String(id), 'ID');
    };
    expect(await error(sessionId, 'bob')).toBe(await error(unused, 'bob'));
    expect(await error(sessionId)).toBe(await error(unused));
  });

  test('the empty one is the space without `user`, as it is in lists', async () => {
    const sessionId = newName();
    await proxy.chat({ message: 'My name is Ada.', sessionId, user: '' });
    expect(await proxy.chat({ message: 'What is my name?', sessionId })).toMatchObject({
      state: 'continued',
    });
  });
});

describe('tools of a session', () => {
  const tools = [
    {
      type: 'function',
      function: {
        name: 'get_weather',
        parameters: { type: 'object', properties: { city: { type: 'string' } } },
      },
    },
  ];

  test('are remembered: a result can be given without them', async () => {
    const sessionId = newName();
    const asked = await proxy.post({ message: 'Get weather in Paris', sessionId, tools });
    const called = (await asked.json()) as { choices: { message: { tool_calls: { id: string }[] } }[] };
    const tool_call_id = called.choices[0]?.message.tool_calls[0]?.id;
    const result = { role: 'tool', tool_call_id, content: 'It rains.' };
    const answer = await proxy.chat({ messages: [result], sessionId });
    expect(answer.status).toBe(200);
    expect(answer.reply).toContain('rains');
    expect(await proxy.chat({ messages: [result], sessionId })).toMatchObject({
      status: 400,
      error: { param: 'messages[0].tool_call_id' },
    });
  });
});

describe('GET and DELETE /v1/sessions', () => {
  test('a session can be seen and deleted', async () => {
    const { sessionId, messages } = await proxy.chat({ message: 'My name is Ada.' });
    const seen = await (await proxy.fetch(`/v1/sessions/${sessionId}`)).json();
    expect(seen).toMatchObject({ id: sessionId, object: 'session', user: null, message_count: 2, messages });
    const deleted = await proxy.fetch(`/v1/sessions/${sessionId}`, { method: 'DELETE' });
    expect(await deleted.json()).toEqual({ id: sessionId, object: 'session.deleted', deleted: true });
    for (const method of ['GET', 'DELETE'])
      expect(await proxy.code(`/v1/sessions/${sessionId}`, method)).toBe('session_not_found');
    expect((await proxy.chat({ message: 'x', sessionId })).error.code).toBe('session_not_found');
  });

  test('a list has pages, newest first', async () => {
    const own = await new RunningProxy().start();
    try {
      const ids: (string | null)[] = [];
      for (const who of [undefined, 'ada', undefined, 'bob', 'ada']) {
        const { sessionId } = await own.chat({ message: 'Hello', ...(who ? { user: who } : {}) });
        ids.unshift(sessionId);
      }
      const seen: string[] = [];
      let page = await own.list('?limit=2');
      seen.push(...page.data.map(({ id }) => id));
      while (page.has_more) {
        page = await own.list(`?limit=2&after=${encodeURIComponent(String(page.last_id))}`);
        seen.push(...page.data.map(({ id }) => id));
      }
      expect(seen).toEqual(ids);
      expect((await own.list('?user=ada')).data.map(({ id }) => id)).toEqual([ids[0], ids[3]]);
      expect((await own.list('?user=')).data.map(({ user: of }) => of)).toEqual([null, null]);
      expect(await own.list('?user=nobody')).toMatchObject({ data: [], last_id: null, has_more: false });
    } finally {
      await own.stop();
    }
  });

  test.each(['limit=0', 'limit=101', 'limit=x', 'limit=', 'after=nothing', 'after='])(
    '?%s is refused',
    async query => {
      expect(await proxy.code(`/v1/sessions?${query}`)).toBe('invalid_value');
    },
  );

  test('of one name that several users have, it must be said which is meant', async () => {
    const sessionId = newName();
    for (const who of ['ada', 'bob']) await proxy.chat({ message: `I am ${who}`, sessionId, user: who });
    expect(await proxy.code(`/v1/sessions/${sessionId}`)).toBe('invalid_request');
    const ada = await (await proxy.fetch(`/v1/sessions/${sessionId}?user=ada`)).json();
    expect(ada).toMatchObject({ user: 'ada', messages: [user('I am ada'), { role: 'assistant' }] });
    expect(await proxy.code(`/v1/sessions/${sessionId}?user=eve`)).toBe('session_not_found');
  });

  test.each(['sess_x', 'nobody', 'a%20b', 'x'.repeat(200)])('%s is not found', async id => {
    expect(await proxy.code(`/v1/sessions/${id}`)).toBe('session_not_found');
  });
});

describe('without a store', () => {
  test('a transcript is answered, what needs a session is refused', async () => {
    const bare = await new RunningProxy({ sessionStore: 'none' }).start();
    try {
      const answer = await bare.chat({ model: 'command-a-03-2025', messages: [user('Hello')] });
      expect(answer).toMatchObject({ status: 200, state: 'none', header: null, sessionId: null });
      for (const body of [
        { message: 'Hello' },
        { messages: [user('Hello')], sessionId: 'mine', model: 'm' },
      ]) {
        expect(await bare.chat(body)).toMatchObject({ status: 400, error: { code: 'sessions_disabled' } });
      }
      expect(await bare.code('/v1/sessions')).toBe('sessions_disabled');
    } finally {
      await bare.stop();
    }
  });
});

describe('paths', () => {
  test.each([
    '/v1/chat/completions',
    '/chat/completions',
    '//v1//chat/completions',
    '/v1/chat/completions?beta=true',
  ])('POST %s', async path => {
    expect((await proxy.post({ message: 'Hello' }, path)).status).toBe(200);
  });

  test.each<[string, string, string]>([
    ['GET', '/models', 'works'],
    ['GET', '/v1/models/command-a-03-2025', 'works'],
    ['GET', '/sessions', 'works'],
    ['GET', '/', 'works'],
    ['HEAD', '/', 'works'],
    ['GET', '/health', 'works'],
    ['GET', '/ready', 'works'],
    ['GET', '/v1/chat/completions', 'method_not_allowed'],
    ['POST', '/v1/models', 'method_not_allowed'],
    ['PUT', '/v1/sessions/x', 'method_not_allowed'],
    ['GET', '/v1', 'route_not_found'],
    ['GET', '/v1/chat', 'route_not_found'],
    ['GET', '/v1/models/../sessions/x', 'session_not_found'],
    ['GET', '/v1/%2e%2e/etc', 'route_not_found'],
  ])('%s %s: %s', async (method, path, code) => {
    expect(await proxy.code(path, method)).toBe(code);
  });
});
