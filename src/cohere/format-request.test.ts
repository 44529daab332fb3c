import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromSeed } from '../../test/properties/from-seed.ts';
import { cohereComplaints } from '../../test/support/cohere-schema.ts';
import type { Settings, Tool } from '../conversation/chat-request.ts';
import { ProxyError } from '../conversation/errors.ts';
import { History } from '../conversation/history.ts';
import type { Message } from '../conversation/message.ts';
import { Passage } from '../conversation/passage.ts';
import { atOnce } from '../streams/slices.ts';
import type { ModelInfo, Prompt } from '../turn/model.ts';
import { formatRequest } from './format-request.ts';
import { knownModels } from './known-models.ts';

const planning = 'command-a-03-2025';
const thinking = 'command-a-reasoning-08-2025';

type Given = Partial<Omit<Prompt, 'messages'>> & { messages?: readonly Message[] | Passage };

function format(
  { messages = [{ role: 'user', content: 'Hello' }], ...given }: Given,
  info: ModelInfo | undefined = knownModels.get(given.model ?? planning),
) {
  const prompt: Prompt = {
    model: planning,
    messages: messages instanceof Passage ? messages : Passage.of(messages),
    tools: [],
    toolChoice: 'auto',
    strictTools: false,
    settings: {},
    stream: false,
    ...given,
  };
  const { writeBody, ...rest } = formatRequest(prompt, info);
  const body = atOnce(writeBody());
  return { ...rest, text: body.toString(), body: JSON.parse(body.toString()) };
}

