// Cohere refuses or fails with a status, or answers in another form. Catalogue U16–U19, U22, U30.
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { jsonHead } from '../support/cohere-stream.ts';
import { endless } from '../support/endless.ts';
import { FakeCohere } from '../support/fake-cohere.ts';
import { fixture } from '../support/fixtures.ts';
import { ask, expectAnswered, expectFailed, goodAnswer, meetFault } from '../support/outcome.ts';
import { startPair } from '../support/start.ts';
import { passTimeByTurns } from '../support/turn-clock.ts';
import { chunk, end, error, hang, head, json, type Step, sse } from '../support/upstream-script.ts';

// The pause before a repeat is a random one: none here.
beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
});

const transcript = { model: 'command-a-03-2025', messages: [{ role: 'user', content: 'hi' }] };
const perMinute = JSON.parse(fixture('errors/429-per-minute.json'));

describe.each([
  ['streamed', true],
  ['whole', false],
])('%s', (_form, stream) => {
  it.each([
    ['seconds', '7', '7'],
    ['0', '0', '1'],
    ['an hour', '3600', '3600'],
    ['a fraction', '2.5', '3'],
    ['absurd', '99999999999', '2678400'],
    ['negative', '-5', '1'],
    ['no number', 'soon', '15'],
    ['a date long past', 'Thu, 01 Jan 1970 00:00:00 GMT', '1'],
    ['a date far off', 'Thu, 01 Jan 2099 00:00:00 GMT', '2678400'],
    ['none', undefined, '15'],
  ])('[XC8] U16 429 with Retry-After %s: passed on at once', async (_what, given, expected) => {
    const steps = error(429, perMinute, given === undefined ? {} : { 'retry-after': given });
    const { outcome, attempts } = await meetFault(await startPair(), [steps], { stream });
    expectFailed(outcome, 'rate_limit_exceeded', 429);
    expect(outcome.headers.get('retry-after')).toBe(expected);
    expect(attempts).toBe(1);
  });

  it('U16 429 for a spent month: insufficient_quota, and no client should repeat it', async () => {
    const steps = error(429, JSON.parse(fixture('errors/429-per-month.json')));
    const { outcome, attempts } = await meetFault(await startPair(), [steps], { stream });
    expectFailed(outcome, 'insufficient_quota', 429);
    expect(outcome.headers.get('x-should-retry')).toBe('false');
    expect(attempts).toBe(1);
  });

  const failures = [500, 502, 503, 504, 520, 529].flatMap(status =>
    (
      [
        ['JSON', error(status, { message: 'internal detail of db-7.cohere.internal' })],
        ['HTML', error(status, '<html>at /srv/app.py</html>', {}, 'text/html')],
        ['nothing', error(status, '')],
        ['10 MB', [head(status, jsonHead), endless('x'.repeat(16_384), 10_000_000).step, end()]],
      ] satisfies [string, Step[]][]
    ).map(([what, steps]) => [status, what, steps] as const),
  );
  it.each(failures)('U17 %i with %s', async (status, _what, steps) => {
    const pair = await startPair();
    const isRepeated = status === 502 || status === 503;
    const { outcome, attempts } = await meetFault(pair, isRepeated ? [steps, steps] : [steps], { stream });
    if (status === 504) expectFailed(outcome, 'upstream_timeout', 504);
    else expectFailed(outcome, 'upstream_error', 502);
    expect(attempts).toBe(isRepeated ? 2 : 1);
    expect(outcome.raw).not.toMatch(/internal detail|html|\/srv/);
  });

  it('U17 a 503 once: the repeat is answered', async () => {
    const good = stream ? sse(fixture('plain.sse')) : json(goodAnswer('good'));
    const { outcome, attempts } = await meetFault(
      await startPair(),
      [error(503, fixture('errors/503.html'), {}, 'text/html'), good],
      { stream },
    );
    expectAnswered(outcome);
    expect(attempts).toBe(2);
  });

  it.each<[number, unknown, string, number]>([
    [400, JSON.parse(fixture('errors/400-too-many-tokens.json')), 'context_length_exceeded', 400],
    [401, JSON.parse(fixture('errors/401-invalid-token.json')), 'upstream_auth_failed', 403],
    [403, { message: 'no' }, 'upstream_auth_failed', 403],
    [402, { message: 'please pay' }, 'insufficient_quota', 429],
    [404, JSON.parse(fixture('errors/404-model-not-found.json')), 'model_not_found', 404],
    [422, JSON.parse(fixture('errors/422-unknown-field.json')), 'upstream_rejected', 400],
    [498, { message: 'blocked' }, 'upstream_rejected', 400],
    [413, { message: 'too big' }, 'request_too_large', 413],
    [404, '<html>Not here</html>', 'upstream_not_found', 404],
    [405, { detail: 'Method Not Allowed' }, 'upstream_rejected', 400],
    [499, { message: 'request cancelled' }, 'upstream_error', 502],
    [400, 'plain words', 'upstream_rejected', 400],
    [400, 'null', 'upstream_rejected', 400],
    [400, '{"message":{"a":1}}', 'upstream_rejected', 400],
  ])('U18 %i %j: %s', async (status, body, code, expected) => {
    const { outcome, attempts } = await meetFault(await startPair(), [error(status, body)], { stream });
    expectFailed(outcome, code, expected);
    expect(attempts).toBe(1);
  });

  it('U18 a generation that failed is repeated once, then 422', async () => {
    const steps = error(422, JSON.parse(fixture('errors/422-invalid-tool-generation.json')));
    const { outcome, attempts } = await meetFault(await startPair(), [steps, steps], { stream });
    expectFailed(outcome, 'upstream_generation_failed', 422);
    expect(outcome.headers.get('x-should-retry')).toBe('false');
    expect(attempts).toBe(2);
  });

  it('[XC9] one without its type is repeated as well, and answered', async () => {
    const failed = error(422, { message: 'No valid tool call or response generated' });
    const good = stream ? sse(fixture('plain.sse')) : json(goodAnswer('good'));
    const { outcome, attempts } = await meetFault(await startPair(), [failed, good], { stream });
    expectAnswered(outcome);
    expect(attempts).toBe(2);
  });

  it('[XC8] a 503 with Retry-After: repeated once by us, then passed on', async () => {
    const steps = error(503, '', { 'retry-after': '3600' });
    const { outcome, attempts } = await meetFault(await startPair(), [steps, steps], { stream });
    expectFailed(outcome, 'upstream_error', 502);
    expect(outcome.headers.get('retry-after')).toBe('3600');
    expect(outcome.headers.get('x-should-retry')).toBe('false');
    expect(attempts).toBe(2);
  });

  it.each(['k', 'token', 'message'])('[XC10] a key of %j leaves the words as they are', async key => {
    const pair = await startPair({ passthrough: true });
    pair.fake.replyError(400, { message: 'the message holds a token that k does not take' });
    const outcome = await ask(pair, { ...transcript, stream }, { authorization: `Bearer ${key}` });
    expect(outcome.error?.message).toBe('the message holds a token that k does not take');
  });

  it('[XC10] a key worth hiding is hidden', async () => {
    const pair = await startPair({ passthrough: true });
    pair.fake.replyError(400, { error: { message: 'the key of-eight-letters is not for this' } });
    const outcome = await ask(pair, { ...transcript, stream }, { authorization: 'Bearer of-eight-letters' });
    expect(outcome.error?.message).toBe('the key [key] is not for this');
  });

  it.each<[string, string, string, 'ok' | 'invalid']>([
    ['HTML of a captive proxy', 'text/html', '<html>Log in to the Wi-Fi</html>', 'invalid'],
    ['no type', '', JSON.stringify(goodAnswer('x')), 'invalid'],
    ['plain text', 'text/plain', 'hello', 'invalid'],
    ['the other form', stream ? 'application/json' : 'text/event-stream', '', 'ok'],
    ['JSON in capitals', 'Application/JSON; charset=UTF-8', JSON.stringify(goodAnswer('x')), 'ok'],
  ])('U19 200 with %s', async (_what, type, body, expected) => {
    const other = stream ? JSON.stringify(goodAnswer('x')) : fixture('plain.sse');
    const steps = [head(200, type === '' ? {} : { 'content-type': type }), chunk(body || other), end()];
    const { outcome } = await meetFault(await startPair(), [steps], { stream });
    if (expected === 'ok') expectAnswered(outcome);
    else expectFailed(outcome, 'upstream_invalid_response', 502);
  });

  it.each([301, 302, 303, 307, 308])('U22 %i is not followed', async status => {
    const other = await FakeCohere.start();
    onTestFinished(() => other.close());
    const steps = error(status, '', { location: `${other.url}/v2/chat` });
    const { outcome, attempts } = await meetFault(await startPair(), [steps], { stream });
    expectFailed(outcome, 'upstream_invalid_response', 502);
    expect(attempts).toBe(1);
    expect([...other.chatRequests, ...other.otherRequests]).toEqual([]);
  });
});

