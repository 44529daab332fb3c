// Where the schema of an answer may stand. What was written there once was dropped without a word.
import { describe, expect, test } from 'vitest';
import { everyWay, storeOf } from '../support/both-stores.ts';
import { expectAnswered, goodAnswer, readOutcome } from '../support/outcome.ts';
import { startPair } from '../support/start.ts';
import { json } from '../support/upstream-script.ts';

const schema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] };

describe.each(everyWay)('%s, %s', (store, way) => {
  const stream = way === 'streamed';
  test.each<[string, object]>([
    ["Cohere's own form", { type: 'json_object', json_schema: schema }],
    ["Cohere's short form", { type: 'json_object', schema }],
    ['a bare schema', { type: 'json_schema', json_schema: schema }],
    ['the Responses form', { type: 'json_schema', name: 'answer', schema, strict: true }],
    ["OpenAI's form", { type: 'json_schema', json_schema: { name: 'answer', schema } }],
  ])('[XC1] %s is kept', async (_, response_format) => {
    const pair = await startPair({ sessionStore: storeOf(store) });
    pair.fake.setDefault(() => json(goodAnswer('{"a":"b"}')));
    const body = { model: 'command-a-03-2025', stream, message: 'Give me JSON.', response_format };
    expectAnswered(await readOutcome(await pair.post(body)), '{"a":"b"}');
    expect(pair.fake.chatRequests.at(-1)?.json).toMatchObject({
      response_format: { type: 'json_object', json_schema: schema },
    });
  });
});
