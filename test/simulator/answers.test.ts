import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { readHints } from '../../src/simulator/hints.ts';
import type { JsonObject } from '../../src/simulator/json.ts';
import { sampleSchema } from '../../src/simulator/schema-sample.ts';
import {
  assistant,
  call,
  calling,
  model,
  type Reply,
  result,
  time,
  tool,
  user,
  useSimulator,
  weather,
} from './ask.ts';

const { ask } = useSimulator();

function textOf({ body }: Pick<Reply, 'body'>): string {
  return body.message.content?.find(block => block.type === 'text')?.text ?? '';
}

async function replyTo(...texts: readonly string[]): Promise<string> {
  const messages = texts.flatMap((text, index) =>
    index === 0 ? [user(text)] : [assistant('ok'), user(text)],
  );
  return textOf(await ask({ model, messages }));
}

describe('remembers', () => {
  test.each([
    [['My name is Ada.', 'What is my name?'], 'You told me your name is Ada.'],
    [
      ['I am called Grace Hopper and I code', 'a', "what's my name"],
      'You told me your name is Grace Hopper.',
    ],
    [['Call me Al', 'do you remember my name?'], 'You told me your name is Al.'],
    [['my name is Ada', 'no, my name is Eve', 'Who am I?'], 'You told me your name is Eve.'],
    [['hello', 'What is my name?'], 'You have not told me your name yet.'],
    [['call me later', 'What is my name?'], 'You have not told me your name yet.'],
    [['My name is Ada'], 'Nice to meet you, Ada.'],
    [
      ['My favorite colour is dark blue.', 'What is my favourite colour?'],
      'You told me your favourite colour is dark blue.',
    ],
    [["My dog's name is Rex", "tell me what my dog's name is"], "You told me your dog's name is Rex."],
    [['Please remember that the code is 42.', 'What is the code?'], 'You told me that the code is 42.'],
    [
      ['I want you to remember: milk', 'What did I ask you to remember?'],
      'You asked me to remember that milk.',
    ],
    [['one thing', 'another', 'What did I say first?'], 'The first thing you said was: "one thing"'],
    [['a', 'b', 'How many messages did I send?'], 'You have sent 3 messages so far.'],
    [['My name is Ada', 'Summarize the conversation'], 'The user said: "My name is Ada".'],
    [['a', 'tell me more'], 'I have seen 2 messages from you so far, and the last one says: "tell me more"'],
  ])('%j', async (texts, expected) => {
    expect(await replyTo(...texts)).toBe(expected);
  });

  test('through what coding agents wrap around the words', async () => {
    const environment = {
      type: 'text',
      text: '<environment_details>\nmy name is VSCode\n</environment_details>',
    };
    const said = (text: string): JsonObject => ({
      type: 'text',
      text: `<user_message>\n${text}\n</user_message>`,
    });
    const completion = tool('attempt_completion', { result: { type: 'string' } });
    const { body } = await ask({
      model,
      tools: [completion, weather],
      messages: [
        { role: 'system', content: 'My name is Roo.' },
        user([said('My name is Ada'), environment]),
        calling(call('x', 'attempt_completion', '{"result":"hello"}')),
        result('x', '<user_message>\nWhat is my name?\n</user_message>'),
        user([environment]),
      ],
    });
    expect(body.message.tool_calls?.[0]?.function).toEqual({
      name: 'attempt_completion',
      arguments: '{"result":"You told me your name is Ada."}',
    });
  });
});

describe('calls tools', () => {
  const tools = [weather, time];
  const called = async (text: string, more: JsonObject = {}): Promise<readonly string[]> => {
    const { body } = await ask({ model, tools, messages: [user(text)], ...more });
    const calls = body.message.tool_calls ?? [];
    return calls.map(({ function: { name, arguments: args } }) => `${name} ${args}`);
  };

  test.each([
    ["What's the weather in Paris?", ['get_weather {"city":"Paris"}']],
    ['please call get_time', ['get_time null']],
    ['Use get_weather for Rome, then get time', ['get_weather {"city":"Rome"}', 'get_time null']],
    ['use both tools for Rome', ['get_weather {"city":"Rome"}', 'get_time null']],
    [
      'The weather in Paris and in New York, in parallel',
      ['get_weather {"city":"Paris"}', 'get_weather {"city":"New York"}'],
    ],
    ['hello', []],
    ['What is the weather in Rome? Do not use any tools.', []],
    ['What is my name?', []],
  ])('%s', async (text, expected) => {
    expect(await called(text)).toEqual(expected);
  });

  test('REQUIRED and NONE', async () => {
    expect(await called('hello', { tool_choice: 'REQUIRED' })).toEqual(['get_weather {"city":"hello"}']);
    expect(await called('use the tool', { tool_choice: 'NONE' })).toEqual([]);
    const { body } = await ask({ model, tools, tool_choice: 'REQUIRED', messages: [user('hello')] });
    expect(body.message.tool_plan).toBe('I will use one or more of the available tools to find the answer');
    expect(body.message.tool_calls?.[0]?.id).toMatch(/^get_weather_[a-z0-9]{12}$/);
    expect(body.message.content).toBeUndefined();
  });

  test('then answers from the results, in a coding agent through attempt_completion', async () => {
    const messages = [user('weather?'), calling(call('x')), result('x', 'sunny')];
    const plain = await ask({ model, tools, messages });
    expect(plain.body.message.content?.[0]?.text).toBe('The get_weather tool says: sunny');
    const completion = tool('attempt_completion', { result: { type: 'string' } });
    const agent = await ask({ model, tools: [...tools, completion], messages });
    expect(agent.body.message.tool_calls?.[0]?.function.arguments).toBe(
      '{"result":"The get_weather tool says: sunny"}',
    );
  });
});