it("U18 the client's own key: 401 and 403 are told to the client", async () => {
  const pair = await startPair({ passthrough: true });
  const headers = { authorization: 'Bearer the-clients-key' };
  pair.fake.replyError(401, { message: 'invalid api token' });
  expectFailed(await ask(pair, { message: 'x' }, headers), 'invalid_api_key', 401);
  pair.fake.replyError(403, { message: 'no' });
  expectFailed(await ask(pair, { message: 'x' }, headers), 'upstream_forbidden', 403);
});

it('U17 of an error body at most 64 KiB are read, and the rest is given up', async () => {
  const pair = await startPair();
  const body = endless('x'.repeat(16_384), 50_000_000);
  const { outcome } = await meetFault(pair, [[head(500, jsonHead), body.step, end()]]);
  expectFailed(outcome, 'upstream_error', 502);
  expect(await pair.fake.chatRequests.at(-2)?.outcome).toBe('aborted');
  // The rest is what the kernel's buffers took before the reset.
  expect(body.producedBytes).toBeLessThan(10_000_000);
});

it('U17 an error body that never ends does not hold the answer back for long', async () => {
  passTimeByTurns();
  const pair = await startPair({ limits: { firstEventTimeoutMs: 500, totalTimeoutMs: 2_000 } });
  const { outcome } = await meetFault(pair, [[head(500, jsonHead), chunk('{'), hang()]], { stream: true });
  expect([502, 504]).toContain(outcome.status);
});

it('U30 no retry storm: 200 requests against a failing upstream are at most 400 calls', async () => {
  const pair = await startPair();
  pair.fake.setDefault(() => error(503, ''));
  const outcomes = await Promise.all(
    Array.from({ length: 200 }, (_, n) => ask(pair, { message: `${n}`, stream: n % 2 === 0 })),
  );
  expect(outcomes.every(({ status }) => status === 502)).toBe(true);
  expect(pair.fake.chatRequests.length).toBeLessThanOrEqual(400);
});
