// What must not get through: one line per rule, with the status and a piece of the text.
import { describe, expect, test } from 'vitest';
import { assistant, call, calling, model, result, time, tool, user, useSimulator, weather } from './ask.ts';

const r7b = 'command-r7b-12-2024';
const vision = 'command-a-vision-07-2025';
const plus = 'command-a-plus-05-2026';
const reasoning = 'command-a-reasoning-08-2025';
const hello = [user('hello')];
const tools = [weather, time];
const image = { type: 'image_url', image_url: { url: 'https://example.com/a.png' } };
const schema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] };

type Case = readonly [name: string, change: object, status: number, text: string | RegExp];

function unknown(field: string): string {
  return `unknown field: parameter '${field}' is not a valid field. For proper usage, please refer to https://docs.cohere.com/reference/chat`;
}

function bare(fn: object): object {
  return { messages: hello, tools: [{ type: 'function', function: fn }] };
}

function strict(parameters: object): object {
  return { ...bare({ name: 'a', parameters }), strict_tools: true };
}

function json(json_schema: object): object {
  return { response_format: { type: 'json_object', json_schema } };
}

const unknownFields: readonly Case[] = [
  ...[
    'top_p',
    'max_completion_tokens',
    'n',
    'num_generations',
    'stop',
    'user',
    'message',
    'chat_history',
    'preamble',
    'conversation_id',
    'connectors',
    'search_queries_only',
    'prompt_truncation',
    'force_single_step',
    'raw_prompting',
    'return_prompt',
    'constructor',
  ].map((field): Case => [`top level: ${field}`, { [field]: 1 }, 422, unknown(field)]),
  ['message', { messages: [{ ...user('a'), name: 'b' }] }, 422, unknown('name')],
  ['system message', { messages: [{ role: 'system', content: 'a', cache: 1 }] }, 422, unknown('cache')],
  ['assistant message', { messages: [{ ...assistant('a'), refusal: null }] }, 422, unknown('refusal')],
  ['tool message', { messages: [{ ...result('a'), name: 'b' }] }, 422, unknown('name')],
  [
    'text block',
    { messages: [user([{ type: 'text', text: 'a', cache_control: {} }])] },
    422,
    unknown('cache_control'),
  ],
  [
    'image',
    { messages: [user([{ type: 'image_url', image_url: { url: 'x', size: 1 } }])] },
    422,
    unknown('size'),
  ],
  ['tool', { tools: [{ ...weather, strict: true }] }, 422, unknown('strict')],
  ['function', bare({ name: 'a', parameters: schema, strict: true }), 422, unknown('strict')],
  ['tool call', { messages: [calling({ ...call('a'), index: 0 })] }, 422, unknown('index')],
  ['response_format', { response_format: { type: 'json_object', name: 'a' } }, 422, unknown('name')],
  ['document', { documents: [{ data: { a: 'b' }, title: 'c' }] }, 422, unknown('title')],
  ['citation_options', { citation_options: { mode: 'FAST', level: 1 } }, 422, unknown('level')],
  ['thinking', { model: reasoning, thinking: { type: 'enabled', budget: 1 } }, 422, unknown('budget')],
];

