// Conversations in the shapes of known clients, and what the scripted Cohere answers. Played once, by make-0.1.ts.
import { strict as assert } from 'node:assert';
import { setTimeout as pause } from 'node:timers/promises';
import { type NativeMessage, planning, reasoning, sayNative, sayText } from '../clients/native-answer.ts';
import type { WireCall, WireMessage } from '../clients/transcript-client.ts';
import { collectChunks, readCompletion } from '../support/openai-reply.ts';
import { parseFrames } from '../support/read-sse.ts';
import type { Step } from '../support/upstream-script.ts';
import type { Asker, Said } from './said.ts';

export const secret = 'stored-data-secret-0123456789abcdef';
export const keys = { ada: 'ada-proxy-key-0123456789', ben: 'ben-proxy-key-0123456789' };
const guestKey = 'guest-cohere-key-0123456789';
/** So small that a short conversation has to be cut. */
export const contexts = { 'command-r-08-2024': 3_000 };

const chatPath = '/v1/chat/completions';
const vision = 'command-a-vision-07-2025';
const pixel =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

export interface Story {
  readonly url: string;
  readonly script: (...steps: readonly Step[]) => void;
  readonly said: Said;
}

export function headersOf(owner: Asker): Record<string, string> {
  const key = owner === 'guest' ? guestKey : owner === 'local' ? undefined : keys[owner];
  return { 'content-type': 'application/json', ...(key && { authorization: `Bearer ${key}` }) };
}

interface Begun {
  readonly name: string;
  readonly owner: Asker;
  readonly headers?: Readonly<Record<string, string>>;
  /** All of the body but the messages. */
  readonly body: Readonly<Record<string, unknown>>;
  /** What the client keeps of an answer. */
  readonly keeps?: (answer: WireMessage) => WireMessage;
}

/** A client that sends its whole conversation each time. */
class Conversation {
  readonly story: Story;
  readonly begun: Begun;
  readonly messages: WireMessage[] = [];
  readonly natives: NativeMessage[] = [];
  id = '';

  constructor(story: Story, begun: Begun, earlier?: Conversation, take = 0) {
    this.story = story;
    this.begun = begun;
    if (!earlier) return;
    this.messages.push(...earlier.messages.slice(0, take));
    const answers = this.messages.filter(({ role }) => role === 'assistant').length;
    this.natives.push(...earlier.natives.slice(0, answers));
  }

  async turn(said: readonly WireMessage[], native: NativeMessage, state: string): Promise<WireMessage> {
    const { owner, headers = {}, body, keeps = answer => answer } = this.begun;
    this.messages.push(...said);
    const asked = { ...body, messages: this.messages };
    this.story.script(...sayNative(native, body.stream === true));
    const response = await post(this.story, owner, asked, headers);
    const text = await response.text();
    assert.equal(response.status, 200, text);
    assert.equal(response.headers.get('x-session-state'), state, this.begun.name);
    this.id = response.headers.get('x-session-id') ?? '';
    const answer = keeps(readAnswer(text));
    this.messages.push(answer);
    this.natives.push(native);
    return answer;
  }

  /** What its client would say next. */
  end(...said: readonly WireMessage[]): void {
    const { name, owner, headers = {}, body } = this.begun;
    const next = { ...body, messages: [...this.messages, ...said] };
    const { id, natives } = this;
    this.story.said.conversations.push({
      name,
      owner,
      headers,
      id,
      model: String(body.model),
      natives,
      next,
    });
  }
}

function post(
  { url }: Story,
  owner: Asker,
  body: object,
  headers: Readonly<Record<string, string>> = {},
  path = chatPath,
): Promise<Response> {
  const all = { ...headersOf(owner), ...headers };
  return fetch(url + path, { method: 'POST', headers: all, body: JSON.stringify(body) });
}

