// XB: one unfit thing never ends a conversation. Clients send what they hold with every turn, so each row is sent three
// turns in a row: answered, recognised, natively, and named by its path.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { startSimulator } from '../../src/simulator/server.ts';
import { callEnd, callStart, messageEnd, start, streamed, text } from '../support/cohere-stream.ts';
import { readJson } from '../support/read-json.ts';
import { readReply } from '../support/read-reply.ts';
import { type Pair, startPair } from '../support/start.ts';
import { json } from '../support/upstream-script.ts';
import { heardAnswers, heardAs, type NativeMessage, planning, sayNative, sayText } from './native-answer.ts';
import { TranscriptClient, type WireMessage } from './transcript-client.ts';

const vision = 'command-a-plus-05-2026';
const png =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const svg = 'data:image/svg+xml;base64,PHN2Zy8+';

const ways = (['memory', 'sqlite'] as const).flatMap(store =>
  [false, true].map(stream => ({ store, stream, way: `${store}, ${stream ? 'stream' : 'JSON'}` })),
);

async function begin(store: 'memory' | 'sqlite'): Promise<Pair> {
  if (store === 'memory') return startPair();
  const folder = mkdtempSync(join(tmpdir(), 'cohere-proxy-unfit-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return startPair({ sessionStore: `sqlite:${join(folder, 'sessions.db')}` });
}

interface HeardMessage {
  readonly role: string;
  readonly content?: unknown;
  readonly tool_calls?: readonly { readonly id: string }[];
}

const heardMessages = (request: { readonly json: unknown } | undefined) =>
  (Object(request?.json) as { messages: readonly HeardMessage[] }).messages;
const say = (content: unknown): WireMessage => ({ role: 'user', content });

/** What the real one would refuse, the strict one does. */
let simulator: Awaited<ReturnType<typeof startSimulator>> | undefined;
afterAll(() => simulator?.close());
async function expectTaken(body: unknown): Promise<void> {
  simulator ??= await startSimulator({ requireKey: false });
  const response = await fetch(`${simulator.url}/v2/chat`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...(body as object), stream: false }),
  });
  const { message } = (await response.json()) as { message: unknown };
  expect(response.status, JSON.stringify(message)).toBe(200);
}

const tools = [
  { type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } },
];
const looks = (id: string): NativeMessage => ({
  role: 'assistant',
  tool_plan: 'I look there.',
  tool_calls: [
    { id: `${id}a`, type: 'function', function: { name: 'look', arguments: '{"at":  1}' } },
    { id: `${id}b`, type: 'function', function: { name: 'look', arguments: '{}' } },
  ],
});