const types: readonly Case[] = [
  [
    'temperature',
    { temperature: '0.5' },
    400,
    "invalid type: parameter 'temperature' is of type string but should be of type float64",
  ],
  [
    'max_tokens',
    { max_tokens: '5' },
    400,
    "parameter 'max_tokens' is of type string but should be of type int32",
  ],
  ['fraction', { k: 1.5 }, 400, "parameter 'k'"],
  ['null', { temperature: null }, 400, "parameter 'temperature' is of type null"],
  ['stream', { stream: 'true' }, 400, "parameter 'stream'"],
  [
    'messages',
    { messages: 'hello' },
    400,
    "parameter 'messages' is of type string but should be of type array",
  ],
  [
    'message',
    { messages: ['hello'] },
    400,
    "parameter 'messages' is of type string but should be of type object",
  ],
  ['content', { messages: [user(5)] }, 400, "parameter 'messages.content' is of type number"],
  ['user content null', { messages: [user(null)] }, 400, "parameter 'messages.content' is of type null"],
  [
    'arguments as object',
    { messages: [calling({ ...call('a'), function: { name: 'a', arguments: {} } })] },
    400,
    "parameter 'messages.tool_calls.function.arguments'",
  ],
  ['no model', { model: undefined }, 400, "'model' is required"],
  ['no messages', { messages: undefined }, 400, "'messages' is required"],
  ['no function', { tools: [{ type: 'function' }] }, 400, "'tools.function' is required"],
  ['no parameters', bare({ name: 'a' }), 400, "'tools.function.parameters' is required"],
  ['tool type', { tools: [{ ...weather, type: 'builtin' }] }, 422, 'builtin'],
  [
    'tool choice any',
    { tools, tool_choice: 'any' },
    422,
    "unrecognized tool choice option 'any'. For proper usage",
  ],
  ['tool choice auto', { tools, tool_choice: 'auto' }, 422, "unrecognized tool choice option 'auto'"],
  ['named tool choice', { tools, tool_choice: { type: 'function' } }, 400, "parameter 'tool_choice'"],
  [
    'thinking without type',
    { model: reasoning, thinking: { token_budget: 5 } },
    400,
    "'thinking.type' is required",
  ],
  ['safety mode', { safety_mode: 'NONE' }, 422, "safety mode 'NONE'"],
  ['citation mode', { citation_options: { mode: 'Fast' } }, 422, "citation mode 'Fast'"],
  [
    'deep nesting',
    { documents: [{ data: JSON.parse(`${'{"a":'.repeat(200)}1${'}'.repeat(200)}`) }] },
    400,
    'nested too deeply',
  ],
];

const models: readonly Case[] = [
  [
    'unknown',
    { model: 'nonexistent' },
    404,
    "model 'nonexistent' not found, make sure the correct model ID was used and that you have access to the model.",
  ],
  ['removed', { model: 'command-r' }, 404, "model 'command-r' was removed on September 15, 2025. See"],
  ['removed in 2026', { model: 'c4ai-aya-expanse-8b' }, 404, 'removed on April 4, 2026'],
  ['not for chat', { model: 'embed-v4.0' }, 400, 'not supported with the chat endpoint'],
  ['logprobs', { logprobs: true }, 400, 'logprobs is not supported with the specified model'],
  [
    'thinking',
    { thinking: { type: 'enabled' } },
    400,
    'invalid request: `thinking` parameter is not supported with the specified model.',
  ],
  ['no thinking', { thinking: { type: 'disabled' } }, 400, '`thinking` parameter is not supported'],
  ['tools', { model: 'tiny-aya-global', tools }, 400, 'tool use is not supported'],
  [
    'tool_choice on A+',
    { model: plus, tools, tool_choice: 'REQUIRED' },
    400,
    'tool_choice is not supported for this model',
  ],
  [
    'tool_choice on Reasoning',
    { model: reasoning, tools, tool_choice: 'NONE' },
    400,
    'tool_choice is not supported for this model',
  ],
  [
    'strict_tools',
    { model: 'command-a-translate-08-2025', tools, strict_tools: true },
    400,
    'strict_tools is not supported',
  ],
  ['safety off', { model: r7b, safety_mode: 'OFF' }, 400, "safety_mode 'OFF'"],
  ['safety mode', { model: 'north-mini-code-1-0', safety_mode: 'STRICT' }, 400, 'safety_mode'],
  ['documents', { model: 'c4ai-aya-expanse-32b', documents: ['a'] }, 400, 'documents are not supported'],
  [
    'citation_options',
    { model: 'north-mini-code-1-0', citation_options: { mode: 'OFF' } },
    400,
    'citation_options',
  ],
  [
    'JSON',
    { model: 'c4ai-aya-expanse-32b', response_format: { type: 'json_object' } },
    400,
    'response_format',
  ],
  ['images', { messages: [user([image])] }, 400, 'images are not supported'],
  ['images and tools', { model: vision, messages: [user([image])], tools }, 400, 'tool use is not supported'],
  [
    'context',
    { model: 'tiny-aya-global', messages: [user('word '.repeat(9_000))] },
    400,
    /^too many tokens: size limit exceeded by \d+ tokens\. Try using shorter or fewer inputs\. The limit for this model is 8000 tokens\.$/,
  ],
];