function readAnswer(text: string): WireMessage {
  const reply = text.startsWith('{')
    ? readCompletion(JSON.parse(text))
    : collectChunks(parseFrames(text).frames);
  const calls = reply.toolCalls.map(
    ({ id, name, arguments: text }): WireCall => ({
      id,
      type: 'function',
      function: { name, arguments: text },
    }),
  );
  return {
    role: 'assistant',
    content: reply.content,
    ...(reply.reasoning === '' ? {} : { reasoning_content: reply.reasoning }),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
}

const say = (content: unknown): WireMessage => ({ role: 'user', content });
const system = (content: string): WireMessage => ({ role: 'system', content });
const result = (answer: WireMessage, at: number, content: string): WireMessage => ({
  role: 'tool',
  tool_call_id: answer.tool_calls?.[at]?.id ?? '',
  content,
});

function call(id: string, name: string, text: string) {
  return { id, type: 'function', function: { name, arguments: text } } as const;
}

const tool = (name: string, ...fields: string[]) => ({
  type: 'function',
  function: {
    name,
    description: `Does what ${name} says.`,
    parameters: {
      type: 'object',
      properties: Object.fromEntries(fields.map(field => [field, { type: 'string' }])),
    },
  },
});

/** An answer that rests on what a tool said. */
function cited(text: string, part: string, id: string, output: string, extra: object[] = []): NativeMessage {
  const start = text.indexOf(part);
  return {
    role: 'assistant',
    content: [...extra, { type: 'text', text }] as never,
    citations: [
      {
        start,
        end: start + part.length,
        text: part,
        sources: [{ type: 'tool', id, tool_output: { content: output } }],
        type: 'TEXT_CONTENT',
        content_index: extra.length,
      },
    ],
  };
}

/** As Roo Code and Zoo Code: parts, native tools, environment details behind everything, no reasoning sent back. */
async function editor(story: Story, name: string, owner: Asker, task: string, stream: boolean) {
  const chat = new Conversation(story, {
    name,
    owner,
    body: {
      model: planning,
      stream,
      ...(stream ? { stream_options: { include_usage: true } } : {}),
      temperature: 0,
      tools: [
        tool('read_file', 'path', 'mode'),
        tool('search_files', 'path', 'regex'),
        tool('attempt_completion', 'result'),
      ],
      tool_choice: 'auto',
      parallel_tool_calls: true,
    },
    keeps: ({ role, content, tool_calls }) => ({
      role,
      content: content ?? '',
      ...(tool_calls && { tool_calls }),
    }),
  });
  const around = (files: string) => ({
    type: 'text',
    text: `<environment_details>\n# Visible files\n${files}\n</environment_details>`,
  });
  const looks: NativeMessage = {
    role: 'assistant',
    tool_plan: `I will look at the file first: ${task}`,
    tool_calls: [
      call(`read_file_${name}01`, 'read_file', '{"path": "src/harbour.ts",  "mode":"slice"}'),
      call(`search_files_${name}02`, 'search_files', '{"path":".","regex":"tide|ebb"}'),
    ],
  };
  const looked = await chat.turn(
    [
      system('You are an engineer who edits files in an editor. Use one tool after another.'),
      say([{ type: 'text', text: `<user_message>\n${task}\n</user_message>` }, around('src/harbour.ts')]),
    ],
    looks,
    'new',
  );
  const reads: NativeMessage = {
    role: 'assistant',
    tool_plan: 'The tide table is missing, so I say so.',
    tool_calls: [
      call(`attempt_completion_${name}03`, 'attempt_completion', '{"result":"There is no tide table."}'),
    ],
  };
  const done = await chat.turn(
    [
      result(looked, 0, 'File: src/harbour.ts\n1 | export const depth = 7;'),
      result(looked, 1, 'Found 0 results.'),
      say([around('src/harbour.ts')]),
    ],
    reads,
    'continued',
  );
  const answers = cited(
    'The depth is 7, and no tide table exists.',
    'depth is 7',
    `read_file_${name}01:0`,
    'depth = 7',
  );
  await chat.turn(
    [
      result(done, 0, '<user_message>\nand how deep is it?\n</user_message>'),
      say([around('src/harbour.ts')]),
    ],
    answers,
    'continued',
  );
  chat.end(
    say([{ type: 'text', text: '<user_message>\nThen write one.\n</user_message>' }, around('src/tide.ts')]),
  );
  return chat;
}

/** As opencode and the AI SDK: texts, its own session id in two headers, reasoning sent back. */
async function terminal(story: Story, name: string, owner: Asker, ask: string, stream: boolean) {
  const label = `ses_${name}00affinity`;
  const chat = new Conversation(story, {
    name,
    owner,
    headers: { 'x-session-affinity': label, 'x-session-id': label },
    body: {
      model: reasoning,
      stream,
      max_tokens: 8192,
      tools: [tool('read', 'filePath', 'limit'), tool('bash', 'command')],
    },
  });
  const thinks: NativeMessage = {
    role: 'assistant',
    content: [{ type: 'thinking', thinking: `The user wants this: ${ask} I read the log.` }],
    tool_calls: [call(`read_${name}11`, 'read', '{"filePath":"/w/keeper.log", "limit" : 40}')],
  };
  const thought = await chat.turn(
    [system('You are a tool in a terminal. Be short.'), say(ask)],
    thinks,
    'new',
  );
  const answers = cited('The keeper slept at three.', 'at three', `read_${name}11:0`, '03:00 asleep', [
    { type: 'thinking', thinking: 'The log says 03:00. That is all.' },
  ]);
  await chat.turn(
    [result(thought, 0, '<path>/w/keeper.log</path>\n1: 03:00 asleep\n')],
    answers,
    'continued',
  );
  chat.end(say('and who kept watch?'));
  return chat;
}

/** One message at a time, in a session that has a name or is given one. */
async function dialogue(
  story: Story,
  name: string,
  owner: Asker,
  body: Readonly<Record<string, unknown>>,
  turns: readonly (readonly [said: Readonly<Record<string, unknown>>, native: NativeMessage])[],
  next: Readonly<Record<string, unknown>>,
): Promise<string> {
  let id = body.sessionId as string | undefined;
  const isStream = body.stream === true;
  for (const [said, native] of turns) {
    story.script(...sayNative(native, isStream));
    const response = await post(story, owner, { ...body, ...said, ...(id && { sessionId: id }) });
    const text = await response.text();
    assert.equal(response.status, 200, text);
    id = response.headers.get('x-session-id') ?? '';
  }
  story.said.conversations.push({
    name,
    owner,
    headers: {},
    id: id ?? '',
    model: String(body.model),
    natives: turns.map(([, native]) => native),
    next: { ...body, ...next, sessionId: id },
  });
  return id ?? '';
}

async function see(story: Story, owner: Asker): Promise<void> {
  const paths = ['/v1/sessions?limit=100', '/v1/sessions?limit=100&branches=true', '/v1/session-exports'];
  for (const path of paths) {
    const response = await fetch(story.url + path, { headers: headersOf(owner) });
    assert.equal(response.status, 200);
    story.said.seen.push({ owner, path, answer: await response.text() });
  }
}

async function mark(
  story: Story,
  owner: Asker,
  key: string,
  body: Readonly<Record<string, unknown>>,
  native?: NativeMessage,
  path = chatPath,
): Promise<void> {
  const headers = { 'idempotency-key': key };
  if (native) story.script(...sayNative(native, body.stream === true));
  const response = await post(story, owner, body, headers, path);
  const answer = await response.text();
  assert.equal(response.status, 200, answer);
  const sessionId = response.headers.get('x-session-id') ?? '';
  story.said.marks.push({ owner, path, headers, body, sessionId, answer });
}

const lookUp = [tool('look_up', 'ship')];

export async function tellNamed(story: Story): Promise<void> {
  const zoo = await editor(story, 'zoo', 'ada', 'Find out whether the harbour has a tide table.', true);
  await editor(story, 'roo', 'ben', 'Find out whether the harbour has a tide table.', false);
  await terminal(story, 'opencode', 'ada', 'When did the keeper sleep?', true);
  await terminal(story, 'aisdk', 'ben', 'When did the keeper sleep?', false);

  // A branch from an edit of the last question.
  const edited = new Conversation(story, { ...zoo.begun, name: 'zoo-edited' }, zoo, 7);
  await edited.turn(
    [{ ...(zoo.messages[7] as WireMessage), content: '<user_message>\nand how wide?\n</user_message>' }],
    sayText('It does not say how wide.'),
    'forked',
  );
  edited.end(say('Then measure it.'));

  // One opening under two labels.
  for (const label of ['tab-one', 'tab-two']) {
    const chat = new Conversation(story, {
      name: label,
      owner: 'ada',
      headers: { 'x-session-id': label },
      body: { model: planning },
    });
    await chat.turn([say('Name a boat.')], sayText(`The ${label} Gull.`), 'new');
    chat.end(say('Another one.'));
  }

  await dialogue(
    story,
    'trip',
    'ada',
    { model: planning, sessionId: 'trip', tools: lookUp },
    [
      [
        { messages: [system('You speak as a pilot.'), say('Where is the Fulmar?')] },
        {
          role: 'assistant',
          tool_plan: 'I look it up.',
          tool_calls: [call('look_up_trip21', 'look_up', '{"ship" : "Fulmar"}')],
        },
      ],
      [
        { messages: [{ role: 'tool', tool_call_id: 'look_up_trip21', content: 'Off Skagen.' }] },
        cited('She lies off Skagen.', 'off Skagen', 'look_up_trip21:0', 'Off Skagen.'),
      ],
    ],
    // Remembers the tools.
    { tools: undefined, message: 'And when does she come in?' },
  );
  for (const [name, user, owner] of [
    ['trip-of-u1', 'u1', 'ada'],
    ['trip-of-ben', undefined, 'ben'],
  ] as const)
    await dialogue(
      story,
      name,
      owner,
      { model: planning, sessionId: 'trip', ...(user && { user }) },
      [[{ message: `I am ${name}.` }, sayText(`Hello, ${name}.`)]],
      { message: 'Who am I?' },
    );
  const made = await dialogue(
    story,
    'made',
    'ada',
    { model: reasoning },
    [
      [
        { message: 'Think of a number.' },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'Forty-one comes to mind.' },
            { type: 'text', text: 'I have one.' },
          ],
        },
      ],
      [{ message: 'Is it odd?' }, sayText('It is.')],
    ],
    { message: 'Which one?' },
  );
  await dialogue(
    story,
    'picture',
    'ada',
    { model: vision, sessionId: 'picture' },
    [
      [
        {
          message: [
            { type: 'text', text: 'What is this?' },
            { type: 'image_url', image_url: { url: pixel } },
          ],
        },
        sayText('A dot.'),
      ],
    ],
    { message: 'Of which colour?' },
  );

  // Branches by request: from a name to a name, and one whose parent is gone.
  for (const [id, path, body] of [
    ['trip-2', '/v1/sessions/trip/fork?user=', { session_id: 'trip-2', label: 'plan-b', message_count: 3 }],
    ['orphan', `/v1/sessions/${made}/fork`, { session_id: 'orphan', message_count: 2 }],
  ] as const) {
    assert.equal((await post(story, 'ada', body, {}, path)).status, 200);
    story.said.conversations.push({
      name: id,
      owner: 'ada',
      headers: {},
      id,
      model: id === 'orphan' ? reasoning : planning,
      natives:
        story.said.conversations
          .find(({ name }) => name === (id === 'orphan' ? 'made' : 'trip'))
          ?.natives.slice(0, 1) ?? [],
      next: { sessionId: id, message: 'Go on from here.' },
    });
  }
  await dialogue(
    story,
    'parent',
    'ada',
    { model: planning, sessionId: 'parent' },
    [[{ message: 'Count the buoys.' }, sayText('Nine buoys.')]],
    { message: 'Again.' },
  );
  story.said.conversations.pop();
  assert.equal(
    (await post(story, 'ada', { session_id: 'child' }, {}, '/v1/sessions/parent/fork')).status,
    200,
  );
  const gone = await fetch(`${story.url}/v1/sessions/parent`, {
    method: 'DELETE',
    headers: headersOf('ada'),
  });
  assert.equal(gone.status, 200);
  story.said.conversations.push({
    name: 'child',
    owner: 'ada',
    headers: {},
    id: 'child',
    model: planning,
    natives: [sayText('Nine buoys.')],
    next: { sessionId: 'child', message: 'And the beacons?' },
  });

  // A remembered cut.
  const long = new Conversation(story, { name: 'long', owner: 'ada', body: { model: 'command-r-08-2024' } });
  for (let at = 0; at < 12; at += 1) {
    const words = Array.from({ length: 60 }, (_, word) => `wave${at}x${word}`).join(' ');
    await long.turn(
      [say(at === 0 ? `Keep this log. ${words}` : words)],
      sayText(`Kept number ${at}.`),
      at === 0 ? 'new' : 'continued',
    );
  }
  long.end(say('How many did you keep?'));

  await mark(
    story,
    'ada',
    'once-json',
    { model: planning, messages: [say('Say it once.')] },
    sayText('Once.'),
  );
  await mark(
    story,
    'ada',
    'once-stream',
    { model: planning, sessionId: 'once', message: 'Say it in a stream.', stream: true },
    sayText('Once, in a stream.'),
  );
  await mark(story, 'ada', 'once-fork', { session_id: 'once-2' }, undefined, '/v1/sessions/once/fork');

  // Brought from elsewhere: in our form, and in OpenAI's.
  const lines = [
    {
      object: 'session.export',
      format: 1,
      id: 'brought',
      model: reasoning,
      dialect: 'session',
      tools: [],
      messages: [
        { role: 'system', content: 'Answer in one word.' },
        { role: 'user', content: 'What floats?' },
        {
          role: 'assistant',
          content: [
            { type: 'reasoning', text: 'Cork floats.' },
            { type: 'text', text: 'Cork.' },
          ],
        },
      ],
    },
    {
      session_id: 'brought-plain',
      model: planning,
      messages: [say('What sinks?'), { role: 'assistant', content: 'Stone.' }],
    },
  ];
  const imported = await fetch(`${story.url}/v1/session-imports`, {
    method: 'POST',
    headers: { ...headersOf('ada'), 'content-type': 'application/jsonl' },
    body: lines.map(line => JSON.stringify(line)).join('\n'),
  });
  assert.equal(imported.status, 200);
  story.said.conversations.push(
    {
      name: 'brought',
      owner: 'ada',
      headers: {},
      id: 'brought',
      model: reasoning,
      natives: [
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'Cork floats.' },
            { type: 'text', text: 'Cork.' },
          ],
        },
      ],
      next: { sessionId: 'brought', message: 'And what else?' },
    },
    {
      name: 'brought-plain',
      owner: 'ada',
      headers: {},
      id: 'brought-plain',
      model: planning,
      natives: [sayText('Stone.')],
      next: { sessionId: 'brought-plain', message: 'And what else?' },
    },
  );

  const kept = { expires_after: { anchor: 'last_active_at', seconds: 366 * 24 * 3600 } };
  assert.equal((await post(story, 'ada', kept, {}, `/v1/sessions/${made}`)).status, 200);
  await see(story, 'ada');
  await see(story, 'ben');
}