describe('writes JSON', () => {
  test('by a schema', async () => {
    const json_schema = {
      type: 'object',
      properties: { name: { type: 'string' }, age: { type: 'integer' } },
      required: ['name', 'age'],
    };
    const { body } = await ask({
      model,
      response_format: { type: 'json_object', json_schema },
      messages: [user("The person's name is John, and he is 30 years old")],
    });
    expect(JSON.parse(textOf({ body }))).toEqual({ name: 'John', age: 30 });
  });

  test('without one, if the prompt says so; else white space without end', async () => {
    const response_format = { type: 'json_object' };
    const asked = await ask({ model, response_format, messages: [user('Hello. Answer in JSON.')] });
    expect(JSON.parse(textOf(asked))).toMatchObject({ user_messages: 1 });
    const lost = await ask({ model, response_format, messages: [user('hello')] });
    expect(textOf(lost).trim()).toBe('');
    expect(lost.body.finish_reason).toBe('MAX_TOKENS');
  });

  const node = {
    type: 'object',
    properties: { value: { type: 'number' }, next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } },
    required: ['value', 'next'],
  };
  test.each<readonly [string, JsonObject]>([
    [
      'everything simple',
      {
        type: 'object',
        properties: {
          s: { type: 'string' },
          i: { type: 'integer' },
          n: { type: 'number' },
          b: { type: 'boolean' },
          z: { type: 'null' },
          a: { type: 'array', items: { type: 'string' } },
        },
        required: ['s', 'i', 'n', 'b', 'z', 'a'],
      },
    ],
    [
      'words',
      {
        type: 'object',
        properties: {
          e: { enum: ['a', 'b'] },
          c: { const: { x: 1 } },
          d: { type: 'string', format: 'date-time' },
          u: { type: 'string', format: 'uuid' },
        },
        required: ['e', 'c', 'd', 'u'],
      },
    ],
    [
      'patterns',
      {
        type: 'object',
        properties: {
          a: { type: 'string', pattern: '^[A-Z]{3}-\\d{2,4}(?:x|yz)+$' },
          b: { type: 'string', pattern: 'v[0-9]+\\.[^0-9\\]]?' },
        },
        required: ['a', 'b'],
      },
    ],
    [
      'limits',
      {
        type: 'object',
        properties: {
          a: { type: 'array', items: { type: 'integer' }, minItems: 3, maxItems: 4, uniqueItems: true },
          b: { type: 'string', minLength: 40 },
          c: { type: 'string', maxLength: 2 },
          d: { type: 'integer', minimum: 100, multipleOf: 7 },
          e: { type: 'number', exclusiveMaximum: 0 },
        },
        required: ['a', 'b', 'c', 'd', 'e'],
      },
    ],
    [
      'alternatives',
      {
        type: 'object',
        properties: {
          a: { anyOf: [{ type: 'null' }, { type: 'integer' }] },
          b: { type: ['string', 'null'] },
          c: {
            allOf: [
              { type: 'object', properties: { x: { type: 'string' } }, required: ['x'] },
              { type: 'object', properties: { y: { type: 'string' } }, required: ['y'] },
            ],
          },
        },
        required: ['a', 'b', 'c'],
      },
    ],
    [
      'recursion',
      { type: 'object', properties: { list: { $ref: '#/$defs/node' } }, required: ['list'], $defs: { node } },
    ],
  ])('that validates: %s', (_, schema) => {
    const ajv = new Ajv({ strict: false, validateFormats: false });
    const value = sampleSchema(schema, readHints('Take 12 eggs to Paris.'));
    expect(ajv.validate(schema, value), `${JSON.stringify(value)} ${ajv.errorsText()}`).toBe(true);
  });
});

test('the same request has the same answer', async () => {
  const body = { model, tools: [weather], messages: [user('What is the weather in Oslo?')] };
  const [one, other] = [await ask(body), await ask(body)];
  expect(one.body.message.tool_plan).toBe(other.body.message.tool_plan);
  expect(one.body.message.tool_calls?.[0]?.id).not.toBe(other.body.message.tool_calls?.[0]?.id);
});

test('the prompt cache shows a shared beginning', async () => {
  const long = `Remember this. ${'It is a long text. '.repeat(100)}`;
  const first = await ask({ model: 'command-r7b-12-2024', messages: [user(long)] });
  const next = await ask({
    model: 'command-r7b-12-2024',
    messages: [user(long), assistant('ok'), user('and now?')],
  });
  const { usage } = next.body;
  expect(first.body.usage.cached_tokens).toBe(0);
  expect(usage.cached_tokens).toBeGreaterThan(first.body.usage.tokens.input_tokens - 17);
  expect(usage.cached_tokens).toBeLessThan(usage.tokens.input_tokens);
});

test('images are counted beside the input', async () => {
  const image = { type: 'image_url', image_url: { url: 'https://example.com/a.png' } };
  const { body } = await ask({
    model: 'command-a-vision-07-2025',
    messages: [user([{ type: 'text', text: 'what is this' }, image])],
  });
  expect(body.usage.tokens.image_tokens).toBe(259);
  expect(body.usage.billed_units.input_tokens).toBe(262);
});
