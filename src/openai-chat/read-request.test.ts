import { describe, expect, test } from 'vitest';
import { ProxyError } from '../conversation/errors.ts';
import { readRequest } from './read-request.ts';

const limits = {
  messagesPerRequest: 5,
  toolsPerRequest: 2,
  documentsPerRequest: 3,
  partsPerRequest: 8,
  keysPerObject: 100,
  definitionBytes: 1_000,
};
const user = { role: 'user', content: 'Hello' };
const said = { role: 'assistant', content: 'Hi' };
const transcript = { model: 'm', messages: [user] };
const read = (fields: object) => readRequest({ ...transcript, ...fields }, limits);

function refusal(body: unknown): { code: string; param: string | undefined; status: number } {
  try {
    readRequest(body, limits);
  } catch (error) {
    if (!(error instanceof ProxyError)) throw error;
    const { code, param, status } = error;
    return { code, param, status };
  }
  throw new Error('was not refused');
}

test('the least', () => {
  expect(readRequest(transcript, limits)).toEqual({
    chat: {
      model: 'm',
      messages: [user],
      strictTools: false,
      parallelToolCalls: true,
      settings: {},
      session: { dialect: 'transcript' },
      truncation: 'auto',
      stream: false,
    },
    user: undefined,
    includeUsage: false,
    includeMessages: true,
    adjustments: { dropped: [], clamped: [], rewritten: [] },
  });
});

test('null is "not given", for everything', () => {
  const names = [
    'stream',
    'stream_options',
    'user',
    'tools',
    'tool_choice',
    'parallel_tool_calls',
    'functions',
    'function_call',
    'max_completion_tokens',
    'max_tokens',
    'temperature',
    'top_p',
    'frequency_penalty',
    'presence_penalty',
    'stop',
    'seed',
    'logprobs',
    'top_logprobs',
    'n',
    'logit_bias',
    'response_format',
    'reasoning_effort',
    'modalities',
    'web_search_options',
    'documents',
    'citation_options',
    'safety_mode',
    'k',
    'priority',
    'thinking',
    'sessionId',
    'message',
    'history',
    'include_messages',
  ];
  const nulls = Object.fromEntries(names.map(name => [name, null]));
  expect(read(nulls)).toEqual(read({}));
});

describe('a body that is none', () => {
  test.each([undefined, null, 7, 'text', [], [user]])('%j', body => {
    expect(refusal(body)).toMatchObject({ code: 'invalid_request', status: 400 });
  });
});

describe('what would change the answer without a word is refused', () => {
  test.each<[object, string]>([
    [{ n: 2 }, 'n'],
    [{ n: 0 }, 'n'],
    [{ logit_bias: { 50256: -100 } }, 'logit_bias'],
    [{ logprobs: true, top_logprobs: 1 }, 'top_logprobs'],
    [{ modalities: ['text', 'audio'] }, 'modalities'],
    [{ web_search_options: {} }, 'web_search_options'],
    [
      { response_format: { type: 'json_object' }, tools: [{ type: 'function', function: { name: 'f' } }] },
      'response_format',
    ],
  ])('%j', (fields, param) => {
    expect(refusal({ ...transcript, ...fields })).toEqual({
      code: 'unsupported_parameter',
      param,
      status: 400,
    });
  });

  test.each([{ n: 1 }, { logit_bias: {} }, { top_logprobs: 0 }, { modalities: ['text'] }])(
    '%j means nothing, and passes',
    fields => {
      expect(read(fields)).toEqual(read({}));
    },
  );
});

describe('what has no counterpart and changes nothing is dropped and named', () => {
  test.each([
    ['store', true],
    ['metadata', { a: 'b' }],
    ['service_tier', 'auto'],
    ['prediction', { type: 'content', content: 'x' }],
    ['audio', { voice: 'v' }],
    ['prompt_cache_key', 'k'],
    ['verbosity', 'low'],
    ['made_up', [1]],
    ['toString', 1],
  ])('%s', (name, value) => {
    const { chat, adjustments } = read({ [name]: value });
    expect(adjustments.dropped).toEqual([name]);
    expect(chat).toEqual(read({}).chat);
  });
});