const ranges: readonly Case[] = [
  ['temperature', { temperature: 1.01 }, 400, 'temperature must be between 0 and 1.0 inclusive.'],
  ['negative temperature', { temperature: -0.1 }, 400, 'temperature must be'],
  ['p of 1', { p: 1 }, 400, 'p must be between 0.01 and 0.99'],
  ['p of 0', { p: 0 }, 400, 'p must be'],
  ['k', { k: 501 }, 400, 'k must be'],
  ['frequency_penalty', { frequency_penalty: -0.5 }, 400, 'frequency_penalty must be'],
  ['presence_penalty', { presence_penalty: 1.5 }, 400, 'presence_penalty must be'],
  ['both penalties', { presence_penalty: 0.5, frequency_penalty: 0.5 }, 400, 'cannot specify both'],
  ['seed', { seed: -1 }, 400, "parameter 'seed'"],
  ['large seed', { seed: 2 ** 64 }, 400, "parameter 'seed'"],
  ['max_tokens', { max_tokens: 0 }, 400, 'max_tokens must be greater than 0'],
  ['six stop sequences', { stop_sequences: ['a', 'b', 'c', 'd', 'e', 'f'] }, 400, 'stop_sequences'],
  ['empty stop sequence', { stop_sequences: [''] }, 400, 'stop_sequences'],
  ['priority', { priority: 1000 }, 400, 'priority must be'],
  [
    'no budget',
    { model: reasoning, thinking: { type: 'enabled', token_budget: 0 } },
    400,
    'must be greater than 0',
  ],
  [
    'budget over max_tokens',
    { model: reasoning, max_tokens: 9, thinking: { type: 'enabled', token_budget: 10 } },
    400,
    'thinking.token_budget must be less than or equal to max_tokens',
  ],
  [
    'budget over the maximum',
    { model: reasoning, thinking: { type: 'enabled', token_budget: 32_001 } },
    400,
    'less than or equal to max_tokens',
  ],
  [
    'budget, disabled',
    { model: reasoning, thinking: { type: 'disabled', token_budget: 5 } },
    400,
    'disabled',
  ],
];

const emptyMessage = 'must have non-empty content or tool calls.';
const notAnObject =
  'invalid tool call provided in messages[1].tool_calls[0]: tool arguments must be a stringified JSON object';

