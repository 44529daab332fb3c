// The arguments of a call are JSON within JSON: what they hold counts as what the body holds. XF1.
import { describe, expect, it } from 'vitest';
import { ask, expectAnswered, expectFailed, goodAnswer, readOutcome } from '../support/outcome.ts';
import { startPair } from '../support/start.ts';
import { json } from '../support/upstream-script.ts';
import { SessionsClient } from './sessions-client.ts';

const called = (text: string, id = 'x') => ({
  id,
  type: 'function',
  function: { name: 'look', arguments: text },
});
const result = (id: string) => ({ role: 'tool', tool_call_id: id, content: 'done' });
const question = { role: 'user', content: 'q' };
const zeros = (count: number) => `{"a":[${'0,'.repeat(count - 3)}0]}`;
const manyKeys = (from: number, count: number) =>
  `{${Array.from({ length: count }, (_, at) => `"k${from + at}":0`).join(',')}}`;
const transcript = (...texts: string[]) => ({
  model: 'm',
  messages: [
    question,
    { role: 'assistant', tool_calls: texts.map((text, at) => called(text, `x${at}`)) },
    ...texts.map((_, at) => result(`x${at}`)),
  ],
});

async function start() {
  const pair = await startPair({ contexts: { m: 100_000_000 } });
  pair.fake.setDefault(() => json(goodAnswer('ok')));
  return pair;
}

describe('too many values', () => {
  it.each<[string, object, string]>([
    ['zeros', transcript(zeros(150_010)), 'messages[1].tool_calls[0].function.arguments'],
    ['arrays', transcript(`[${'[],'.repeat(150_010)}0]`), 'messages[1].tool_calls[0].function.arguments'],
    [
      'keys',
      transcript(`{${Array.from({ length: 150_010 }, (_, at) => `"${at}":0`).join(',')}}`),
      'messages[1].tool_calls[0].function.arguments',
    ],
    [
      'arrays that are not closed',
      transcript('['.repeat(7_000_000)),
      'messages[1].tool_calls[0].function.arguments',
    ],
    [
      'different keys in two calls together',
      transcript(manyKeys(0, 15_000), manyKeys(15_000, 15_000)),
      'messages[1].tool_calls[1].function.arguments',
    ],
    [
      'in two calls together',
      transcript(zeros(80_000), zeros(80_000)),
      'messages[1].tool_calls[1].function.arguments',
    ],
    [
      'in a call of the old form',
      {
        model: 'm',
        messages: [
          question,
          { role: 'assistant', function_call: { name: 'look', arguments: zeros(150_010) } },
          question,
        ],
      },
      'messages[1].function_call.arguments',
    ],
    [
      'in a call among the parts',
      {
        model: 'm',
        messages: [
          question,
          {
            role: 'assistant',
            content: [{ type: 'tool_call', id: 'x', name: 'look', arguments: zeros(150_010) }],
          },
          question,
        ],
      },
      'messages[1].content[0].arguments',
    ],
  ])('[XF1] %s: 400 with the place, and nothing is asked of Cohere', async (_name, body, param) => {
    const pair = await start();
    for (const stream of [false, true]) {
      const outcome = await ask(pair, { ...body, stream });
      expectFailed(outcome, 'invalid_json', 400);
      expect(outcome.error?.param).toBe(param);
    }
    const counted = await pair.send('POST', '/v1/chat/completions/input_tokens', {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect((await readOutcome(counted)).error?.param).toBe(param);
    expect(pair.fake.chatRequests).toHaveLength(0);
  });
});

describe('as many as may be', () => {
  it.each<[string, string, string]>([
    ['values', zeros(149_990), zeros(149_990)],
    ['commas in a text', `{"a":"${',[]'.repeat(400_000)}"}`, `{"a":"${',[]'.repeat(400_000)}"}`],
    [
      'depth',
      `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`,
      `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`,
    ],
    ['what is no JSON', 'a,b,'.repeat(100_000), '{}'],
    ['keys', manyKeys(0, 19_900), manyKeys(0, 19_900)],
    ['blanks', ' '.repeat(4_000_000), '{}'],
  ])('[XF1] %s: goes on to Cohere', async (_name, text, told) => {
    const pair = await start();
    expectAnswered(await ask(pair, transcript(text)), 'ok');
    expect(pair.fake.chatRequests.at(-1)?.json).toMatchObject({
      messages: [{}, { tool_calls: [{ function: { arguments: told } }] }, {}],
    });
  });
});

it('[XF1] the same large arguments with one blank more: answered, as what the client says now', async () => {
  const pair = await start();
  const text = `{"b":1e400,"a":[${'0,'.repeat(149_000)}0]}`;
  expectAnswered(await ask(pair, transcript(text)), 'ok');
  const again = { ...transcript(text.replace('{', '{ ')) };
  const outcome = await ask(pair, {
    ...again,
    messages: [...again.messages, { role: 'assistant', content: 'ok' }, question],
  });
  expectAnswered(outcome, 'ok');
  expect(outcome.headers.get('x-session-state')).toBe('new');
});

it('[XF1] the same keys in every call are counted once', async () => {
  const pair = await start();
  const texts = Array.from({ length: 100 }, () => manyKeys(0, 1_000));
  expectAnswered(await ask(pair, transcript(...texts)), 'ok');
});

describe('in a line of an import', () => {
  const exported = (...texts: string[]) => ({
    object: 'session.export',
    format: 1,
    id: 'brought',
    model: 'm',
    dialect: 'transcript',
    tools: [],
    messages: [
      question,
      {
        role: 'assistant',
        toolCalls: texts.map((text, at) => ({ id: `x${at}`, name: 'look', arguments: text })),
      },
    ],
  });
  const plain = (...texts: string[]) => ({ messages: transcript(...texts).messages });

  it.each<[string, object, string]>([
    ["OpenAI's form, zeros", plain(zeros(150_010)), 'messages[1].tool_calls[0].function.arguments'],
    [
      "OpenAI's form, together",
      plain(zeros(80_000), zeros(80_000)),
      'messages[1].tool_calls[1].function.arguments',
    ],
    ['an export, zeros', exported(zeros(150_010)), 'messages[1].toolCalls[0].arguments'],
    ['an export, together', exported(zeros(80_000), zeros(80_000)), 'messages[1].toolCalls[1].arguments'],
    [
      'an export, keys',
      exported(manyKeys(0, 15_000), manyKeys(15_000, 15_000)),
      'messages[1].toolCalls[1].arguments',
    ],
  ])('[XF1] %s: 400 with line and place, and nothing is stored', async (_name, line, param) => {
    const client = await SessionsClient.start();
    const { status, body } = await client.import([{ messages: [question] }, line]);
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code: 'invalid_json', param, details: { line: 2 } });
    expect(body.error.message).toContain('Line 2');
    expect((await client.get('/v1/sessions')).data).toHaveLength(0);
  });

  it('[XF1] each line is counted by itself', async () => {
    const client = await SessionsClient.start();
    const lines = [plain(zeros(100_000)), { ...exported(zeros(100_000)), id: 'one' }, plain(zeros(100_000))];
    expect((await client.import(lines)).body).toMatchObject({ imported: 3 });
  });
});
