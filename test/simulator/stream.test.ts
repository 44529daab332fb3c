import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/simulator/json.ts';
import {
  call,
  calling,
  model,
  result,
  type StreamEvent,
  time,
  tool,
  user,
  useSimulator,
  weather,
} from './ask.ts';

const { ask, stream } = useSimulator();
const reasoning = 'command-a-reasoning-08-2025';

/** One letter per event, so that the order of a whole stream can be read by a regular expression. */
const letters: Readonly<Record<string, string>> = {
  'message-start': 'M',
  'content-start': 'C',
  'content-delta': 'd',
  'content-end': 'c',
  'citation-start': 'Q',
  'citation-end': 'q',
  'tool-plan-delta': 'p',
  'tool-call-start': 'T',
  'tool-call-delta': 't',
  'tool-call-end': 'e',
  'message-end': 'm',
};

function grammarOf(events: readonly StreamEvent[]): string {
  return events.map(event => letters[event.type] ?? '?').join('');
}

function argumentsOf(events: readonly StreamEvent[], index: number): string {
  return events
    .filter(event => event.type === 'tool-call-delta' && event.index === index)
    .map(event => event.delta?.message?.tool_calls?.function.arguments)
    .join('');
}

function textOf(events: readonly StreamEvent[]): string {
  return events.map(event => event.delta?.message?.content?.text ?? '').join('');
}

const cases: readonly (readonly [name: string, body: JsonObject, grammar: RegExp])[] = [
  ['text', { model, messages: [user('hello')] }, /^MCd+cm$/],
  ['thinking and text', { model: reasoning, messages: [user('hello')] }, /^MCd+cCd+cm$/],
  [
    'no thinking',
    { model: reasoning, thinking: { type: 'disabled' }, messages: [user('hello')] },
    /^MCd+cm$/,
  ],
  ['a call', { model, tools: [weather], messages: [user('use the tool for Rome')] }, /^Mp+Tt+em$/],
  ['a call without arguments', { model, tools: [time], messages: [user('use the tool')] }, /^Mp+Tem$/],
  [
    'two calls',
    { model, tools: [weather, time], messages: [user('use both tools for Rome')] },
    /^Mp+Tt+eTem$/,
  ],
  [
    'thinking and a call',
    { model: reasoning, tools: [weather], messages: [user('use the tool')] },
    /^MCd+cTt+em$/,
  ],
  ['citations', { model, documents: ['The sky is green.'], messages: [user('sky?')] }, /^MCd+(?:Qq)+cm$/],
  [
    'fast citations',
    {
      model,
      documents: [{ data: 'The sky is green.' }, { data: 'The sky is high.' }],
      citation_options: { mode: 'FAST' },
      messages: [user('The sky, green and high?')],
    },
    /^MCd+Qqd+Qqcm$/,
  ],
  [
    'no citations',
    { model, documents: ['The sky is green.'], citation_options: { mode: 'off' }, messages: [user('sky?')] },
    /^MCd+cm$/,
  ],
];

describe('order of events', () => {
  test.each(cases)('%s', async (_, body, grammar) => {
    expect(grammarOf(await stream(body))).toMatch(grammar);
  });
});

test('indexes count each kind from 0 without gaps', async () => {
  const events = await stream({
    model: reasoning,
    tools: [weather, time],
    messages: [user('use both tools')],
  });
  const starts = events.filter(event => /^(?:content|tool-call)-start$/.test(event.type));
  expect(starts.map(event => [event.type, event.index])).toEqual([
    ['content-start', 0],
    ['tool-call-start', 0],
    ['tool-call-start', 1],
  ]);
});

test('the first and the last event look as recorded', async () => {
  const events = await stream({ model, messages: [user('hello')] });
  expect(events[0]).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f-]{27}$/),
    type: 'message-start',
    delta: { message: { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] } },
  });
  expect(events.at(-1)).toEqual({
    type: 'message-end',
    delta: {
      finish_reason: 'COMPLETE',
      usage: {
        billed_units: { input_tokens: 1, output_tokens: expect.any(Number) },
        tokens: { input_tokens: expect.any(Number), output_tokens: expect.any(Number) },
        cached_tokens: expect.any(Number),
      },
    },
  });
});

test('a stream says what the whole answer says', async () => {
  const body = { model, messages: [user('hello 😀 there')] };
  const whole = await ask(body);
  const events = await stream(body);
  expect(textOf(events)).toBe(whole.body.message.content?.[0]?.text);
});

