// [XF8] What would keep the pretended model busy for ever: each of these is answered, and with an answer of ordinary size.
import { describe, expect, test, vi } from 'vitest';
import { OfflineCohere } from '../../src/offline-cohere.ts';
import type { JsonObject } from '../../src/simulator/json.ts';
import { model, tool, user, useSimulator } from './ask.ts';

const { ask } = useSimulator();

/** Characters of an answer, however much was asked for. */
const ordinary = 200_000;

async function call(parameters: JsonObject, text = 'Use the tool.') {
  const reply = await ask({
    model,
    messages: [user(text)],
    tools: [{ type: 'function', function: { name: 'look', description: '', parameters } }],
    tool_choice: 'REQUIRED',
  });
  expect(reply.status).toBe(200);
  const [made] = reply.body.message.tool_calls ?? [];
  expect(made?.function.arguments.length).toBeLessThan(ordinary);
  return JSON.parse(made?.function.arguments ?? '') as Record<string, unknown>;
}

const object = (properties: JsonObject, required = Object.keys(properties)): JsonObject => ({
  type: 'object',
  properties,
  required,
});

describe('[XF8] tool parameters', () => {
  test.each([
    ['(a+)+b', 'a'.repeat(60)],
    ['(a|a)*c', 'a'.repeat(60)],
    ['(.*)*x', 'y'.repeat(60)],
    ['([a-z]+)*[0-9]', 'q'.repeat(80)],
    ['(a{1000}){1000}', 'text'],
    ['((a{100}){100}){100}', 'text'],
    ['a{100000000}', 'text'],
    [`${'('.repeat(400)}a${')'.repeat(400)}`, 'text'],
    ['[[[['.repeat(200), 'text'],
    ['(?:'.repeat(100), 'text'],
  ])('[XF8] the pattern %.40s', async (pattern, text) => {
    const { word } = await call(
      object({ word: { type: 'string', pattern } }),
      `Use the tool with "${text}".`,
    );
    expect(typeof word).toBe('string');
  });

  test.each<[string, JsonObject]>([
    ['minLength', { type: 'string', minLength: 1e8 }],
    ['minLength and maxLength', { type: 'string', minLength: 1e9, maxLength: 1e9 }],
    ['minItems', { type: 'array', minItems: 1e8, items: { type: 'string' } }],
    ['a long enum', { enum: Array.from({ length: 20_000 }, (_, at) => `value ${at}`) }],
  ])('[XF8] %s', async (_, schema) => {
    await call(object({ value: schema }));
  });

  test('[XF8] a schema that requires itself in ten places', async () => {
    const names = [...'abcdefghij'];
    const node = object(Object.fromEntries(names.map(name => [name, { $ref: '#' }])));
    await call(node);
    const all = { allOf: names.map(() => ({ $ref: '#/$defs/node' })) };
    await call({ ...object({ a: { $ref: '#/$defs/node' } }), $defs: { node: all } });
    const lists = { type: 'array', minItems: 8, items: { $ref: '#/$defs/list' } };
    await call({ ...object({ a: { $ref: '#/$defs/list' } }), $defs: { list: lists } });
  });
});

describe('[XF8] texts', () => {
  test.each([
    ['marks that are never closed', '<user_message>'.repeat(50_000)],
    ['details that are never closed', '<environment_details>'.repeat(50_000)],
    [
      'details without end',
      `<environment_details>${'</environment_details> <environment_details>'.repeat(20_000)}`,
    ],
    ['questions', `${'what is my '.repeat(50_000)}?`],
    ['sayings', 'say '.repeat(200_000)],
    ['facts', 'my my my '.repeat(100_000)],
    ['one word', 'a'.repeat(1_000_000)],
    ['quotes', '"'.repeat(1_000_000)],
    ['capitals', 'A '.repeat(500_000)],
    ['dots', 'a.'.repeat(500_000)],
    ['spaces', ' '.repeat(1_000_000)],
  ])('[XF8] a megabyte of %s', async (_, text) => {
    const tools = [tool('get_weather', { city: { type: 'string' } })];
    const reply = await ask({ model, messages: [user(text)], tools });
    // Refused where it has more tokens than the model takes.
    expect([200, 400]).toContain(reply.status);
    expect(reply.text.length).toBeLessThan(ordinary);
  });

  test('[XF8] thousands of messages, and the memory keeps the first words and the last', async () => {
    const messages = Array.from({ length: 4_000 }, (_, at) =>
      user(`message ${at} about ${'this and that '.repeat(8)}`),
    );
    const named = [user('My name is Ada.'), ...messages, user('What is my name?')];
    const reply = await ask({ model, messages: named });
    expect(reply.text).toContain('your name is Ada');
  });
});

test('[XF8] the offline Cohere in its thread is replaced at the same address when it ends', async () => {
  const problems: unknown[] = [];
  const offline = await OfflineCohere.start(problem => problems.push(problem));
  const ask = () =>
    fetch(`${offline.url}/v2/chat`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, messages: [user('Hello')] }),
    }).then(
      response => response.status,
      () => 0,
    );
  try {
    expect(await ask()).toBe(200);
    await offline.endThread();
    await vi.waitUntil(async () => (await ask()) === 200, { timeout: 30_000 });
    expect(problems).toHaveLength(1);
  } finally {
    await offline.close();
  }
  expect(await ask()).toBe(0);
});
