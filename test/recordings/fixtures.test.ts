// Our own fixtures through the proxy: situations that no recording shows. Needs nothing beside the repository.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CohereAnswer, collectAnswer } from '../support/cohere-answer.ts';
import { fixture, fixtureNames } from '../support/fixtures.ts';
import { ProxyUnderTest } from '../support/proxy-under-test.ts';
import { type ExpectedError, expectError, readBrokenStream, readReply } from '../support/read-reply.ts';
import { chunk, end, error, head, type Step } from '../support/upstream-script.ts';
import { expectExtras, expectReply } from './expect-reply.ts';
import { expectAllowed } from './expect-request.ts';

let proxy: ProxyUnderTest;

beforeAll(async () => {
  proxy = await ProxyUnderTest.start();
});

afterAll(() => proxy.stop());

const request = (stream: boolean) => ({
  model: 'command-a-03-2025',
  messages: [{ role: 'user', content: 'Tell me.' }],
  ...(stream ? { stream, stream_options: { include_usage: true } } : {}),
});

// These do not end in an answer; what they end in stands below.
const failing = new Set(['error-at-end', 'no-message-end', 'empty-answer']);
const succeeding = (extension: 'json' | 'sse') => fixtureNames(extension).filter(name => !failing.has(name));

describe('answers', () => {
  it.each(succeeding('sse'))('%s, streamed byte by byte', async name => {
    const text = fixture(`${name}.sse`);
    proxy.fake.replySse(text, { splitAt: 'every-byte' });
    const reply = await readReply(await proxy.chat(request(true)), true);
    expectAllowed(await proxy.fake.nextChatRequest(), true);
    expectReply(reply, collectAnswer(text));
    expectExtras(reply, request(true));
  });

  it.each(succeeding('json'))('%s, whole byte by byte', async name => {
    const text = fixture(`${name}.json`);
    proxy.fake.replyJson(text, { splitAt: 'every-byte' });
    const reply = await readReply(await proxy.chat(request(false)), false);
    expectAllowed(await proxy.fake.nextChatRequest(), false);
    expectReply(reply, withoutUnknown(JSON.parse(text) as CohereAnswer));
    expectExtras(reply, request(false));
  });
});

/** Blocks of a type that nobody knows are passed over. */
function withoutUnknown(answer: CohereAnswer): CohereAnswer {
  const content = answer.message.content?.filter(({ type }) => type === 'text' || type === 'thinking');
  return { ...answer, message: { ...answer.message, ...(content ? { content } : {}) } };
}

interface Failure extends ExpectedError {
  readonly steps: readonly Step[];
  readonly calls: number;
}

const failed = (file: string, status: number): Step[] => error(status, fixture(`errors/${file}`));
const noRetry = { 'x-should-retry': 'false' };

const failures: Readonly<Record<string, Failure>> = {
  'U18 too many tokens': {
    steps: failed('400-too-many-tokens.json', 400),
    calls: 1,
    status: 400,
    code: 'context_length_exceeded',
    text: 'maximum context length is 128000 tokens. However, your messages resulted in 132711 tokens',
  },
  'U18 the key of the proxy is refused': {
    steps: failed('401-invalid-token.json', 401),
    calls: 1,
    status: 403,
    code: 'upstream_auth_failed',
    headers: noRetry,
  },
  'U18 no such model': {
    steps: failed('404-model-not-found.json', 404),
    calls: 1,
    status: 404,
    code: 'model_not_found',
  },
  'U18 an unknown field': {
    steps: failed('422-unknown-field.json', 422),
    calls: 1,
    status: 400,
    code: 'upstream_rejected',
  },
  'U18 a generation that failed': {
    steps: failed('422-invalid-tool-generation.json', 422),
    calls: 2,
    status: 422,
    code: 'upstream_generation_failed',
    headers: noRetry,
  },
  'U16 too many requests a minute': {
    steps: failed('429-per-minute.json', 429),
    calls: 1,
    status: 429,
    code: 'rate_limit_exceeded',
    headers: { 'retry-after': '15' },
  },
  'U16 a spent month': {
    steps: failed('429-per-month.json', 429),
    calls: 1,
    status: 429,
    code: 'insufficient_quota',
    headers: noRetry,
  },
  'U17 503 as HTML': {
    steps: error(503, fixture('errors/503.html'), {}, 'text/html'),
    calls: 2,
    status: 502,
    code: 'upstream_error',
  },
  'U23 an answer of nothing, whole': {
    steps: error(200, fixture('empty-answer.json')),
    calls: 2,
    status: 502,
    code: 'upstream_invalid_response',
  },
  'U23 an answer of nothing, streamed': {
    steps: [head(), chunk(fixture('empty-answer.sse')), end()],
    calls: 2,
    status: 502,
    code: 'upstream_invalid_response',
  },
};

describe('failures before the first output', () => {
  it.each(Object.entries(failures))('%s', async (_name, { steps, calls, ...expected }) => {
    for (const stream of [true, false]) {
      for (let call = 0; call < calls; call += 1) proxy.fake.script(...steps);
      await expectError(await proxy.chat(request(stream)), expected);
      expect(proxy.fake.pendingScripts).toBe(0);
    }
  });
});

describe('failures in a stream', () => {
  it.each([
    ['U8 error-at-end', 'error-at-end.sse', 'upstream_generation_failed'],
    ['U7 no-message-end', 'no-message-end.sse', 'upstream_interrupted'],
  ])('%s', async (_name, file, expected) => {
    proxy.fake.replySse(fixture(file), { splitAt: 'every-byte' });
    const { code, chunks } = await readBrokenStream(await proxy.chat(request(true)));
    expect(code).toBe(expected);
    expect(chunks.length).toBeGreaterThan(0);
  });
});
