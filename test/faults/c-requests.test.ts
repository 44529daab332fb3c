// Bodies that are no request, and tool results that fit to nothing. Catalogue C19, C20: 400 with `param`.
import { describe, expect, it } from 'vitest';
import { postRaw, startGood } from '../support/ask-raw.ts';
import { ask, expectAnswered, goodAnswer, readSession } from '../support/outcome.ts';
import { type Pair, startPair } from '../support/start.ts';
import { json } from '../support/upstream-script.ts';

/** What Cohere was sent last. */
function lastMessages<Message>(pair: Pair): readonly Message[] {
  const body = pair.fake.chatRequests.at(-1)?.json;
  return (body as { readonly messages: readonly Message[] }).messages;
}

describe('C19 bodies that are no request', () => {
  const user = { role: 'user', content: 'x' };
  it.each<[unknown, string | null]>([
    [null, null],
    [[], null],
    ['text', null],
    [7, null],
    [{}, 'messages'],
    [{ model: 'm', messages: [] }, 'messages'],
    [{ model: 'm', messages: 'x' }, 'messages'],
    [{ model: 'm', messages: [null] }, 'messages[0]'],
    [{ model: 'm', messages: ['x'] }, 'messages[0]'],
    [{ model: 'm', messages: [{ role: 'king', content: 'x' }] }, 'messages[0].role'],
    [{ model: 'm', messages: [user, { content: 'x' }] }, 'messages[1].role'],
    [{ model: 'm', messages: [{ role: 'user', content: 7 }] }, 'messages[0].content'],
    [
      // A part without text is left out (XB2); then nothing is said.
      { model: 'm', messages: [{ role: 'user', content: [{ type: 'text' }] }] },
      'messages',
    ],
    [{ model: 'm', messages: [{ role: 'system', content: '' }] }, 'messages'],
    [{ messages: [user] }, 'model'],
    [{ message: 'x', messages: [user] }, 'message'],
    [{ message: '' }, 'message'],
    [{ message: 7 }, 'message'],
    [{ message: 'x', stream: 'yes' }, 'stream'],
    [{ message: 'x', sessionId: 7 }, 'sessionId'],
    [{ message: 'x', model: 7 }, 'model'],
    [{ message: 'x', user: {} }, 'user'],
    [{ message: 'x', tools: {} }, 'tools'],
    [{ message: 'x', tools: [{ type: 'function' }] }, 'tools[0].function'],
    [{ message: 'x', tool_choice: 'maybe' }, 'tool_choice'],
    [{ message: 'x', response_format: { type: 'xml' } }, 'response_format.type'],
    [{ message: 'x', stop: [1] }, 'stop'],
    [{ message: 'x', stop: 'x'.repeat(10_001) }, 'stop'],
    [{ message: 'x', stop: ['x', 'x'.repeat(10_001)] }, 'stop[1]'],
  ])('C19 %j: 400, param %j', async (body, param) => {
    const pair = await startGood();
    const refused = await postRaw(pair, JSON.stringify(body));
    expect(refused).toMatchObject({ status: 400, param });
    expect(pair.fake.chatRequests).toEqual([]);
  });

  it('C19 an empty body, and broken JSON', async () => {
    const pair = await startGood();
    for (const body of ['', ' ', '{', '{"message":"x"', "{'message':'x'}", '{"message":"x",}', 'undefined']) {
      expect(await postRaw(pair, body), body).toMatchObject({ status: 400, code: 'invalid_json' });
    }
  });

  it('C19 unknown fields are harmless', async () => {
    const outcome = await ask(await startGood(), { message: 'x', sparkle: true, store: false });
    expectAnswered(outcome, 'ok');
    expect(outcome.headers.get('x-dropped-parameters')).toBe('sparkle, store');
  });
});

describe('C20 tool results', () => {
  const call = (id: string) => ({ id, type: 'function', function: { name: 'look', arguments: '{}' } });
  const tools = [{ type: 'function', function: { name: 'look' } }];
  const result = (tool_call_id: string, content = 'r') => ({ role: 'tool', tool_call_id, content });

  /** Calls c1 and c2; `idOf` tells what the client knows them by. */
  async function withOpenCalls(): Promise<Pair & { idOf(id: string): string }> {
    const pair = await startPair();
    pair.fake.replyJson({ message: { tool_calls: [call('c1'), call('c2')] }, finish_reason: 'TOOL_CALL' });
    const called = await ask(pair, { sessionId: 's', message: 'go', tools });
    expectAnswered(called);
    pair.fake.setDefault(() => json(goodAnswer('ok')));
    const [c1, c2] = called.toolCalls.map(({ id }) => id);
    const ids: Readonly<Record<string, string | undefined>> = { c1, c2 };
    return { ...pair, idOf: id => ids[id] ?? id };
  }

  const resultsOf = ({ idOf }: { idOf(id: string): string }, ...ids: string[]) =>
    ids.map(id => result(idOf(id)));

  it.each<[string, readonly string[], string]>([
    ['without a call', ['c9'], 'messages[0].tool_call_id'],
    ['twice', ['c1', 'c2', 'c1'], 'messages[2].tool_call_id'],
    ["by Cohere's own id", [':c1'], 'messages[0].tool_call_id'],
  ])('C20 a result %s: 400', async (_name, ids, param) => {
    const pair = await withOpenCalls();
    const outcome = await ask(pair, { sessionId: 's', messages: resultsOf(pair, ...ids) });
    expect([outcome.status, outcome.error?.param]).toEqual([400, param]);
    expectAnswered(await ask(pair, { sessionId: 's', messages: resultsOf(pair, 'c1', 'c2') }), 'ok');
  });

  it('C20 a result for another turn: 400', async () => {
    const pair = await withOpenCalls();
    expectAnswered(await ask(pair, { sessionId: 's', messages: resultsOf(pair, 'c1', 'c2') }), 'ok');
    expect((await ask(pair, { sessionId: 's', messages: resultsOf(pair, 'c1') })).status).toBe(400);
  });

  it('C20 in another order than the calls: put in order for Cohere', async () => {
    const pair = await withOpenCalls();
    expectAnswered(await ask(pair, { sessionId: 's', messages: resultsOf(pair, 'c2', 'c1') }), 'ok');
    const messages = lastMessages<{ tool_call_id?: string }>(pair);
    expect(messages.map(message => message.tool_call_id).filter(Boolean)).toEqual(['c1', 'c2']);
  });

  it('C20 calls that are never answered: the session goes on', async () => {
    const pair = await withOpenCalls();
    expectAnswered(await ask(pair, { sessionId: 's', messages: resultsOf(pair, 'c1') }), 'ok');
    expectAnswered(await ask(pair, { sessionId: 's', message: 'never mind' }), 'ok');
    const messages = lastMessages<{ role: string }>(pair);
    expect(messages.map(({ role }) => role)).toEqual([
      'user',
      'assistant',
      'tool',
      'tool',
      'assistant',
      'user',
    ]);
    expect(JSON.stringify(messages[3])).toContain('No result');
    expect(JSON.stringify((await readSession(pair, 's'))?.messages)).not.toContain('No result');
  });
});
