// `strict: true`: asked of Cohere only where all that stands in the schemas is known to be taken.
import { describe, expect, test } from 'vitest';
import { everyWay, storeOf } from '../support/both-stores.ts';
import { expectAnswered, expectFailed, goodAnswer, readOutcome } from '../support/outcome.ts';
import { type Pair, startPair } from '../support/start.ts';
import { error, json } from '../support/upstream-script.ts';

const model = 'command-a-03-2025';
const tool = (properties: object, name = 'look') => ({
  type: 'function',
  function: {
    name,
    strict: true,
    parameters: { type: 'object', properties, required: Object.keys(properties) },
  },
});
const refusal =
  'invalid function at tools[0].function: extra restrictions to tool parameters apply when strict_tools=true';

describe.each(everyWay)('%s, %s', (store, way) => {
  const stream = way === 'streamed';
  const start = async (): Promise<Pair> => {
    const pair = await startPair({ sessionStore: storeOf(store) });
    pair.fake.setDefault(() => json(goodAnswer('done')));
    return pair;
  };
  const isStrict = (pair: Pair, at = -1) =>
    (pair.fake.chatRequests.at(at)?.json as { strict_tools?: boolean } | undefined)?.strict_tools === true;
  const say = async (pair: Pair, tools: object[], sessionId = 's') => {
    const response = await pair.post({ model, stream, sessionId, message: 'go', tools });
    return { dropped: response.headers.get('x-dropped-parameters'), outcome: await readOutcome(response) };
  };

  test.each([
    ['maxItems', { list: { type: 'array', items: { type: 'string' }, maxItems: 3 } }],
    ['$comment', { a: { type: 'string', $comment: 'why' } }],
    ['nullable', { a: { type: 'string', nullable: true } }],
    ['prefixItems', { a: { type: 'array', prefixItems: [{ type: 'string' }] } }],
    ['a type list', { a: { type: ['string', 'null'] } }],
  ])('[XB5] %s: sent without, and named', async (_, properties) => {
    const pair = await start();
    const { dropped, outcome } = await say(pair, [tool(properties)]);
    expectAnswered(outcome, 'done');
    expect(isStrict(pair)).toBe(false);
    expect(dropped).toBe('tools.function.strict');
    // What it says of its arguments is sent all the same.
    expect(JSON.stringify(pair.fake.chatRequests.at(-1)?.json)).toContain(JSON.stringify(properties));
  });

  test('[XB5] what is known is sent strict', async () => {
    const pair = await start();
    const { dropped } = await say(pair, [tool({ a: { type: 'string', enum: ['x'] } })]);
    expect(isStrict(pair)).toBe(true);
    expect(dropped).toBeNull();
  });

  test('[XB5] refused all the same: one repeat without it, and not asked for again with these tools', async () => {
    const pair = await start();
    const tools = [tool({ a: { type: 'string', format: 'uuid' } })];
    pair.fake.script(...error(400, { message: refusal }));
    const { dropped, outcome } = await say(pair, tools);
    expectAnswered(outcome, 'done');
    expect([isStrict(pair, 0), isStrict(pair, 1)]).toEqual([true, false]);
    expect(dropped).toBe('tools.function.strict');
    expectAnswered((await say(pair, tools)).outcome, 'done');
    expect(pair.fake.chatRequests).toHaveLength(3);
    expect(isStrict(pair)).toBe(false);
    await say(pair, [tool({ b: { type: 'string' } }, 'other')], 'elsewhere');
    expect(isStrict(pair)).toBe(true);
  });

  test('[XB5] refused twice: no third call', async () => {
    const pair = await start();
    pair.fake.script(...error(400, { message: refusal }));
    pair.fake.script(...error(400, { message: refusal }));
    const { outcome } = await say(pair, [tool({ a: { type: 'string' } })]);
    expectFailed(outcome, 'upstream_rejected', 400);
    expect(pair.fake.chatRequests).toHaveLength(2);
  });
});