const messages: readonly Case[] = [
  ['none', { messages: [] }, 400, 'messages must not be empty'],
  ['role developer', { messages: [{ role: 'developer', content: 'a' }] }, 422, "role 'developer'"],
  ['no role', { messages: [{ content: 'a' }] }, 400, 'must have a role'],
  ['empty text', { messages: [user('')] }, 400, `invalid message provided at index 0: ${emptyMessage}`],
  [
    'empty list',
    { messages: [user('a'), assistant([])] },
    400,
    `invalid message provided at index 1: ${emptyMessage}`,
  ],
  ['empty block', { messages: [user([{ type: 'text', text: '' }])] }, 400, emptyMessage],
  ['no content', { messages: [{ role: 'user' }] }, 400, emptyMessage],
  ['assistant null', { messages: [user('a'), assistant(null)] }, 400, emptyMessage],
  [
    'only thinking',
    { model: reasoning, messages: [user('a'), assistant([{ type: 'thinking', thinking: 'b' }])] },
    400,
    emptyMessage,
  ],
  [
    'thinking elsewhere',
    {
      messages: [
        user('a'),
        assistant([
          { type: 'thinking', thinking: 'b' },
          { type: 'text', text: 'c' },
        ]),
      ],
    },
    400,
    'thinking',
  ],
  [
    'unknown block',
    { messages: [user([{ type: 'input_audio', input_audio: {} }])] },
    422,
    'unrecognized content type',
  ],
  ['image of the assistant', { messages: [assistant([image])] }, 422, 'unrecognized content type'],
  [
    'only system',
    { messages: [{ role: 'system', content: 'a' }] },
    400,
    'at least one message with role user',
  ],
  [
    'text beside calls',
    { tools, messages: [user('a'), { ...calling(call('x')), content: 'b' }, result('x')] },
    400,
    "messages with non-empty 'tool_calls' cannot contain content items of type 'text'",
  ],
  [
    'plan on A+',
    { model: plus, tools, messages: [user('a'), { ...calling(call('x')), tool_plan: 'b' }, result('x')] },
    400,
    'invalid message provided at index 1: `tool plan` cannot be used with this model.',
  ],
  [
    'plan on North',
    {
      model: 'north-mini-code-1-0',
      tools,
      messages: [user('a'), { ...calling(call('x')), tool_plan: 'b' }, result('x')],
    },
    400,
    '`tool plan` cannot be used with this model.',
  ],
  ['plan without calls', { messages: [user('a'), { ...assistant('b'), tool_plan: 'c' }] }, 400, 'tool plan'],
  ...['', '[]', '5', '"a"', '{"a":'].map(
    (args): Case => [
      `arguments ${args}`,
      { tools, messages: [user('a'), calling(call('x', 'get_weather', args)), result('x')] },
      400,
      notAnObject,
    ],
  ),
  [
    'duplicate ids',
    { tools, messages: [user('a'), calling(call('x'), call('x')), result('x')] },
    400,
    'cannot have duplicate tool ids',
  ],
  [
    'ids used again',
    { tools, messages: [user('a'), calling(call('x')), result('x'), calling(call('x')), result('x')] },
    400,
    'cannot have duplicate tool ids',
  ],
  [
    'result without id',
    { tools, messages: [user('a'), { role: 'tool', content: 'b' }] },
    400,
    'tool call id must be provided with tool message',
  ],
  [
    'result with unknown id',
    { tools, messages: [user('a'), calling(call('x')), result('y')] },
    400,
    'tool call id not found in previous tool calls',
  ],
  [
    'two results for a call',
    { tools, messages: [user('a'), calling(call('x')), result('x'), result('x')] },
    400,
    'answered before',
  ],
  [
    'a missing result',
    { tools, messages: [user('a'), calling(call('x'), call('y')), result('x'), user('b')] },
    400,
    "missing for 'y'",
  ],
  [
    'a result too late',
    { tools, messages: [user('a'), calling(call('x')), user('b'), result('x')] },
    400,
    "missing for 'x'",
  ],
  ['open at the end', { tools, messages: [user('a'), calling(call('x'))] }, 400, "missing for 'x'"],
  ['empty result', { tools, messages: [user('a'), calling(call('x')), result('x', '')] }, 400, emptyMessage],
  [
    'empty document',
    {
      tools,
      messages: [user('a'), calling(call('x')), result('x', [{ type: 'document', document: { data: {} } }])],
    },
    400,
    'cannot be empty',
  ],
  [
    'name in history',
    { tools, messages: [user('a'), calling(call('x', 'my-tool')), result('x')] },
    400,
    "provided name: 'my-tool'",
  ],
  [
    'history without tools',
    { messages: [user('a'), calling(call('x')), result('x')] },
    422,
    'your request resulted in an invalid tool generation',
  ],
  [
    'image URL',
    { model: vision, messages: [user([{ type: 'image_url', image_url: { url: 'file:///etc/passwd' } }])] },
    400,
    'image_url.url',
  ],
  [
    'image type',
    {
      model: vision,
      messages: [user([{ type: 'image_url', image_url: { url: 'data:image/svg+xml;base64,AAAA' } }])],
    },
    400,
    'image_url.url',
  ],
  [
    '21 images',
    { model: vision, messages: [user(Array.from({ length: 21 }, () => image))] },
    400,
    'at most 20 images',
  ],
  ['image on Aya', { model: 'c4ai-aya-vision-32b', messages: [user([image])] }, 422, 'no valid response'],
];