function refusal(given: Partial<Prompt>): ProxyError {
  try {
    format(given);
  } catch (error) {
    if (error instanceof ProxyError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

const look: Tool = { name: 'look', parameters: { type: 'object', properties: { at: {} }, required: ['at'] } };
const called = (name: string, id = 'c1', nativeId?: string): Message[] => [
  {
    role: 'assistant',
    toolCalls: [{ id, name, arguments: '{}', ...(nativeId === undefined ? {} : { nativeId }) }],
  },
  { role: 'tool', toolCallId: id, content: 'done' },
];

test('the least is a model, a stream or not, and the messages', () => {
  expect(format({}).body).toEqual({
    model: planning,
    stream: false,
    messages: [{ role: 'user', content: 'Hello' }],
  });
  expect(format({ stream: true }).body.stream).toBe(true);
});

describe('settings', () => {
  test.each<[Settings, object]>([
    [{ maxTokens: 10 }, { max_tokens: 10 }],
    [{ temperature: 0 }, { temperature: 0 }],
    [{ topP: 0.5 }, { p: 0.5 }],
    [{ topK: 0 }, { k: 0 }],
    [{ frequencyPenalty: 0.5 }, { frequency_penalty: 0.5 }],
    [{ presencePenalty: 0.5 }, { presence_penalty: 0.5 }],
    [{ stopSequences: ['a'] }, { stop_sequences: ['a'] }],
    [{ stopSequences: [] }, {}],
    [{ seed: 0 }, { seed: 0 }],
    [{ logprobs: false }, {}],
    [{ documents: ['d', { data: { a: 1 } }] }, { documents: ['d', { data: { a: 1 } }] }],
    [{ documents: [] }, {}],
    [{ citationOptions: { mode: 'FAST' } }, { citation_options: { mode: 'FAST' } }],
    [{ safetyMode: 'STRICT' }, { safety_mode: 'STRICT' }],
    [{ priority: 0 }, { priority: 0 }],
    [{ responseFormat: { type: 'text' } }, {}],
    [{ responseFormat: { type: 'json' } }, { response_format: { type: 'json_object' } }],
    [
      { responseFormat: { type: 'json', schema: { $schema: 'x', type: 'object', required: ['a'] } } },
      { response_format: { type: 'json_object', json_schema: { type: 'object', required: ['a'] } } },
    ],
  ])('%j', (settings, fields) => {
    const { body, dropped, clamped } = format({ settings });
    const { model: _, stream: __, messages: ___, ...rest } = body;
    expect({ rest, dropped, clamped }).toEqual({ rest: fields, dropped: [], clamped: [] });
  });

  test("more output than the model gives is the model's maximum, and is told", () => {
    const limited = format({ settings: { maxTokens: 8001 } });
    expect(limited.body.max_tokens).toBe(8000);
    expect(limited.clamped).toEqual(['max_tokens=8000']);
    const unlimited = format({ model: 'mine', settings: { maxTokens: 8001 } });
    expect(unlimited.body.max_tokens).toBe(8001);
    expect(unlimited.clamped).toEqual([]);
  });
});

describe('thinking', () => {
  const share = (outputShare: number) =>
    ({ type: 'enabled', param: 'reasoning_effort', outputShare }) as const;

  test.each([
    [0.25, undefined, 8000],
    [0.5, undefined, 16_000],
    [0.75, undefined, 24_000],
    [0.25, 1000, 250],
    [0.75, 1000, 750],
    [0.5, 999, 499],
    [0.25, 1, 1],
    [0.75, 99_999, 24_000],
  ])('%d of the output limit %s is %i tokens', (outputShare, maxTokens, token_budget) => {
    const settings: Settings = { thinking: share(outputShare), ...(maxTokens ? { maxTokens } : {}) };
    expect(format({ model: thinking, settings }).body.thinking).toEqual({ type: 'enabled', token_budget });
  });

  test('of an unknown length has no budget', () => {
    const info: ModelInfo = { name: 'mine', chat: true, features: new Set(['reasoning']) };
    const { body } = format({ model: 'mine', settings: { thinking: share(0.5) } }, info);
    expect(body.thinking).toEqual({ type: 'enabled' });
  });

  test.each<[string, Settings['thinking']]>([
    ['is wished for', share(0.5)],
    ['is switched off', { type: 'disabled', param: 'reasoning_effort' }],
  ])('where it %s, models that do not think are not told of it', (_, wish) => {
    for (const model of [planning, 'mine']) {
      const { body, dropped } = format({ model, settings: wish ? { thinking: wish } : {} });
      expect(body).not.toHaveProperty('thinking');
      expect(dropped).toEqual(['reasoning_effort']);
    }
  });

  test.each<[Settings['thinking'], object]>([
    [{ type: 'disabled', param: 'thinking' }, { type: 'disabled' }],
    [{ type: 'enabled', param: 'thinking' }, { type: 'enabled' }],
    [
      { type: 'enabled', param: 'thinking', tokenBudget: 7 },
      { type: 'enabled', token_budget: 7 },
    ],
  ])("in Cohere's own words is passed on: %j", (wish, sent) => {
    expect(format({ model: thinking, settings: wish ? { thinking: wish } : {} }).body.thinking).toEqual(sent);
  });
});

describe('tools', () => {
  test('each has parameters of an object', () => {
    const bare = { type: 'object', properties: {} };
    const { body } = format({
      tools: [
        { name: 'a' },
        { name: 'b', description: '', parameters: {} },
        {
          name: 'c',
          parameters: { $schema: 'https://json-schema.org/x', type: 'object', properties: { x: {} } },
        },
        { name: 'd', parameters: { properties: { x: { $schema: 1 } } } },
      ],
    });
    expect(body.tools.map((tool: { function: object }) => tool.function)).toEqual([
      { name: 'a', parameters: bare },
      { name: 'b', description: '', parameters: bare },
      { name: 'c', parameters: { type: 'object', properties: { x: {} } } },
      { name: 'd', parameters: { type: 'object', properties: { x: { $schema: 1 } } } },
    ]);
  });

  test.each([
    ['auto', undefined],
    ['required', 'REQUIRED'],
    ['none', 'NONE'],
  ] as const)('the choice %s is %s', (toolChoice, sent) => {
    expect(format({ tools: [look], toolChoice }).body.tool_choice).toBe(sent);
    expect(format({ toolChoice }).body).not.toHaveProperty('tool_choice');
  });

  test('colliding names are told apart, in tools, in calls and in the answer', () => {
    const { body, toolNames } = format({
      tools: [{ name: 'a-b' }, { name: 'a_b' }],
      messages: [{ role: 'user', content: 'Go' }, ...called('a-b', 'c1'), ...called('a.b', 'c2')],
    });
    expect(body.tools.map((tool: { function: { name: string } }) => tool.function.name)).toEqual([
      'a_b_2',
      'a_b',
    ]);
    expect(body.messages[1].tool_calls[0].function.name).toBe('a_b_2');
    expect(body.messages[3].tool_calls[0].function.name).toBe('a_b_3');
    expect(toolNames.fromCohere('a_b_2')).toBe('a-b');
    expect(toolNames.fromCohere('a_b')).toBe('a_b');
  });

  test('a message is not remembered with a name that it had only beside others', () => {
    const messages: Message[] = [{ role: 'user', content: 'Go' }, ...called('a-b')];
    const nameIn = (tools: Tool[]) =>
      format({ tools, messages }).body.messages[1].tool_calls[0].function.name;
    expect(nameIn([{ name: 'a-b' }])).toBe('a_b');
    expect(nameIn([{ name: 'a-b' }, { name: 'a_b' }])).toBe('a_b_2');
    expect(nameIn([{ name: 'a-b' }])).toBe('a_b');
  });
});

describe('strict tools', () => {
  const tool = (parameters: Tool['parameters']): Tool => ({
    name: 'look',
    ...(parameters ? { parameters } : {}),
  });
  const strict = (parameters: Tool['parameters'], model = planning) =>
    format({ model, tools: [tool(parameters)], strictTools: true });
  const at = (schema: object) => ({ type: 'object', properties: { at: { ...schema } }, required: ['at'] });

  test.each<[string, Tool['parameters']]>([
    ['a required property', at({ type: 'string' })],
    ['known keywords', at({ type: 'string', enum: ['a'], format: 'date', default: 'a', title: 't' })],
    ['anyOf', at({ anyOf: [{ type: 'string' }, { type: 'null' }] })],
    ['a nested object with its own', at(at({}))],
    [
      'a property of the name of a refused keyword',
      { ...at({}), properties: { at: {}, pattern: {}, not: {} } },
    ],
  ])('are asked for where all fits: %s', (_, parameters) => {
    const { body, dropped } = strict(parameters);
    expect(body.strict_tools).toBe(true);
    expect(dropped).toEqual([]);
  });

  test.each<[string, Tool['parameters']]>([
    ['no parameters', undefined],
    ['no required property', { type: 'object', properties: { at: {} } }],
    ['an empty list of them', { ...at({}), required: [] }],
    ['a nested object without one', at({ type: 'object', properties: { x: {} } })],
    ['one in a list', at({ type: 'array', items: { type: 'object', properties: {} } })],
    ['one in an alternative', at({ anyOf: [{ type: 'object' }] })],
    ['one in a definition', { ...at({}), $defs: { x: { type: 'object' } } }],
    ...['pattern', 'minLength', 'maxLength', 'minimum', 'maximum', 'multipleOf', 'minItems'].map(
      (keyword): [string, Tool['parameters']] => [keyword, at({ [keyword]: 1 })],
    ),
    ...[
      'maxItems',
      'nullable',
      '$comment',
      'prefixItems',
      'contentEncoding',
      'x-ours',
      'readOnly',
      '$id',
    ].map((keyword): [string, Tool['parameters']] => [`[XB5] ${keyword}`, at({ [keyword]: true })]),
    ['[XB5] a reference', { ...at({ $ref: '#/$defs/x' }), $defs: { x: { type: 'string' } } }],
    ['[XB5] a list of types', at({ type: ['string', 'null'] })],
    ['[XB5] a type that nobody knows', at({ type: 'int' })],
    ['[XB5] a tuple', at({ type: 'array', items: [{ type: 'string' }] })],
    ['[XB5] a schema that is none', at({ anyOf: [true] })],
    ['[XB5] a requirement without its property', { ...at({}), required: ['at', 'of'] }],
    ['[XB5] a keyword in further properties', at({ additionalProperties: { pattern: 'a' } })],
    ...['oneOf', 'allOf', 'not', 'const', 'minProperties'].map((keyword): [string, Tool['parameters']] => [
      keyword,
      at({ [keyword]: [] }),
    ]),
    [
      'more than 200 properties',
      {
        ...at({}),
        properties: Object.fromEntries([...Array(201).keys()].map(n => [n ? `p${n}` : 'at', {}])),
      },
    ],
  ])('are dropped and named where Cohere would refuse them: %s', (_, parameters) => {
    const { body, dropped } = strict(parameters);
    expect(body).not.toHaveProperty('strict_tools');
    expect(dropped).toEqual(['tools.function.strict']);
  });

  test('are not asked of models without them, nor where nobody asks', () => {
    for (const model of ['north-mini-code-1-0', 'mine']) {
      const { body, dropped } = strict(at({}), model);
      expect(body).not.toHaveProperty('strict_tools');
      expect(dropped).toEqual(['tools.function.strict']);
    }
    expect(format({ tools: [tool(at({}))] }).body).not.toHaveProperty('strict_tools');
  });
});

describe('what the model cannot do is refused before it is asked', () => {
  test('JSON together with tools', () => {
    const json = { responseFormat: { type: 'json' } } as const;
    expect(refusal({ tools: [look], settings: json })).toMatchObject({
      code: 'unsupported_parameter',
      param: 'response_format',
    });
  });
});

test('logprobs are not asked for where it is known that there are none', () => {
  const settings = { logprobs: true };
  expect(format({ settings }).body).not.toHaveProperty('logprobs');
  expect(format({ settings }).dropped).toEqual(['logprobs']);
  expect(format({ model: 'command-r-08-2024', settings }).body.logprobs).toBe(true);
  expect(format({ model: 'mine', settings }).body.logprobs).toBe(true);
});

describe("Cohere's own call ids", () => {
  const user: Message = { role: 'user', content: 'Go' };
  const idsIn = (messages: readonly Message[]) =>
    format({ tools: [look], messages }).body.messages.flatMap(
      (message: { tool_calls?: { id: string }[]; tool_call_id?: string }) =>
        message.tool_calls?.map(({ id }) => id) ?? message.tool_call_id ?? [],
    );

  test('are given back, in the calls and in their results', () => {
    const messages = [user, ...called('look', 'call_1', 'native:1'), ...called('look', 'c2')];
    expect(idsIn(messages)).toEqual(['native:1', 'native:1', 'c2', 'c2']);
  });

  test('are given back once: of two calls with the same the second keeps ours', () => {
    const messages = [user, ...called('look', 'call_1', 'n'), ...called('look', 'call_2', 'n')];
    expect(idsIn(messages)).toEqual(['n', 'n', 'call_2', 'call_2']);
    const other = [user, ...called('look', 'n'), ...called('look', 'call_2', 'n')];
    expect(idsIn(other)).toEqual(['n', 'n', 'call_2', 'call_2']);
  });

  test('are never those of another call, also where that one came from the client and comes later', () => {
    const messages = [user, ...called('look', 'call_1', 'n'), ...called('look', 'n')];
    expect(new Set(idsIn(messages)).size).toBe(2);
  });

  test('do not stay with a result that was sent before without them', () => {
    const [call, result] = called('look', 'call_1', 'native:1');
    const [plain] = called('look', 'call_1');
    if (!call || !result || !plain) throw new Error('no messages');
    expect(idsIn([user, plain, result])).toEqual(['call_1', 'call_1']);
    expect(idsIn([user, call, result])).toEqual(['native:1', 'native:1']);
    expect(idsIn([user, plain, result])).toEqual(['call_1', 'call_1']);
  });
});

// Everything that a prompt can hold, small.
const word = fc.constantFrom('', 'a', 'é🌊', '"\\\n', '</s>');
const textPart = fc.record({ type: fc.constant('text' as const), text: word });
const content = fc.oneof(word, fc.array(textPart, { maxLength: 3 }));
const toolName = fc.constantFrom('look', 'a-b', 'a_b', 'a.b', '2nd');
const userMessage = fc.record({ role: fc.constant('user' as const), content });
const systemMessage = fc.record({ role: fc.constant('system' as const), content });
const saying = fc.record({
  role: fc.constant('assistant' as const),
  content: fc.oneof(
    content,
    fc.array(fc.oneof(textPart, fc.record({ type: fc.constant('reasoning' as const), text: word })), {
      maxLength: 3,
    }),
  ),
  citations: fc.constant([{ start: 0, end: 1, text: 'a', sources: [] }]),
});
const step = fc
  .record({
    said: saying,
    plan: word,
    names: fc.array(toolName, { minLength: 1, maxLength: 3 }),
    text: fc.constantFrom('{}', '', 'null', '{"a":1}', '[', '{"a":"🌊"}'),
    result: content,
    isNative: fc.boolean(),
  })
  .map(({ said, plan, names, text, result, isNative }) => (at: number): Message[] => [
    {
      ...said,
      toolPlan: plan,
      toolCalls: names.map((name, index) => ({
        id: `c${at}_${index}`,
        name,
        arguments: text,
        ...(isNative ? { nativeId: `n:${index}` } : {}),
      })),
    },
    ...names.map((_, index): Message => ({ role: 'tool', toolCallId: `c${at}_${index}`, content: result })),
  ]);
const history = fc
  .array(fc.oneof(userMessage, systemMessage, saying, step), { maxLength: 8 })
  .map((made): Message[] => [
    { role: 'user', content: 'Hello' },
    ...made.flatMap((one, at) => (typeof one === 'function' ? one(at) : [one])),
  ]);
const settingsIn = fc.record(
  {
    maxTokens: fc.integer({ min: 1, max: 9_000 }),
    temperature: fc.double({ min: 0, max: 1, noNaN: true }),
    topP: fc.double({ min: 0.01, max: 0.99, noNaN: true }),
    topK: fc.integer({ min: 0, max: 500 }),
    frequencyPenalty: fc.double({ min: 0, max: 1, noNaN: true }),
    stopSequences: fc.array(fc.constantFrom('a', 'b'), { maxLength: 5 }),
    seed: fc.nat(),
    thinking: fc.constantFrom<NonNullable<Settings['thinking']>>(
      { type: 'disabled', param: 'thinking' },
      { type: 'enabled', param: 'reasoning_effort', outputShare: 0.25 },
      { type: 'enabled', param: 'reasoning_effort', outputShare: 0.75 },
    ),
    documents: fc.constantFrom([{ data: { text: 'a' }, id: 'd' }], []),
    safetyMode: fc.constantFrom('CONTEXTUAL', 'STRICT'),
    priority: fc.integer({ min: 0, max: 999 }),
  },
  { requiredKeys: [] },
);
const prompts = fc.record({
  model: fc.constantFrom(...knownModels.keys(), 'mine').filter(name => knownModels.get(name)?.chat !== false),
  messages: history,
  tools: fc.constantFrom<Tool[]>([look], [{ name: 'a-b' }, { name: 'a_b', description: 'x' }, look]),
  toolChoice: fc.constantFrom('auto', 'none', 'required'),
  strictTools: fc.boolean(),
  settings: settingsIn,
  stream: fc.boolean(),
});

test('the body holds nothing that Cohere would refuse, at any level', () => {
  fc.assert(
    fc.property(prompts, prompt => {
      expect(cohereComplaints(format(prompt).body)).toEqual([]);
    }),
    fromSeed('chat bodies'),
  );
});

test('a message that was sent before, in whatever company, is sent in the same bytes as a new one', () => {
  const models = [planning, thinking, 'mine'];
  fc.assert(
    fc.property(
      history,
      fc.array(fc.constantFrom(...models), { minLength: 2, maxLength: 4 }),
      (messages, turns) => {
        const kept = History.of(messages);
        for (const [turn, model] of turns.entries()) {
          // Of what was said, ever more is history.
          const place = Math.floor((messages.length * (turn + 1)) / turns.length);
          const passage = new Passage({ lead: [], history: kept.take(place), rest: messages.slice(place) });
          const tools = turn % 2 === 0 ? [look] : [look, { name: 'a_b' }, { name: 'a-b' }];
          const { text } = format({ model, messages: passage, tools });
          expect(text).toBe(format({ model, messages: structuredClone(messages), tools }).text);
        }
      },
    ),
    fromSeed('kept bytes'),
  );
});
