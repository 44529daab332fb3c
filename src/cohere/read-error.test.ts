import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromSeed } from '../../test/properties/from-seed.ts';
import { readError, type UpstreamFailure } from './read-error.ts';

const id = 'bda42bf8-0000-4000-8000-000000000000';
const failure = (status: number, body: unknown, more: Partial<UpstreamFailure> = {}): UpstreamFailure => ({
  status,
  retryAfter: undefined,
  text: typeof body === 'string' ? body : JSON.stringify(body),
  isClientKey: false,
  model: 'command-x',
  options: ['model', 'stream', 'tools', 'tool_choice'],
  forLog: sentence => sentence,
  ...more,
});

const tooMany =
  'too many tokens: size limit exceeded by 19296 tokens. Try using shorter or fewer inputs. The limit for this model is 132000 tokens.';
const toolGeneration =
  'your request resulted in an invalid tool generation. Try updating the messages or tool definitions';
const html = '<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>';

type Expected = Partial<
  Record<'code' | 'status' | 'param' | 'repeat' | 'shouldRetry' | 'retryAfterS', unknown>
> & { readonly message: string | RegExp };

const rejected = { status: 400, code: 'upstream_rejected', repeat: undefined } as const;

describe('what Cohere was seen to say', () => {
  test.each<[number, unknown, Expected]>([
    [
      400,
      { id, message: tooMany },
      {
        code: 'context_length_exceeded',
        status: 400,
        param: 'messages',
        message:
          "This model's maximum context length is 132000 tokens. However, your messages resulted in 151296 tokens. Please reduce the length of the messages.",
      },
    ],
    [
      400,
      { message: 'too many tokens: the prompt is longer than the model takes' },
      { code: 'context_length_exceeded', status: 400, param: 'messages', message: /^too many tokens/ },
    ],
    [
      400,
      { message: 'invalid request: document at index 0 cannot be empty' },
      { ...rejected, message: 'invalid request: document at index 0 cannot be empty' },
    ],
    [
      400,
      { message: 'tool_choice is not supported for this model' },
      { ...rejected, param: 'tool_choice', repeat: { without: 'tool_choice' }, message: /^tool_choice/ },
    ],
    [
      400,
      { message: 'tool use is not supported', error_type: 'TOOL_USE_NOT_SUPPORTED' },
      { ...rejected, param: 'tools', message: /^tool use/ },
    ],
    [400, html, { ...rejected, message: 'Cohere refused the request.' }],
    [
      413,
      '',
      { code: 'request_too_large', status: 413, message: 'The request is larger than Cohere takes.' },
    ],
    [413, { message: 'body too large' }, { code: 'request_too_large', message: 'body too large' }],
    [422, { message: 'unknown field: parameter x' }, { ...rejected, message: /^unknown field/ }],
    [
      404,
      { id, message: "model 'nonexistent' not found" },
      { code: 'model_not_found', status: 404, param: 'model', message: "model 'nonexistent' not found" },
    ],
    [404, html, { code: 'upstream_not_found', status: 404, param: undefined, message: /address/ }],
    [404, '404 page not found\n', { code: 'upstream_not_found', message: /address/ }],
    [404, '', { code: 'model_not_found', param: 'model', message: /`command-x`/ }],
    [404, '{}', { code: 'model_not_found', param: 'model', message: /`command-x`/ }],
    [
      402,
      { message: 'Please add or update your payment method' },
      { code: 'insufficient_quota', status: 429, shouldRetry: false, message: /payment method/ },
    ],
    [
      402,
      '',
      {
        code: 'insufficient_quota',
        shouldRetry: false,
        retryAfterS: undefined,
        message: /payment method/,
      },
    ],
    [
      429,
      { message: 'You are using a Trial key, which is limited to 20 API calls / minute. …' },
      { code: 'rate_limit_exceeded', status: 429, retryAfterS: 15, message: /minute/ },
    ],
    [
      429,
      { message: 'You are past the per minute request limit, please wait and try again later.' },
      { code: 'rate_limit_exceeded', retryAfterS: 15, message: /per minute/ },
    ],
    [
      429,
      { message: 'trial token rate limit exceeded, limit is 100000 tokens per minute' },
      { code: 'rate_limit_exceeded', retryAfterS: 15, message: /per minute/ },
    ],
    [
      429,
      { message: 'You are using a Trial key, which is limited to 1000 API calls / month. …' },
      {
        code: 'insufficient_quota',
        status: 429,
        shouldRetry: false,
        retryAfterS: undefined,
        message: /month/,
      },
    ],
    [
      429,
      { message: 'Maximum billing reached for this API key as configured in your dashboard.' },
      { code: 'insufficient_quota', shouldRetry: false, message: /billing/ },
    ],
    [429, '', { code: 'rate_limit_exceeded', retryAfterS: 15, message: /rate/ }],
    [498, { message: 'denied' }, { ...rejected, message: 'denied' }],
    [498, '', { ...rejected, message: /content/ }],
    [499, { message: 'request cancelled' }, { code: 'upstream_error', status: 502, message: /499/ }],
    [500, { message: 'internal server error' }, { code: 'upstream_error', status: 502, message: /500/ }],
    [500, '', { code: 'upstream_error', repeat: undefined, message: /500/ }],
    [501, '', { code: 'upstream_error', repeat: undefined, message: /501/ }],
    [502, html, { code: 'upstream_error', status: 502, repeat: 'as-is', message: /502/ }],
    [503, 'no healthy upstream', { code: 'upstream_error', status: 502, repeat: 'as-is', message: /503/ }],
    [504, 'upstream request timeout', { code: 'upstream_timeout', status: 504, message: /time/ }],
    [405, { message: 'method not allowed' }, { ...rejected, message: 'method not allowed' }],
    [418, '{}', { ...rejected, message: /418/ }],
    [408, '', { code: 'upstream_error', status: 502, message: /408/ }],
  ])('%i %j', (status, body, { message, ...expected }) => {
    const error = readError(failure(status, body));
    expect(error).toMatchObject(expected);
    expect(error.message).toMatch(message);
  });

  test.each(['INVALID_TOOL_GENERATION', 'HALLUCINATED_ALL_TOOL_CALLS', 'NO_VALID_RESPONSE_GENERATED'])(
    '422 %s: the model failed; we repeat once, and nobody for ever',
    error_type => {
      const error = readError(failure(422, { error_type, message: toolGeneration }));
      expect(error).toMatchObject({
        code: 'upstream_generation_failed',
        status: 422,
        repeat: 'as-is',
        shouldRetry: false,
        message: `Cohere: ${toolGeneration}`,
      });
      expect(readError(failure(422, { error_type })).message).toBe(`Cohere: ${error_type}`);
    },
  );
});