describe.each(ways)('$way', ({ store, stream }) => {
  const results: [what: string, content: unknown, heard: string, header: 'rewritten' | 'dropped'][] = [
    ['output_text', [{ type: 'output_text', text: 'sea' }], 'sea', 'rewritten'],
    ['an object', { depth: 7 }, '{"depth":7}', 'rewritten'],
    ['an object among the parts', [{ depth: 7 }], '{"depth":7}', 'rewritten'],
    ['a plain string', ['sea'], 'sea', 'rewritten'],
    ['audio', [{ type: 'input_audio', input_audio: {} }], "type 'input_audio' was left out", 'dropped'],
    ['SVG', [{ type: 'image_url', image_url: { url: svg } }], 'An image was left out', 'dropped'],
    [
      'an image, to a model without eyes',
      [{ type: 'image_url', image_url: png }],
      'does not take images',
      'rewritten',
    ],
  ];
  it.each(results)('[XB1] a tool result that holds %s', async (_, content, heard, header) => {
    const pair = await begin(store);
    const client = new TranscriptClient(pair);
    const messages: WireMessage[] = [say('Look around.')];
    const natives = [looks('look_1'), sayText('I saw it.'), sayText('Twice.')];
    const chat = () => ({ model: planning, messages, stream, tools });
    const first = await client.turn(chat(), natives[0] ?? sayText(''));
    const [a, b] = first.message.tool_calls ?? [];
    messages.push(first.message, { role: 'tool', tool_call_id: a?.id ?? '', content } as WireMessage, {
      role: 'tool',
      tool_call_id: b?.id ?? '',
      content: 'plain',
    });
    for (const [turn, native] of natives.slice(1).entries()) {
      const told = await client.turn(chat(), native);
      expect([told.id, told.state]).toEqual([first.id, 'continued']);
      expect(heardAnswers(told.heard)).toEqual(
        natives.slice(0, turn + 1).flatMap(one => heardAs(one, planning)),
      );
      expect(JSON.stringify(told.heard.json)).toContain(JSON.stringify(heard).slice(1, -1));
      await expectTaken(told.heard.json);
      messages.push(told.message, say('And once more?'));
    }
    const response = await sendOnce(pair, chat());
    expect(response.headers.get(`x-${header}-parameters`)).toContain('messages[2].content');
    await readReply(response, stream);
  });

  it('[XB1] an image of a tool is shown by the user, behind all results of its step', async () => {
    const pair = await begin(store);
    const client = new TranscriptClient(pair);
    const messages: WireMessage[] = [say('Look around.')];
    const first = await client.turn({ model: vision, messages, stream, tools }, looks('look_1'));
    const [a, b] = first.message.tool_calls ?? [];
    const image = { type: 'image_url', image_url: { url: png } };
    messages.push(
      first.message,
      { role: 'tool', tool_call_id: a?.id ?? '', content: [{ type: 'text', text: 'a shot' }, image] },
      { role: 'tool', tool_call_id: b?.id ?? '', content: 'plain' },
    );
    for (let turn = 0; turn < 3; turn += 1) {
      const told = await client.turn({ model: vision, messages, stream, tools }, sayText(`Seen ${turn}.`));
      expect([told.id, told.state]).toEqual([first.id, 'continued']);
      const heard = heardMessages(told.heard);
      const calling = heard.findIndex(message => message.tool_calls);
      expect(heard.slice(calling + 1, calling + 4)).toEqual([
        expect.objectContaining({
          role: 'tool',
          content: [{ type: 'text', text: 'a shot' }, expect.anything()],
        }),
        expect.objectContaining({ role: 'tool', content: 'plain' }),
        { role: 'user', content: [expect.objectContaining({ type: 'text' }), image] },
      ]);
      await expectTaken(told.heard.json);
      messages.push(told.message, say('And now?'));
    }
    // It is stored where the tool gave it.
    const { messages: stored } = await client.session(first.id);
    expect(stored[2]).toMatchObject({ role: 'tool', content: [{ type: 'text', text: 'a shot' }, image] });
    expect(stored[4]).toMatchObject({ role: 'assistant' });
    // And goes from one proxy to another so.
    const exported = await (await pair.send('GET', `/v1/session-exports?id=${first.id}`)).text();
    const other = await begin(store);
    const headers = { 'content-type': 'application/jsonl' };
    const imported = await other.send('POST', '/v1/session-imports', { headers, body: exported });
    expect(await imported.json()).toMatchObject({ imported: 1 });
    const again = await new TranscriptClient(other).turn(
      { model: vision, messages, stream, tools },
      sayText('Yes.'),
    );
    expect([again.id, again.state]).toEqual([first.id, 'continued']);
  });

  const contents: [what: string, content: unknown, header: 'rewritten' | 'dropped'][] = [
    [
      'thinking',
      [
        { type: 'thinking', thinking: 'Hm.', signature: 's' },
        { type: 'text', text: 'Hi.' },
      ],
      'rewritten',
    ],
    [
      'reasoning',
      [
        { type: 'reasoning', text: 'Hm.' },
        { type: 'text', text: 'Hi.' },
      ],
      'rewritten',
    ],
    ['input_text', [{ type: 'input_text', text: 'Hi.' }], 'rewritten'],
    ['output_text', [{ type: 'output_text', text: 'Hi.', annotations: [] }], 'rewritten'],
    ['a text around its value', [{ type: 'text', text: { value: 'Hi.', annotations: [] } }], 'rewritten'],
    [
      'image_url',
      [
        { type: 'text', text: 'Hi.' },
        { type: 'image_url', image_url: { url: png } },
      ],
      'dropped',
    ],
    [
      'an unknown part',
      [
        { type: 'text', text: 'Hi.' },
        { type: 'canvas', id: 'c' },
      ],
      'dropped',
    ],
  ];
  it.each(contents)('[XB2] an answer that holds %s', async (what, content, header) => {
    const pair = await begin(store);
    const client = new TranscriptClient(pair);
    const native: NativeMessage = {
      role: 'assistant',
      content: [{ type: 'text', text: 'Hi.' }],
      citations: [{ start: 0, end: 2, text: 'Hi', sources: [{ type: 'tool', id: 'x:0' }] }],
    };
    const messages: WireMessage[] = [say('Hello')];
    const first = await client.turn({ model: planning, messages, stream }, native);
    messages.push({ role: 'assistant', content }, say('And you?'));
    for (let turn = 0; turn < 3; turn += 1) {
      const chat = { model: planning, messages, stream };
      const told = await client.turn(chat, sayText(`Well ${turn}.`));
      expect(JSON.stringify(heardMessages(told.heard)[1])).toContain('Hi.');
      await expectTaken(told.heard.json);
      // With an image in it, it is the client's own answer.
      if (what !== 'image_url') {
        expect([told.id, told.state]).toEqual([first.id, 'continued']);
        expect(heardAnswers(told.heard)[0]).toEqual(heardAs(native, planning)[0]);
      } else if (turn > 0) expect(told.state).toBe('continued');
      messages.push(told.message, say('And now?'));
    }
    const response = await sendOnce(pair, { model: planning, messages, stream });
    expect(response.headers.get(`x-${header}-parameters`)).toMatch(/messages\[1\]\.content\[\d\]/);
    await readReply(response, stream);
  });

  it('[XB4] calls and results without ids', async () => {
    const pair = await begin(store);
    const client = new TranscriptClient(pair);
    const call = { id: '', type: 'function', function: { name: 'look', arguments: '{}' } } as const;
    const messages: WireMessage[] = [
      say('Look twice.'),
      { role: 'assistant', content: null, tool_calls: [call, call] },
      { role: 'tool', tool_call_id: '', content: 'sea' },
      { role: 'tool', tool_call_id: '', content: 'sky' },
    ];
    let id: string | undefined;
    for (let turn = 0; turn < 3; turn += 1) {
      const told = await client.turn(
        { model: planning, messages, stream, tools },
        sayText(`Sea and sky ${turn}.`),
      );
      id ??= told.id;
      expect([told.id, told.state]).toEqual([id, turn === 0 ? 'new' : 'continued']);
      const [, calling, one, two] = heardMessages(told.heard) as [unknown, HeardMessage, unknown, unknown];
      const ids = (calling.tool_calls ?? []).map(made => made.id);
      expect(new Set(ids).size).toBe(2);
      expect([one, two]).toEqual([
        { role: 'tool', tool_call_id: ids[0], content: 'sea' },
        { role: 'tool', tool_call_id: ids[1], content: 'sky' },
      ]);
      await expectTaken(told.heard.json);
      messages.push(told.message, say('And again?'));
    }
  });

  it('[XB4] a result without an id in a session goes to its open call', async () => {
    const pair = await begin(store);
    const session = { model: planning, sessionId: 'dock', stream };
    pair.fake.script(...sayNative(looks('look_1'), stream));
    const first = await pair.post({ ...session, message: 'Look.', tools });
    await readReply(first, stream);
    pair.fake.script(...sayNative(sayText('Done.'), stream));
    const answers = ['sea', 'sky'].map(content => ({ role: 'tool', tool_call_id: '', content }));
    await readReply(await pair.post({ ...session, messages: answers }), stream);
    const [calling, ...told] = heardMessages(pair.fake.chatRequests[1]).slice(1);
    expect(told).toEqual(
      (calling?.tool_calls ?? []).map(({ id }, at) => ({
        role: 'tool',
        tool_call_id: id,
        content: ['sea', 'sky'][at],
      })),
    );
  });

  it.each(['', ' ', null])(
    '[XB4] Cohere calls a tool named %j: one repeat, and nothing of it is given out',
    async name => {
      const pair = await begin(store);
      const nameless = stream
        ? streamed(start, callStart(0, 'c1', name as never), callEnd(0), messageEnd('TOOL_CALL'))
        : json({
            id: 'r',
            finish_reason: 'TOOL_CALL',
            message: {
              role: 'assistant',
              tool_calls: [{ id: 'c1', type: 'function', function: { name, arguments: '{}' } }],
            },
          });
      const body = { model: planning, messages: [say('Look.')], tools, stream };
      pair.fake.script(...nameless);
      pair.fake.script(...sayNative(sayText('Fine.'), stream));
      expect((await readReply(await pair.post(body), stream)).content).toBe('Fine.');
      pair.fake.script(...nameless);
      pair.fake.script(...nameless);
      const failed = await pair.post(body);
      expect(failed.status).toBe(502);
      expect(failed.headers.get('x-should-retry')).toBe('false');
      expect(await failed.json()).toMatchObject({ error: { code: 'upstream_invalid_response' } });
      expect(pair.fake.chatRequests).toHaveLength(4);
    },
  );

  it('[XB4] a nameless call after a text: the stream breaks, nothing is stored', async () => {
    const pair = await begin(store);
    if (!stream) return;
    pair.fake.script(
      ...streamed(start, text('Let me see.'), callStart(0, 'c1', ''), callEnd(0), messageEnd('TOOL_CALL')),
    );
    const response = await pair.post({ model: planning, messages: [say('Look.')], tools, stream });
    await expect(readReply(response, stream)).rejects.toThrow();
    expect(await new TranscriptClient(pair).sessions()).toEqual({});
  });

  it('[XB6] the first five stop sequences are kept', async () => {
    const pair = await begin(store);
    const stop = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const told = await send(pair, { model: planning, messages: [say('Count.')], stop, stream });
    expect(told.heard).toMatchObject({ stop_sequences: ['a', 'b', 'c', 'd', 'e'] });
    expect(told.headers.get('x-dropped-parameters')).toBe('stop[5], stop[6]');
  });

  it.each([
    [
      'custom and web_search',
      [{ type: 'custom', custom: { name: 'c' } }, ...tools, { type: 'web_search' }],
      'auto',
      'tools[0], tools[2]',
    ],
    ['one name twice', [...tools, ...tools], 'auto', 'tools[1]'],
    [
      'a choice of what was left out',
      [...tools, { type: 'web_search' }],
      { type: 'web_search' },
      'tools[1], tool_choice',
    ],
  ])('[XB6] tools: %s', async (_, given, tool_choice, dropped) => {
    const pair = await begin(store);
    const body = { model: planning, messages: [say('Look.')], tools: given, tool_choice, stream };
    const told = await send(pair, body);
    expect(told.heard).toMatchObject({ tools: [{ function: { name: 'look' } }] });
    expect(told.heard).not.toHaveProperty('tool_choice');
    expect(told.headers.get('x-dropped-parameters')).toBe(dropped);
  });

  it('[XB6] only tools that are no functions: asked without', async () => {
    const pair = await begin(store);
    const body = {
      model: planning,
      messages: [say('Look.')],
      tools: [{ type: 'web_search' }],
      tool_choice: 'required',
      stream,
    };
    const told = await send(pair, body);
    expect(told.heard).not.toHaveProperty('tools');
    expect(told.headers.get('x-dropped-parameters')).toBe('tools[0], tool_choice');
  });

  it.each([
    ['properties: []', { type: 'object', properties: [] }],
    ['properties: null', { type: 'object', properties: null }],
    ['no object at all', []],
    ['below', { type: 'object', properties: { a: { type: 'object', properties: [] } } }],
    ['in a list', { type: 'object', properties: { a: { type: 'array', items: { properties: [] } } } }],
  ])('[XB6] %s is {}', async (_, parameters) => {
    const pair = await begin(store);
    const given = [{ type: 'function', function: { name: 'look', parameters } }];
    const told = await send(pair, { model: planning, messages: [say('Look.')], tools: given, stream });
    expect(JSON.stringify(told.heard)).not.toContain('"properties":[]');
    expect(JSON.stringify(told.heard)).not.toContain('"properties":null');
    expect(told.headers.get('x-rewritten-parameters')).toBe('tools[0].function.parameters');
    await expectTaken(told.heard);
  });

  it.each([
    ['NONE', 'OFF', 'safety_mode'],
    ['off', 'OFF', 'safety_mode'],
    ['STRICT', 'STRICT', null],
  ])('[XB6] safety_mode %s', async (given, heard, rewritten) => {
    const pair = await begin(store);
    const told = await send(pair, { model: planning, messages: [say('Hi.')], safety_mode: given, stream });
    expect(told.heard).toMatchObject({ safety_mode: heard });
    expect(told.headers.get('x-rewritten-parameters')).toBe(rewritten);
  });

  it('[XB6] both penalties: the first alone, since models refuse the two together', async () => {
    const pair = await begin(store);
    const body = {
      model: planning,
      messages: [say('Hi.')],
      presence_penalty: 0.5,
      frequency_penalty: 0.5,
      stream,
    };
    const told = await send(pair, body);
    await expectTaken(told.heard);
    expect(told.heard).toMatchObject({ frequency_penalty: 0.5 });
    expect(told.headers.get('x-dropped-parameters')).toBe('presence_penalty');
  });

  it('[XB6] documents that are empty, named twice, or in the form of the older API', async () => {
    const pair = await begin(store);
    const documents = [
      { id: 'a', data: { text: 'sea' } },
      { id: 'a', data: { text: 'sky' } },
      { id: 'b', title: 'Log', text: 'calm' },
      { id: 'c', data: {} },
      '',
      'fog',
    ];
    const told = await send(pair, { model: planning, messages: [say('Hi.')], documents, stream });
    await expectTaken(told.heard);
    expect(told.heard).toMatchObject({
      documents: [
        { id: 'a', data: { text: 'sea' } },
        { data: { text: 'sky' } },
        { id: 'b', data: { title: 'Log', text: 'calm' } },
        'fog',
      ],
    });
    expect(told.headers.get('x-dropped-parameters')).toBe('documents[3], documents[4]');
    expect(told.headers.get('x-rewritten-parameters')).toBe('documents[1].id, documents[2]');
  });

  it('[XB6] a budget of thinking above the output limit', async () => {
    const pair = await begin(store);
    const thinking = { type: 'enabled', token_budget: 5_000 };
    const body = {
      model: 'command-a-reasoning-08-2025',
      messages: [say('Hi.')],
      max_tokens: 2_000,
      thinking,
      stream,
    };
    const told = await send(pair, body);
    await expectTaken(told.heard);
    expect(told.headers.get('x-clamped-parameters')).toBe('thinking.token_budget=2000');
  });

  it('[XB6] images for a model without eyes are named by their paths, wherever they came', async () => {
    const pair = await begin(store);
    const image = { type: 'image_url', image_url: { url: png } };
    const session = { model: planning, sessionId: 'dock', stream };
    const first = await send(pair, { ...session, message: [{ type: 'text', text: 'What is it?' }, image] });
    expect(first.headers.get('x-dropped-parameters')).toBe('messages[0].content[1]');
    const later = await send(pair, { ...session, message: [image, image] });
    expect(later.headers.get('x-dropped-parameters')).toBe(
      'messages[0].content[1], messages[2].content[0], messages[2].content[1]',
    );
    await expectTaken(later.heard);
  });

  it.each([planning, vision])('[XB6] SVG for %s gives way to a remark', async model => {
    const pair = await begin(store);
    const client = new TranscriptClient(pair);
    const messages = [
      say([
        { type: 'text', text: 'What is it?' },
        { type: 'image_url', image_url: { url: svg } },
      ]),
    ];
    for (let turn = 0; turn < 3; turn += 1) {
      const told = await client.turn({ model, messages, stream }, sayText(`A shape ${turn}.`));
      expect(told.state).toBe(turn === 0 ? 'new' : 'continued');
      expect(JSON.stringify(told.heard.json)).not.toContain('svg');
      expect(JSON.stringify(told.heard.json)).toContain('An image was left out here');
      await expectTaken(told.heard.json);
      messages.push(told.message, say('And now?'));
    }
  });
});

async function sendOnce(pair: Pair, body: { readonly stream: boolean } & Readonly<Record<string, unknown>>) {
  pair.fake.script(...sayNative(sayText('Well.'), body.stream));
  return pair.post(body);
}

async function send(pair: Pair, body: { readonly stream: boolean } & Readonly<Record<string, unknown>>) {
  const response = await sendOnce(pair, body);
  if (response.status !== 200) await readJson(response, 200);
  await readReply(response, body.stream);
  return { headers: response.headers, heard: pair.fake.chatRequests.at(-1)?.json };
}