const toolRules: readonly Case[] = [
  ['empty list', { tools: [] }, 400, 'must not be empty'],
  [
    'hyphen',
    { tools: [tool('my-tool')] },
    400,
    "tool names can only contain certain characters (A-Za-z0-9_) and can't begin with a digit (provided name: 'my-tool').",
  ],
  ['digit', { tools: [tool('1st')] }, 400, "provided name: '1st'"],
  ['the same name twice', { tools: [weather, weather] }, 400, 'duplicate tool name'],
  [
    'property map',
    bare({ name: 'a', parameters: { city: { type: 'string' } } }),
    422,
    'invalid tool generation',
  ],
  ['no schema', bare({ name: 'a', parameters: {} }), 422, 'invalid tool generation'],
  ['choice without tools', { tool_choice: 'NONE' }, 400, 'tool_choice'],
  ['strict without tools', { strict_tools: true }, 400, 'strict_tools'],
  [
    'strict, nothing required',
    strict({ type: 'object', properties: {} }),
    400,
    'invalid function at tools[0].function: extra restrictions to tool parameters apply when strict_tools=true',
  ],
  [
    'strict, nested',
    strict({ ...schema, properties: { a: { type: 'object', properties: { b: { type: 'string' } } } } }),
    400,
    'extra restrictions',
  ],
  ...['pattern', 'minLength', 'minimum', 'multipleOf', 'minItems', 'oneOf', 'const'].map(
    (keyword): Case => [
      `strict ${keyword}`,
      strict({ ...schema, properties: { a: { type: 'string', [keyword]: 1 } } }),
      400,
      'extra restrictions',
    ],
  ),
  ['JSON and tools', { tools, response_format: { type: 'json_object' } }, 400, 'in combination'],
  [
    'JSON and documents',
    { documents: ['a'], response_format: { type: 'json_object' } },
    400,
    'in combination',
  ],
  ['schema of a text', { response_format: { type: 'text', json_schema: schema } }, 400, 'json_schema'],
  ['root of a schema', json({ type: 'array', items: { type: 'string' } }), 400, "type 'object'"],
  [
    'nothing required',
    json({ type: 'object', properties: { a: { type: 'string' } } }),
    400,
    'required property',
  ],
  ...[
    'allOf',
    'oneOf',
    'not',
    'minimum',
    'maximum',
    'minItems',
    'maxItems',
    'minLength',
    'maxLength',
    'uniqueItems',
  ].map(
    (keyword): Case => [
      `schema ${keyword}`,
      json({ ...schema, properties: { a: { type: 'string', [keyword]: 1 } } }),
      400,
      `keyword '${keyword}'`,
    ],
  ),
  ['anchor', json({ ...schema, properties: { a: { type: 'string', pattern: '^a$' } } }), 400, 'anchors'],
  [
    'look-around',
    json({ ...schema, properties: { a: { type: 'string', pattern: '(?=a)b' } } }),
    400,
    'look-around',
  ],
  ['format', json({ ...schema, properties: { a: { type: 'string', format: 'email' } } }), 400, 'email'],
  ['reference', json({ ...schema, properties: { a: { $ref: '#/$defs/b' } } }), 400, 'cannot be resolved'],
  ['no documents', { documents: [] }, 400, 'must not be empty'],
  [
    'empty document',
    { documents: [{ data: {} }] },
    400,
    'invalid request: document at index 0 cannot be empty',
  ],
  ['second empty', { documents: ['a', ''] }, 400, 'document at index 1 cannot be empty'],
  ['document of v1', { documents: [{ text: 'a' }] }, 400, 'document at index 0 cannot be empty'],
  [
    'same id twice',
    {
      documents: [
        { id: 'a', data: { b: 'c' } },
        { id: 'a', data: { b: 'd' } },
      ],
    },
    400,
    'duplicate document id',
  ],
];