test.each([
  'No valid tool call or response generated',
  'no valid response generated. Try again',
  'your request resulted in an invalid tool generation. Try updating the messages or tool definitions',
  'all generated tool calls were hallucinated',
])('[XC9] 422 "%s" without a type: as with one', message => {
  for (const body of [{ message }, { error: { message } }, message])
    expect(readError(failure(422, body))).toMatchObject({
      code: 'upstream_generation_failed',
      repeat: 'as-is',
    });
});

test.each<[unknown]>([
  [{ message: 'the words' }],
  [{ error: { message: 'the words', type: 'x', code: 7 } }],
  [{ error: 'the words' }],
  [{ detail: 'the words' }],
  [{ detail: [{ loc: ['body', 'messages'], msg: 'the words', type: 'value_error' }] }],
  [[{ msg: 'the words' }]],
  [['the words']],
  [{ errors: [{ message: 'the words' }, { message: 'others' }] }],
  [{ message: '', error: { message: null, detail: 'the words' } }],
  [{ code: 3, message: { message: 'the words' }, details: [] }],
  ['the words'],
  [' the\r\nwords\u0000'],
])('[XC6] the sentence of %j', body => {
  expect(readError(failure(400, body)).message).toBe('the words');
  expect(readError(failure(401, body)).message).toContain('Cohere: the words');
});