/** Told to a proxy whose sessions expire at once. */
export async function tellExpired(story: Story): Promise<void> {
  await expire(story, { model: planning, sessionId: 'gone', message: 'Remember me.' });
  // From time to time SQLite buries what has expired; the two below are still there as they were.
  await pause(35_000);
  await expire(story, { model: planning, message: 'Me too.' });
  await expire(story, {
    model: planning,
    messages: [say('And this.'), { role: 'assistant', content: 'Yes.' }, say('Good.')],
  });
}

async function expire(story: Story, body: object): Promise<void> {
  story.script(...sayNative(sayText('I will.'), false));
  const response = await post(story, 'ada', body);
  assert.equal(response.status, 200, await response.text());
  const id = response.headers.get('x-session-id') ?? '';
  for (;;) {
    const { status } = await fetch(`${story.url}/v1/sessions/${id}`, { headers: headersOf('ada') });
    if (status === 404) break;
    await pause(100);
  }
  story.said.expired.push({ owner: 'ada', id });
}

export async function tellLocal(story: Story): Promise<void> {
  await terminal(story, 'localterm', 'local', 'When did the keeper sleep?', true);
  await dialogue(
    story,
    'trip-local',
    'local',
    { model: planning, sessionId: 'trip', stream: true },
    [[{ message: 'I am the local one.' }, sayText('Hello, local one.')]],
    { message: 'Who am I?' },
  );
  await see(story, 'local');
}

export async function tellGuest(story: Story): Promise<void> {
  await editor(story, 'guestzoo', 'guest', 'Find out whether the harbour has a tide table.', true);
  await dialogue(
    story,
    'trip-guest',
    'guest',
    { model: planning, sessionId: 'trip' },
    [[{ message: 'I am a guest.' }, sayText('Hello, guest.')]],
    { message: 'Who am I?' },
  );
  await see(story, 'guest');
}
