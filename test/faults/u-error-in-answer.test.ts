// Servers before Cohere (vLLM, SGLang, gateways) that begin every answer with 200, and say within it that they refuse.
import { describe, expect, test } from 'vitest';
import { everyWay, storeOf } from '../support/both-stores.ts';
import { start as messageStart, streamed, text } from '../support/cohere-stream.ts';
import { expectAnswered, expectFailed, goodAnswer, readOutcome } from '../support/outcome.ts';
import { startPair } from '../support/start.ts';
import { json, type Step, sse } from '../support/upstream-script.ts';

const said = 'The prompt holds a word that is not taken.';
const refused = { error: { message: said, type: 'BadRequestError', param: null, code: 400 } };

const inBand: [what: string, body: object, code: string, status: number, message: RegExp][] = [
  ['with a status', refused, 'upstream_rejected', 400, /^The prompt holds a word/],
  [
    'with a status as text',
    { error: { message: said, code: '400' } },
    'upstream_rejected',
    400,
    /^The prompt/,
  ],
  [
    'with a kind',
    { error: { message: said, type: 'invalid_request_error' } },
    'upstream_rejected',
    400,
    /^The prompt/,
  ],
  [
    'too long',
    { error: { message: 'too many tokens: it does not fit', code: 400 } },
    'context_length_exceeded',
    400,
    /^too many/,
  ],
  ['too often', { error: { message: 'Slow down.', code: 429 } }, 'rate_limit_exceeded', 429, /^Slow down/],
  ['flat', { message: said, status_code: 422 }, 'upstream_rejected', 400, /^The prompt/],
  [
    'of its insides',
    { error: { message: 'worker 7 of host a.internal died', code: 500 } },
    'upstream_error',
    502,
    /status 500/,
  ],
  [
    'without a word of a status',
    { error: 'worker 7 died' },
    'upstream_error',
    502,
    /in the place of an answer/,
  ],
];

describe.each(everyWay)('%s, %s', (store, way) => {
  const stream = way === 'streamed';
  const write = (body: object): Step[] =>
    stream ? sse(`data: ${JSON.stringify(body)}\n\ndata: [DONE]\n\n`) : json(body);

  test.each(inBand)(
    '[XC6] an error in the place of an answer, %s',
    async (_, body, code, status, message) => {
      const pair = await startPair({ sessionStore: storeOf(store) });
      for (let call = 0; call < 2; call += 1) pair.fake.script(...write(body));
      const failed = await readOutcome(await pair.post({ sessionId: 's', message: 'go', stream }));
      expectFailed(failed, code, status);
      expect(failed.error?.message).toMatch(message);
      expect(JSON.stringify(failed.error)).not.toContain('worker 7');
      // What its status would have been repeated with, is.
      expect(pair.fake.chatRequests).toHaveLength(body === inBand.at(-1)?.[1] ? 2 : 1);
      expect((await pair.send('GET', '/v1/sessions/s')).status).toBe(404);
    },
  );

  test('[XC6] a setting that is refused so is left out all the same', async () => {
    const pair = await startPair({ sessionStore: storeOf(store) });
    pair.fake.script(...write({ error: { message: 'logprobs is not supported here', code: 400 } }));
    pair.fake.setDefault(() => json(goodAnswer('done')));
    const response = await pair.post({ model: 'mine', message: 'go', logprobs: true, stream });
    expect(response.headers.get('x-dropped-parameters')).toBe('logprobs');
    expectAnswered(await readOutcome(response), 'done');
  });

  test('[XC6] behind a part of the answer: the stream ends with it, broken, and nothing is stored', async () => {
    if (!stream) return;
    const pair = await startPair({ sessionStore: storeOf(store) });
    const [head, ...rest] = streamed(messageStart, text('Half'));
    if (!head) throw new Error('no head');
    const tail = sse(`data: ${JSON.stringify(refused)}\n\ndata: [DONE]\n\n`).slice(1);
    pair.fake.script(head, ...rest.filter(({ type }) => type !== 'end'), ...tail);
    const failed = await readOutcome(await pair.post({ sessionId: 's', message: 'go', stream }));
    expectFailed(failed, 'upstream_rejected');
    expect((await pair.send('GET', '/v1/sessions/s')).status).toBe(404);
  });
});