test.each([[{}], [[]], [null], [7], [{ message: 7 }], ['<p>the words</p>'], ['{"message":"the wor'], ['']])(
  '[XC6] no sentence in %j',
  body => {
    expect(readError(failure(400, body)).message).toBe('Cohere refused the request.');
  },
);

describe('a refused key', () => {
  const body = { message: 'Incorrect API key provided: ****6789.' };

  test.each([
    [401, false, 'upstream_auth_failed', 403],
    [403, false, 'upstream_auth_failed', 403],
    [401, true, 'invalid_api_key', 401],
    [403, true, 'upstream_forbidden', 403],
  ])('%i, the client brought it: %s → %s', (status, isClientKey, code, ours) => {
    const error = readError(failure(status, body, { isClientKey }));
    expect(error).toMatchObject({ code, status: ours });
    expect(JSON.stringify(error.toBody())).not.toContain('6789');
    expect(error.message).toContain('Incorrect API key provided');
    if (!isClientKey) expect(error.shouldRetry).toBe(false);
  });
});

describe('[XC8] Retry-After', () => {
  test.each([500, 502, 503, 504, 529])('of a %i too', status => {
    expect(readError(failure(status, '', { retryAfter: '2.5' })).retryAfterS).toBe(3);
    expect(readError(failure(status, '')).retryAfterS).toBeUndefined();
  });

  const inSeconds = (s: number) => new Date(Date.now() + s * 1000).toUTCString();

  test.each<[string | undefined, number]>([
    [undefined, 15],
    ['7', 7],
    [' 7 ', 7],
    ['0', 1],
    ['60', 60],
    ['3600', 3600],
    ['2.5', 3],
    ['0.2', 1],
    ['-5', 1],
    ['1e3', 15],
    ['99999999999999999999', 31 * 86_400],
    ['soon', 15],
    ['', 15],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 1],
    ['Fri, 01 Jan 2199 00:00:00 GMT', 31 * 86_400],
  ])('%j becomes %i s', (retryAfter, seconds) => {
    expect(readError(failure(429, '', { retryAfter })).retryAfterS).toBe(seconds);
  });

  test('a date in half a minute', () => {
    const { retryAfterS } = readError(failure(429, '', { retryAfter: inSeconds(30) }));
    expect(retryAfterS).toBeGreaterThanOrEqual(28);
    expect(retryAfterS).toBeLessThanOrEqual(31);
  });
});

test('only a sentence is passed on: in one line, and cut', () => {
  const { message } = readError(failure(400, { message: `a\r\nb\u0000c\u0085d${'x'.repeat(9999)}` }));
  expect(message).toMatch(/^a b c dx+$/);
  expect(message.length).toBeLessThanOrEqual(500);
});

test('whatever the body is, the error has a status, a code, and nothing of a page', () => {
  const bodies = fc.oneof(
    fc.json(),
    fc.string(),
    fc.string().map(words => `<html>${words}</html>`),
    fc.record({ message: fc.jsonValue(), error_type: fc.jsonValue() }).map(body => JSON.stringify(body)),
  );
  fc.assert(
    fc.property(fc.integer({ min: 400, max: 599 }), bodies, fc.boolean(), (status, text, isClientKey) => {
      const error = readError(failure(status, text, { isClientKey }));
      expect(error.status).toBeGreaterThanOrEqual(400);
      expect(error.message.length).toBeGreaterThan(0);
      expect(error.message.length).toBeLessThanOrEqual(600);
      if (text.startsWith('<html>')) expect(error.message).not.toContain('<html>');
    }),
    fromSeed('error bodies'),
  );
});