describe('fields of the wrong kind name their path', () => {
  const tool = (more: object) => ({ tools: [{ type: 'function', function: { name: 'f', ...more } }] });

  test.each<[object, string, string]>([
    [{ model: 7 }, 'invalid_type', 'model'],
    [{ model: '' }, 'invalid_value', 'model'],
    [{ messages: 'Hello' }, 'invalid_type', 'messages'],
    [{ stream: 'yes' }, 'invalid_type', 'stream'],
    [{ user: 7 }, 'invalid_type', 'user'],
    [{ user: 'x'.repeat(513) }, 'invalid_value', 'user'],
    [{ temperature: 2.1 }, 'invalid_value', 'temperature'],
    [{ temperature: 'hot' }, 'invalid_type', 'temperature'],
    [{ top_p: -0.1 }, 'invalid_value', 'top_p'],
    [{ frequency_penalty: 3 }, 'invalid_value', 'frequency_penalty'],
    [{ max_tokens: 1.5 }, 'invalid_type', 'max_tokens'],
    [{ stop: [1] }, 'invalid_value', 'stop'],
    [{ reasoning_effort: 'enormous' }, 'invalid_value', 'reasoning_effort'],
    [{ tools: {} }, 'invalid_type', 'tools'],
    [{ tools: [{ type: 'function' }] }, 'invalid_type', 'tools[0].function'],
    [tool({ name: '' }), 'invalid_value', 'tools[0].function.name'],
    [tool({ parameters: 7 }), 'invalid_value', 'tools[0].function.parameters'],
    [{ tool_choice: 'some' }, 'invalid_value', 'tool_choice'],
    [{ response_format: { type: 'xml' } }, 'invalid_value', 'response_format.type'],
    [{ documents: [7] }, 'invalid_value', 'documents[0]'],
    [{ k: 501 }, 'invalid_value', 'k'],
    [{ safety_mode: 'LAX' }, 'invalid_value', 'safety_mode'],
    [{ thinking: { type: 'enabled', token_budget: 0 } }, 'invalid_value', 'thinking.token_budget'],
    [{ history: 'keep' }, 'invalid_value', 'history'],
    [{ sessionId: 7 }, 'invalid_type', 'sessionId'],
    [{ include_messages: 1 }, 'invalid_type', 'include_messages'],
  ])('%j', (fields, code, param) => {
    expect(refusal({ ...transcript, ...fields })).toEqual({ code, param, status: 400 });
  });
});

describe('messages', () => {
  test.each<[object, string, string]>([
    [{ model: 'm' }, 'missing_required_parameter', 'messages'],
    [{ model: 'm', messages: null }, 'missing_required_parameter', 'messages'],
    [{ model: 'm', messages: [] }, 'empty_array', 'messages'],
    [{ model: 'm', messages: Array(6).fill(user) }, 'array_above_max_length', 'messages'],
    [{ message: 'Hello', messages: [user] }, 'invalid_request', 'message'],
    [{ messages: [user] }, 'missing_required_parameter', 'model'],
    [{ model: null, messages: [user, said, user] }, 'missing_required_parameter', 'model'],
  ])('%j', (body, code, param) => {
    expect(refusal(body)).toEqual({ code, param, status: 400 });
  });

  test('as many as the limit allows', () => {
    expect(read({ messages: Array(5).fill(user) }).chat.messages.length).toBe(5);
  });
});

