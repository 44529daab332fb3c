import { describe, expect, test } from 'vitest';
import type { ChatRequest, Tool } from '../conversation/chat-request.ts';
import { ProxyError } from '../conversation/errors.ts';
import { History } from '../conversation/history.ts';
import type { Message } from '../conversation/message.ts';
import type { Session } from '../conversation/session.ts';
import { splitLeadingSystem } from '../conversation/transcript.ts';
import { composePrompt as compose } from './compose-prompt.ts';
import { appendTo, beginWith } from './continuation.ts';

const user = (content = 'Hello'): Message => ({ role: 'user', content });
const system = (content = 'Be brief.') => ({ role: 'system', content }) as const;
const said: Message = { role: 'assistant', content: 'Hi' };
const calls = (...ids: string[]): Message => ({
  role: 'assistant',
  toolCalls: ids.map(id => ({ id, name: 'look', arguments: '{"at":"sea","how":1}' })),
});
const result = (toolCallId: string): Message => ({ role: 'tool', toolCallId, content: 'done' });
const look: Tool = { name: 'look', description: 'Looks.' };
const read: Tool = { name: 'read' };

const request = (
  dialect: 'session' | 'transcript',
  messages: Message[],
  more: Partial<ChatRequest> = {},
): ChatRequest => ({
  messages,
  settings: {},
  session: { dialect },
  stream: false,
  ...more,
});
const session = (messages: Message[], more: Partial<Session> = {}): Session => ({
  key: { owner: 'ada', user: undefined, id: 's' },
  version: 1,
  rootId: 's',
  createdAtMs: 0,
  updatedAtMs: 0,
  expiresAtMs: 1,
  model: 'm',
  dialect: 'session',
  system: [],
  messages: History.of(messages),
  tools: [],
  ...more,
});

/** A transcript as one of which nothing is stored. */
function composePrompt(given: ChatRequest, before: Session | undefined, model: string) {
  const { system: leading, rest } = splitLeadingSystem(given.messages);
  const sent = { system: leading, messages: rest, atMs: 0 };
  const continuation = given.session.dialect === 'session' ? appendTo(before, sent) : beginWith(sent, before);
  return compose(given, continuation, model);
}

function refusal(...given: Parameters<typeof composePrompt>) {
  try {
    composePrompt(...given);
  } catch (error) {
    if (error instanceof ProxyError) return { code: error.code, param: error.param };
    throw error;
  }
  throw new Error('was not refused');
}

describe('what is said', () => {
  test('the session dialect appends', () => {
    const before = session([user('1'), said], { system: [system()] });
    const composed = composePrompt(request('session', [user('2')]), before, 'm');
    expect([...composed.prompt.messages]).toEqual([system(), user('1'), said, user('2')]);
    expect(composed).toMatchObject({ system: [system()], history: before.messages, added: [user('2')] });
  });

  test('a transcript replaces', () => {
    const before = session([user('1'), said], { system: [system()] });
    const composed = composePrompt(request('transcript', [user('other'), said, user('2')]), before, 'm');
    expect([...composed.prompt.messages]).toEqual([user('other'), said, user('2')]);
    expect(composed).toMatchObject({
      system: [],
      history: History.empty,
      added: [user('other'), said, user('2')],
    });
  });

  test('without a session it is what was brought', () => {
    for (const dialect of ['session', 'transcript'] as const) {
      const composed = composePrompt(request(dialect, [system(), user()]), undefined, 'm');
      expect([...composed.prompt.messages]).toEqual([system(), user()]);
      expect(composed).toMatchObject({ system: [system()], history: History.empty, added: [user()] });
    }
  });

  test('new leading system messages replace all old ones, later ones keep their place', () => {
    const before = session([user('1'), said], { system: [system('a'), system('b')] });
    const composed = composePrompt(request('session', [system('c'), user('2'), system('d')]), before, 'm');
    expect([...composed.prompt.messages]).toEqual([system('c'), user('1'), said, user('2'), system('d')]);
    expect(composed.system).toEqual([system('c')]);
    expect(composed.added).toEqual([user('2'), system('d')]);
  });

  test('only system messages are nothing new where the session has its answer', () => {
    expect(refusal(request('session', [system()]), session([user(), said]), 'm')).toEqual({
      code: 'invalid_value',
      param: 'messages',
    });
  });

  test("XE4 a conversation of system messages alone: the last one is the user's, in the prompt only", () => {
    const given = request('transcript', [system('a'), system('b')]);
    const { prompt, system: kept, added } = composePrompt(given, undefined, 'm');
    expect([...prompt.messages]).toEqual([system('a'), user('b')]);
    expect([kept, added]).toEqual([[system('a'), system('b')], []]);
  });

  test('an open call is answered in the prompt, never in what is stored', () => {
    const before = session([user('1'), calls('x')]);
    const { prompt, history, added } = composePrompt(request('session', [user('2')]), before, 'm');
    expect([...prompt.messages].map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'user']);
    expect([...history, ...added]).toEqual([user('1'), calls('x'), user('2')]);
  });

  test('a result needs its call where messages are appended, and is mended in a transcript', () => {
    const bad = [user(), result('x')];
    expect(refusal(request('session', bad), undefined, 'm')).toEqual({
      code: 'invalid_value',
      param: 'messages[1].tool_call_id',
    });
    const { prompt } = composePrompt(request('transcript', bad), undefined, 'm');
    expect([...prompt.messages].map(({ role }) => role)).toEqual(['user', 'user']);
  });

  test('a bad result is named by its place in the request, also behind system messages', () => {
    expect(refusal(request('session', [system(), user(), result('x')]), undefined, 'm').param).toBe(
      'messages[2].tool_call_id',
    );
  });
});