const { ask } = useSimulator();

describe.each([
  ['unknown fields', unknownFields],
  ['types', types],
  ['models', models],
  ['ranges', ranges],
  ['messages', messages],
  ['tools, JSON, documents', toolRules],
])('%s', (_, cases) => {
  test.each(cases)('%s', async (_name, change, status, text) => {
    const reply = await ask({ model, messages: hello, ...change });
    expect(`${reply.status} ${reply.message}`).toMatch(text instanceof RegExp ? /^/ : `${status} `);
    expect(reply.status).toBe(status);
    expect(reply.message).toEqual(
      text instanceof RegExp ? expect.stringMatching(text) : expect.stringContaining(text),
    );
  });
});

test('a refusal has an id, a failed generation has a type instead', async () => {
  const refused = await ask({ model, messages: [user('')] });
  expect(Object.keys(refused.body)).toEqual(['id', 'message']);
  const failed = await ask({ model, messages: [user('a'), calling(call('x')), result('x')] });
  expect(failed.body).toEqual({ error_type: 'INVALID_TOOL_GENERATION', message: expect.any(String) });
});

test.each([
  [
    'everything at its limit',
    {
      temperature: 1,
      p: 0.99,
      k: 500,
      seed: 2 ** 53,
      priority: 999,
      presence_penalty: 1,
      frequency_penalty: 0,
      max_tokens: 1_000_000,
      stop_sequences: ['a', 'b', 'c', 'd', 'e'],
    },
  ],
  [
    'null and {} as arguments',
    {
      tools,
      messages: [user('a'), calling(call('x', 'get_time', 'null'), call('y')), result('x'), result('y')],
    },
  ],
  [
    'null content beside calls',
    { tools, messages: [user('a'), { ...calling(call('x')), content: null }, result('x')] },
  ],
  [
    'a plan on an older model',
    { tools, messages: [user('a'), { ...calling(call('x')), tool_plan: 'b' }, result('x')] },
  ],
  [
    'thinking beside calls',
    {
      model: plus,
      tools,
      messages: [
        user('a'),
        { ...calling(call('x')), content: [{ type: 'thinking', thinking: 'b' }] },
        result('x'),
      ],
    },
  ],
  [
    'assistant last, equal roles, system late',
    { messages: [user('a'), user('b'), assistant('c'), { role: 'system', content: 'd' }, assistant('e')] },
  ],
  ['images and tools on A+', { model: plus, messages: [user([image])], tools }],
  ['citation modes in small letters', { citation_options: { mode: 'disabled' } }],
  ['safety off on an old model', { model: 'command-r-08-2024', safety_mode: 'OFF' }],
  ['strict tools', { tools: [weather], strict_tools: true }],
  [
    'a schema with references',
    json({
      type: 'object',
      properties: { a: { $ref: '#/$defs/b' } },
      required: ['a'],
      $defs: { b: { type: 'string', pattern: '[a-z]+\\.[0-9]' } },
    }),
  ],
])('taken: %s', async (_, change) => {
  const reply = await ask({ model, messages: hello, ...change });
  expect(reply.text).not.toContain('"error_type"');
  expect(`${reply.status} ${reply.status === 200 ? '' : reply.text}`).toBe('200 ');
});