describe('`message`', () => {
  const one = (message: unknown) => readRequest({ message }, limits).chat.messages;

  test.each<[unknown, object]>([
    ['Hello', user],
    [{ role: 'user', content: 'Hello' }, user],
    [{ content: 'Hello', name: 'ada' }, user],
    [[{ type: 'text', text: 'Hello' }], { role: 'user', content: [{ type: 'text', text: 'Hello' }] }],
  ])('%j', (message, expected) => {
    expect(one(message)).toEqual([expected]);
  });

  test.each<[unknown, string, string]>([
    ['', 'invalid_value', 'message'],
    [[], 'invalid_value', 'message'],
    [{}, 'invalid_value', 'message'],
    [[{ type: 'text', text: '' }], 'invalid_value', 'message'],
    [7, 'invalid_type', 'message'],
    [true, 'invalid_type', 'message'],
    [{ role: 'assistant', content: 'Hi' }, 'invalid_value', 'message'],
    [{ role: 'system', content: 'Be brief.' }, 'invalid_value', 'message'],
    [{ role: 'nobody', content: 'Hi' }, 'invalid_value', 'message.role'],
    [[{ type: 'text' }], 'invalid_value', 'message'],
    [{ content: [{ type: 'file' }] }, 'unsupported_value', 'message[0].type'],
  ])('%j is refused', (message, code, param) => {
    expect(refusal({ message })).toEqual({ code, param, status: 400 });
  });

  test('the text of a refusal speaks of `message` too', () => {
    try {
      one([{ type: 'text' }]);
    } catch (error) {
      expect(String(error)).not.toContain('messages[0]');
    }
    expect.assertions(1);
  });
});

describe('which dialect', () => {
  const history = [user, said, user];

  test.each<[string, object, string]>([
    ['a message', { message: 'Hello' }, 'session'],
    ['a message with an id', { message: 'Hello', sessionId: 'mine' }, 'session'],
    ['an id and what is new', { sessionId: 'mine', messages: [user] }, 'session'],
    [
      'an id and a tool result',
      { sessionId: 'mine', messages: [{ role: 'tool', tool_call_id: 'x', content: '' }] },
      'session',
    ],
    ['an id and a transcript', { sessionId: 'mine', messages: history }, 'transcript'],
    ['messages alone', { model: 'm', messages: [user] }, 'transcript'],
    ['a transcript alone', { model: 'm', messages: history }, 'transcript'],
    ['history: append', { sessionId: 'mine', messages: history, history: 'append' }, 'session'],
    ['history: replace', { sessionId: 'mine', messages: [user], history: 'replace' }, 'transcript'],
    [
      'history: replace, with a message',
      { sessionId: 'mine', message: 'Hello', history: 'replace' },
      'transcript',
    ],
    ['history: append without an id', { messages: [user], history: 'append' }, 'session'],
  ])('%s: %s', (_, body, dialect) => {
    const { session } = readRequest(body, limits).chat;
    expect(session.dialect).toBe(dialect);
    expect(session.id).toBe('sessionId' in body ? 'mine' : undefined);
  });

  test.each(['', 'a b', 'ä', 'a/b', 'x'.repeat(129), 'a\n'])('the id %j is refused', sessionId => {
    expect(refusal({ message: 'Hello', sessionId })).toEqual({
      code: 'invalid_value',
      param: 'sessionId',
      status: 400,
    });
  });

  test.each(['a', 'sess_x', 'A-Z_09', 'x'.repeat(128)])('the id %j passes', sessionId => {
    expect(readRequest({ message: 'Hello', sessionId }, limits).chat.session.id).toBe(sessionId);
  });
});

describe('whether the answer carries the conversation', () => {
  const tools = [{ type: 'function', function: { name: 'f' } }];

  test.each<[boolean, object]>([
    [true, { message: 'Hello' }],
    [true, { message: 'Hello', tools }],
    [true, { sessionId: 'mine', messages: [user] }],
    [true, transcript],
    [false, { ...transcript, tools }],
    [false, { ...transcript, messages: [user, said, user] }],
    [false, { sessionId: 'mine', messages: [user, said, user] }],
    [false, { message: 'Hello', include_messages: false }],
    [true, { ...transcript, messages: [user, said, user], tools, include_messages: true }],
  ])('%s: %j', (expected, body) => {
    expect(readRequest({ model: 'm', ...body }, limits).includeMessages).toBe(expected);
  });
});

test('the rest of what a client may say', () => {
  const { chat, ...request } = read({
    stream: true,
    stream_options: { include_usage: true, include_obfuscation: false },
    user: 'ada',
    parallel_tool_calls: false,
  });
  expect(chat).toMatchObject({ stream: true, parallelToolCalls: false });
  expect(request).toMatchObject({ user: 'ada', includeUsage: true });
});