describe('tools', () => {
  const offer = (messages: Message[], more: Partial<ChatRequest>, before?: Session) => {
    const { prompt, tools } = composePrompt(request('session', messages, more), before, 'm');
    return { offered: prompt.tools, choice: prompt.toolChoice, remembered: tools };
  };
  const stepped = [user(), calls('x'), result('x'), said];

  test('of the request are offered and remembered', () => {
    expect(offer([user()], { tools: [read] }, session(stepped, { tools: [look] }))).toEqual({
      offered: [read],
      choice: 'auto',
      remembered: [read],
    });
  });

  test.each(['auto', 'none', 'required'] as const)('the choice %s goes with them', toolChoice => {
    expect(offer([user()], { tools: [read], toolChoice }).choice).toBe(toolChoice);
  });

  test('remembered ones are not offered where nothing was called', () => {
    expect(offer([user()], {}, session([user(), said], { tools: [look] }))).toEqual({
      offered: [],
      choice: 'auto',
      remembered: [look],
    });
  });

  test('remembered ones are sent with NONE where the prompt holds calls', () => {
    expect(offer([user()], {}, session(stepped, { tools: [look] }))).toEqual({
      offered: [look],
      choice: 'none',
      remembered: [look],
    });
  });

  test('nobody remembers any: minimal definitions are made from the calls', () => {
    const messages = [
      user(),
      calls('x'),
      result('x'),
      { role: 'assistant', toolCalls: [{ id: 'y', name: 'read', arguments: 'no JSON' }] } as const,
      result('y'),
      { role: 'assistant', toolCalls: [{ id: 'z', name: 'look', arguments: '{"more":[]}' }] } as const,
      result('z'),
      user(),
    ];
    const { prompt, tools } = composePrompt(request('transcript', messages), undefined, 'm');
    expect(prompt.toolChoice).toBe('none');
    expect(prompt.tools).toEqual([
      { name: 'look', parameters: { type: 'object', properties: { at: {}, how: {}, more: {} } } },
      { name: 'read', parameters: { type: 'object', properties: {} } },
    ]);
    expect(tools).toEqual([]);
  });

  test('those of a session that was only recognised are not taken: it may be that of another client', () => {
    const offeredIn = (id?: string) => {
      const asked = request('transcript', [...stepped, user()]);
      const named = id === undefined ? asked : { ...asked, session: { ...asked.session, id } };
      const { prompt, tools } = composePrompt(named, session(stepped, { tools: [look] }), 'm');
      return { offered: prompt.tools, choice: prompt.toolChoice, remembered: tools };
    };
    const made = { name: 'look', parameters: { type: 'object', properties: { at: {}, how: {} } } };
    expect(offeredIn()).toEqual({ offered: [made], choice: 'none', remembered: [] });
    expect(offeredIn('s')).toEqual({ offered: [look], choice: 'none', remembered: [look] });
  });

  test('an argument of the name __proto__ is a property like any other', () => {
    const messages: Message[] = [
      { role: 'assistant', toolCalls: [{ id: 'x', name: 'look', arguments: '{"__proto__":1}' }] },
      result('x'),
      user(),
    ];
    const { prompt } = composePrompt(request('transcript', messages), undefined, 'm');
    expect(Object.keys(Object(prompt.tools[0]?.parameters?.properties))).toEqual(['__proto__']);
  });

  test('required without tools in the request means the remembered ones', () => {
    expect(
      offer([user()], { toolChoice: 'required' }, session([user(), said], { tools: [look] })),
    ).toMatchObject({
      offered: [look],
      choice: 'required',
    });
    expect(refusal(request('session', [user()], { toolChoice: 'required' }), undefined, 'm')).toEqual({
      code: 'invalid_value',
      param: 'tool_choice',
    });
  });

  test('only the allowed ones are offered, all are remembered', () => {
    const tools = [look, read];
    expect(offer([user()], { tools, allowedTools: ['read'], toolChoice: 'auto' })).toEqual({
      offered: [read],
      choice: 'auto',
      remembered: tools,
    });
    expect(offer([user()], { tools, allowedTools: ['read'] }).choice).toBe('required');
    expect(offer([user()], { allowedTools: ['look'] }, session([user(), said], { tools })).offered).toEqual([
      look,
    ]);
  });

  test('an allowed tool that does not exist is refused, one that is named twice is not', () => {
    const tools = [look, read];
    expect(refusal(request('session', [user()], { tools, allowedTools: ['write'] }), undefined, 'm')).toEqual(
      {
        code: 'invalid_value',
        param: 'tool_choice',
      },
    );
    expect(offer([user()], { tools, allowedTools: ['look', 'look'] }).offered).toEqual([look]);
  });
});

test('the rest of the request goes into the prompt as it is', () => {
  const settings = { temperature: 0.5 };
  const { prompt } = composePrompt(
    request('transcript', [user()], { settings, stream: true, strictTools: true, tools: [look] }),
    undefined,
    'm',
  );
  expect(prompt).toMatchObject({ model: 'm', settings, stream: true, strictTools: true });
});
