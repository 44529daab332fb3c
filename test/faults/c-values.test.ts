// Numbers and texts at their edges. Catalogue C9, C10: refused by name, or taken exactly as they are.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { postRaw, startGood } from '../support/ask-raw.ts';
import { ask, expectAnswered, goodAnswer, readSession } from '../support/outcome.ts';
import { postText } from '../support/raw-client.ts';
import { randomSource } from '../support/seed.ts';
import { chatPath, startPair } from '../support/start.ts';
import { json } from '../support/upstream-script.ts';

describe('C9 numbers', () => {
  it.each<[string, string, number, string | null]>([
    ['temperature', '1e999', 400, 'temperature'],
    ['temperature', '99', 400, 'temperature'],
    ['temperature', '-0', 200, null],
    ['temperature', '"1"', 400, 'temperature'],
    ['temperature', '"NaN"', 400, 'temperature'],
    ['temperature', '2', 200, null],
    ['temperature', 'null', 200, null],
    ['top_p', '1e999', 400, 'top_p'],
    ['top_p', '0', 200, null],
    ['max_tokens', '-1', 200, null],
    ['max_tokens', '0', 400, 'max_tokens'],
    ['max_tokens', '-2', 400, 'max_tokens'],
    ['max_tokens', '1000000000', 200, null],
    ['max_tokens', '1e300', 400, 'max_tokens'],
    ['max_tokens', '"5"', 400, 'max_tokens'],
    ['max_tokens', '1.5', 400, 'max_tokens'],
    ['max_completion_tokens', '0', 400, 'max_completion_tokens'],
    ['seed', '9007199254740993', 200, null],
    ['seed', '1e999', 400, 'seed'],
    ['seed', '1.5', 200, null],
    ['n', '2', 400, 'n'],
    ['n', '1', 200, null],
    ['n', '0', 400, 'n'],
    ['frequency_penalty', '-2', 200, null],
    ['frequency_penalty', '3', 400, 'frequency_penalty'],
    ['k', '501', 400, 'k'],
    ['top_logprobs', '1', 400, 'top_logprobs'],
  ])('C9 %s %s: %i', async (name, value, status, param) => {
    const pair = await startGood();
    expect(await postRaw(pair, `{"message":"x","${name}":${value}}`)).toMatchObject({ status, param });
    const sent = pair.fake.chatRequests[0]?.body.toString() ?? '';
    expect(sent).not.toMatch(/NaN|Infinity|:null/);
  });

  it('C9 whatever number: 200 or 400 with param, and a legal body for Cohere', async () => {
    const pair = await startGood();
    const names = [
      'temperature',
      'top_p',
      'max_tokens',
      'frequency_penalty',
      'presence_penalty',
      'seed',
      'k',
      'priority',
    ];
    const value = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(0, -0, 1, -1, 2 ** 53, 1e21));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), value, async (name, number) => {
        const { status, param } = await postRaw(pair, JSON.stringify({ message: 'x', [name]: number }));
        expect(status === 200 || (status === 400 && param === name)).toBe(true);
      }),
      { numRuns: 40, seed: Math.floor(randomSource('C9')() * 2 ** 31) },
    );
    for (const { json: body } of pair.fake.chatRequests) {
      const { p, temperature, seed, max_tokens } = body as Record<string, number | undefined>;
      expect(p === undefined || (p > 0 && p < 1)).toBe(true);
      expect(temperature === undefined || (temperature >= 0 && temperature <= 1)).toBe(true);
      expect(seed === undefined || (Number.isInteger(seed) && seed >= 0)).toBe(true);
      expect(max_tokens === undefined || max_tokens >= 1).toBe(true);
    }
  });
});

describe('C10 texts', () => {
  it.each([
    ['a lone byte', Buffer.from('7b226d657373616765223a22ff227d', 'hex')],
    ['a cut character', Buffer.from('7b226d657373616765223a22c3227d', 'hex')],
    ['an overlong slash', Buffer.from('7b226d657373616765223a22c0af227d', 'hex')],
    ['an encoded surrogate', Buffer.from('7b226d657373616765223a22eda080227d', 'hex')],
    ['UTF-16', Buffer.from('{"message":"x"}', 'utf16le')],
  ])('C10 %s: 400 invalid_json', async (_name, body) => {
    const pair = await startGood();
    expect(await postRaw(pair, body)).toMatchObject({ status: 400, code: 'invalid_json' });
    expect(pair.fake.chatRequests).toEqual([]);
  });

  it('C10 every text comes back as it was given: to Cohere, in the answer, in the session', async () => {
    const pair = await startPair();
    pair.fake.setDefault(({ json: body }) => {
      const { messages } = body as { messages: { content: string }[] };
      return json(goodAnswer(messages.at(-1)?.content ?? ''));
    });
    const odd = fc.constantFrom(
      '\0',
      '\u2028',
      '\u202e',
      '\ufeff',
      '\ud800',
      '\udc00',
      '🦩',
      '\r\n',
      '"',
      '\\',
      '</script>',
    );
    const spoken = fc
      .array(fc.oneof(odd, fc.string({ unit: 'binary' })), { minLength: 1, maxLength: 8 })
      .map(parts => parts.join(''));
    let n = 0;
    await fc.assert(
      fc.asyncProperty(spoken, async value => {
        fc.pre(value !== '');
        n += 1;
        const sessionId = `s${n}`;
        const outcome = await ask(pair, { sessionId, message: value });
        expectAnswered(outcome, value);
        expect(outcome.messages?.map(({ content }) => content)).toEqual([value, value]);
        expect((await readSession(pair, sessionId))?.messages.map(({ content }) => content)).toEqual([
          value,
          value,
        ]);
      }),
      { numRuns: 40, seed: Math.floor(randomSource('C10')() * 2 ** 31) },
    );
  });
});

it('C10 a body is read however it is cut', async () => {
  const pair = await startGood();
  const client = await pair.connect();
  await client.sendBytewise(postText(chatPath, { message: 'Grüße 🦩' }));
  expect(JSON.parse((await client.readResponse()).body).messages[0].content).toBe('Grüße 🦩');
});