test('arguments: compact when whole, "null" or nothing without parameters', async () => {
  const body = { model, tools: [weather, time], messages: [user('use both tools for Rome')] };
  const whole = await ask(body);
  const args = whole.body.message.tool_calls?.map(one => one.function.arguments);
  expect(args).toEqual(['{"city":"Rome"}', 'null']);
  const events = await stream(body);
  expect([argumentsOf(events, 0), argumentsOf(events, 1)]).toEqual(['{"city": "Rome"}', '']);
  const indented = await stream({ ...body, model: 'command-r-plus-08-2024' });
  expect(argumentsOf(indented, 0)).toBe('{\n    "city": "Rome"\n}');
});

test.each([
  ['ACCURATE', model],
  ['FAST', model],
  ['ACCURATE', reasoning],
])('citations (%s, %s) count code points, also behind astral characters', async (mode, name) => {
  const events = await stream({
    model: name,
    tools: [weather],
    citation_options: { mode },
    messages: [
      user('weather?'),
      calling(call('x'), call('y')),
      result('x', '😀😀 sunny 𝒳'),
      result('y', [{ type: 'document', document: { data: { output: '🌧 rain' } } }]),
    ],
  });
  const points = [...textOf(events)];
  const citations = events
    .filter(event => event.type === 'citation-start')
    .flatMap(event => event.delta?.message?.citations ?? []);
  expect(citations.map(citation => citation.text)).toEqual(['😀😀 sunny 𝒳', '🌧 rain']);
  for (const citation of citations) {
    expect(points.slice(citation.start, citation.end).join('')).toBe(citation.text);
  }
  expect(citations.map(citation => citation.sources)).toEqual([
    [{ type: 'tool', id: 'x:0', tool_output: { content: '😀😀 sunny 𝒳' } }],
    [{ type: 'tool', id: 'y:0', tool_output: { output: '🌧 rain' } }],
  ]);
  expect(citations[0]?.content_index).toBe(name === reasoning ? 1 : undefined);
});

test('documents without an id are called by position', async () => {
  const { body } = await ask({
    model,
    documents: [{ data: { text: 'Grass is blue.' } }, 'The sky is green.'],
    messages: [user('Which colour has the sky, green?')],
  });
  expect(body.message.citations).toEqual([
    {
      start: expect.any(Number),
      end: expect.any(Number),
      text: 'The sky is green.',
      type: 'TEXT_CONTENT',
      sources: [{ type: 'document', id: 'doc:1', document: { id: 'doc:1', content: 'The sky is green.' } }],
    },
  ]);
});

test('logprobs ride on the text deltas', async () => {
  const body = { model: 'command-r7b-12-2024', logprobs: true, messages: [user('hello')] };
  const deltas = (await stream(body)).filter(event => event.type === 'content-delta');
  expect(deltas.every(event => event.logprobs?.text === event.delta?.message?.content?.text)).toBe(true);
  expect((await ask(body)).body.logprobs?.[0]).toEqual({
    text: 'I',
    token_ids: [expect.any(Number)],
    logprobs: [expect.any(Number)],
  });
});

describe('early ends', () => {
  const saying = (text: string, more: JsonObject): JsonObject => ({ model, messages: [user(text)], ...more });

  test('max_tokens', async () => {
    const { body } = await ask(saying('hello', { max_tokens: 4 }));
    expect(body.message.content?.[0]?.text).toBe('I have seen 1');
    expect(body.finish_reason).toBe('MAX_TOKENS');
    expect(body.usage.billed_units.output_tokens).toBe(4);
  });

  test('max_tokens inside a call', async () => {
    const { body } = await ask(
      saying('use the tool for Rome', { max_tokens: 15, tools: [tool('go', { city: { type: 'string' } })] }),
    );
    expect(body.finish_reason).toBe('MAX_TOKENS');
    expect(() => JSON.parse(body.message.tool_calls?.[0]?.function.arguments ?? '{}')).toThrow();
  });

  test('max_tokens inside thinking', async () => {
    const { body } = await ask(saying('hello', { model: reasoning, max_tokens: 3 }));
    expect(body.message.content).toEqual([{ type: 'thinking', thinking: 'The user has' }]);
  });

  test('token_budget', async () => {
    const { body } = await ask(
      saying('hello', { model: reasoning, thinking: { type: 'enabled', token_budget: 3 } }),
    );
    expect(body.message.content?.map(block => block.type)).toEqual(['thinking', 'text']);
    expect(body.message.content?.[0]?.thinking).toBe('The user has');
  });

  test('a stop sequence', async () => {
    const { body } = await ask(saying('hello', { stop_sequences: ['never', ' from'] }));
    expect(body.message.content?.[0]?.text).toBe('I have seen 1 message');
    expect(body.finish_reason).toBe('STOP_SEQUENCE');
  });
});
