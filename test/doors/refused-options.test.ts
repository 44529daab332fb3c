// What Cohere refuses by its name is left out in one repeat, and named: settings come with every turn, so that one that
// a model lacks would end the conversation.
import { describe, expect, test } from 'vitest';
import { everyWay, storeOf } from '../support/both-stores.ts';
import { expectAnswered, expectFailed, goodAnswer, readOutcome } from '../support/outcome.ts';
import { type Pair, startPair } from '../support/start.ts';
import { error, json } from '../support/upstream-script.ts';

/** One that no list knows: nothing is left out before it is refused. */
const model = 'command-of-tomorrow';
const tools = [
  { type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } },
];

const refusals: [fields: object, sentence: string, key: string, header: string, status?: number][] = [
  [
    { safety_mode: 'OFF' },
    "safety_mode 'OFF' is not supported with the specified model.",
    'safety_mode',
    'safety_mode',
  ],
  [{ safety_mode: 'NONE' }, 'invalid safety mode for this model', 'safety_mode', 'safety_mode'],
  [
    { thinking: { type: 'enabled' } },
    'invalid request: `thinking` parameter is not supported with the specified model.',
    'thinking',
    'thinking',
  ],
  [{ logprobs: true }, 'logprobs is not supported with the specified model', 'logprobs', 'logprobs'],
  [{ max_tokens: 9_000 }, 'max tokens must be less than or equal to 4096', 'max_tokens', 'max_tokens'],
  [
    { citation_options: { mode: 'FAST' } },
    "invalid citation_options: 'FAST'",
    'citation_options',
    'citation_options',
  ],
  [
    { citation_options: { mode: 'NOPE' } },
    "unrecognized citation mode 'NOPE'.",
    'citation_options',
    'citation_options',
  ],
  [{ temperature: 0.9 }, 'temperature must be between 0 and 0.8 inclusive.', 'temperature', 'temperature'],
  [{ top_p: 0.9 }, '`p` is not supported with this model', 'p', 'top_p'],
  [{ k: 400 }, 'k must be between 0 and 300 inclusive.', 'k', 'k'],
  [{ presence_penalty: 0.5 }, 'presence_penalty is not supported', 'presence_penalty', 'presence_penalty'],
  [{ stop: ['a', 'b', 'c'] }, 'stop_sequences must not have more than 2 elements.', 'stop_sequences', 'stop'],
  [{ seed: 2 ** 40 }, 'seed must be below 2^32', 'seed', 'seed'],
  [
    { priority: 3 },
    "unknown field: parameter 'priority' is not a valid field. For proper usage, please refer to the docs",
    'priority',
    'priority',
    422,
  ],
  [
    { tools, tool_choice: 'required' },
    'tool_choice is not supported for this model',
    'tool_choice',
    'tool_choice',
  ],
];

describe.each(everyWay)('%s, %s', (store, way) => {
  const stream = way === 'streamed';
  const start = async (): Promise<Pair> => {
    const pair = await startPair({ sessionStore: storeOf(store) });
    pair.fake.setDefault(() => json(goodAnswer('done')));
    return pair;
  };
  const heard = (pair: Pair, at: number) => pair.fake.chatRequests.at(at)?.json;
  const say = async (pair: Pair, fields: object) => {
    const response = await pair.post({ model, stream, sessionId: 's', message: 'go', ...fields });
    return { dropped: response.headers.get('x-dropped-parameters'), outcome: await readOutcome(response) };
  };

  test.each(refusals)('[XB6] %j, refused: %s', async (fields, sentence, key, header, status = 400) => {
    const pair = await start();
    for (let turn = 0; turn < 3; turn += 1) {
      const before = pair.fake.chatRequests.length;
      if (turn === 0) pair.fake.script(...error(status, { message: sentence }));
      const { dropped, outcome } = await say(pair, fields);
      expectAnswered(outcome, 'done');
      expect(dropped).toBe(header);
      // Refused once, it is not asked for again.
      const asked = pair.fake.chatRequests.slice(before).map(({ json: body }) => key in Object(body));
      expect(asked).toEqual(turn === 0 ? [true, false] : [false]);
    }
  });

  test.each(['`temperature` is deprecated for this model.', "Unsupported parameter: 'temperature'"])(
    '[XB6] refused whatever it is set to: %s',
    async sentence => {
      const pair = await start();
      pair.fake.script(...error(400, { message: sentence }));
      for (const temperature of [0, 0.5, 1]) {
        const { dropped, outcome } = await say(pair, { temperature });
        expectAnswered(outcome, 'done');
        expect(dropped).toBe('temperature');
      }
      expect(pair.fake.chatRequests).toHaveLength(4);
    },
  );

  test('[XB6] a mode that is refused says nothing of another', async () => {
    const pair = await start();
    pair.fake.script(...error(400, { message: "safety_mode 'OFF' is not supported with this model" }));
    await say(pair, { safety_mode: 'OFF' });
    const { dropped } = await say(pair, { safety_mode: 'STRICT' });
    expect(dropped).toBeNull();
    expect(heard(pair, -1)).toMatchObject({ safety_mode: 'STRICT' });
  });

  test('[XB6] what one model refuses, another is asked for', async () => {
    const pair = await start();
    pair.fake.script(...error(400, { message: 'logprobs is not supported with the specified model' }));
    await say(pair, { logprobs: true });
    await say(pair, { logprobs: true, model: 'command-r7b-12-2024' });
    expect(heard(pair, -1)).toMatchObject({ logprobs: true });
  });

  test('[XB6] two that are refused: one repeat with each turn, until nothing is left to refuse', async () => {
    const pair = await start();
    const fields = { logprobs: true, thinking: { type: 'enabled' } };
    pair.fake.script(...error(400, { message: '`thinking` is not supported with the specified model.' }));
    pair.fake.script(...error(400, { message: 'logprobs is not supported with the specified model' }));
    const first = await say(pair, fields);
    expectFailed(first.outcome, 'upstream_rejected', 400);
    expect(pair.fake.chatRequests).toHaveLength(2);
    const second = await say(pair, fields);
    expectAnswered(second.outcome, 'done');
    expect(second.dropped).toBe('logprobs, thinking');
    expect(pair.fake.chatRequests).toHaveLength(3);
  });

  test.each<[string, object, string, string | null]>([
    ['an option that was not sent', {}, '`thinking` parameter is not supported', null],
    ['a word like one', { priority: 3 }, 'messages of high priority need a plan', null],
    [
      'the format of the answer',
      { response_format: { type: 'json_object' } },
      'response_format is not supported with the specified model',
      'response_format',
    ],
    ['tools', { tools }, '`tools` are not supported with the specified model', 'tools'],
  ])('[XB6] no reason to ask again: %s', async (_, fields, sentence, param) => {
    const pair = await start();
    pair.fake.script(...error(400, { message: sentence }));
    const response = await pair.post({ model, stream, message: 'go', ...fields });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { code: 'upstream_rejected', message: sentence, param },
    });
    expect(pair.fake.chatRequests).toHaveLength(1);
  });
});

test('[XB6] a model that is known to give no logprobs is not asked for them', async () => {
  const pair = await startPair();
  pair.fake.setDefault(() => json(goodAnswer('done')));
  const response = await pair.post({ model: 'command-a-03-2025', message: 'go', logprobs: true });
  expect(response.headers.get('x-dropped-parameters')).toBe('logprobs');
  expectAnswered(await readOutcome(response), 'done');
  expect(pair.fake.chatRequests).toHaveLength(1);
});
