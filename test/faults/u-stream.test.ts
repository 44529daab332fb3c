// What Cohere's answers may hold that they should not. Catalogue U8, U11–U15.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import {
  start as begin,
  callDelta,
  callEnd,
  callStart,
  frames,
  jsonHead,
  messageEnd,
  splitEvents,
  streamed,
  streamedApart,
  text,
  thinking,
} from '../support/cohere-stream.ts';
import { fixture } from '../support/fixtures.ts';
import { ask, expectAnswered, expectFailed, goodAnswer, meetFault, readSession } from '../support/outcome.ts';
import { asGivenOut } from '../support/own-call-id.ts';
import { randomSource } from '../support/seed.ts';
import { startPair } from '../support/start.ts';
import { chunk, end, head, json, sse } from '../support/upstream-script.ts';

// The pause before a repeat is a random one: none here.
beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
});

const whole = frames(begin, text('Grüße 🦩'), text(', ja'), messageEnd());
const said = 'Grüße 🦩, ja';

describe('U8 message-end says that it failed', () => {
  it.each<[string, object, string, boolean]>([
    ['ERROR', { error: 'something broke' }, 'upstream_error', true],
    ['ERROR', {}, 'upstream_error', false],
    ['ERROR_TOXIC', {}, 'upstream_error', true],
    ['TIMEOUT', {}, 'upstream_timeout', true],
    ['TIMEOUT', {}, 'upstream_timeout', false],
  ])('U8 %s %j: %s, not stored', async (reason, more, code, hasText) => {
    const events = [begin, ...(hasText ? [text('half')] : []), messageEnd(reason, more)];
    const streamFault = await meetFault(await startPair(), [streamed(...events)], { stream: true });
    expect(streamFault.outcome.error?.code).toBe(code);
    expectFailed(streamFault.outcome, code);
    const answer = { ...goodAnswer('half'), finish_reason: reason, ...more };
    expectFailed((await meetFault(await startPair(), [json(answer)])).outcome, code);
  });

  it('U8 the recorded one, after text', async () => {
    const events = splitEvents(fixture('error-at-end.sse'));
    const steps = [head(), chunk(events.join('')), end()];
    // Before output it may be repeated; the second time it stays so.
    const { outcome } = await meetFault(await startPair(), [steps], { stream: true });
    expectFailed(outcome, 'upstream_error');
  });
});

describe('U11 bytes cut anywhere', () => {
  it.each([
    ['LF', whole],
    ['CRLF', whole.replaceAll('\n', '\r\n')],
    ['CR', whole.replaceAll('\n', '\r')],
    ['a BOM', `\uFEFF${whole}`],
  ])('U11 %s, every byte a segment of its own', async (_name, body) => {
    const pair = await startPair();
    pair.fake.replySse(body, { splitAt: 'every-byte' });
    expectAnswered(await ask(pair, { message: 'x', stream: true }), said);
  });
});

const delta = JSON.stringify(text('x'));
it.each([
  ['data over several lines', delta.replace('{', '{\ndata: ').replace(/^/, 'data: ')],
  ['comments', `: hello\ndata: ${delta}\n:`],
  ['id and retry', `id: 7\nretry: 10\nretry: soon\ndata: ${delta}`],
  ['no event field', `data: ${delta}`],
  ['another event field', `event: nonsense\ndata: ${delta}`],
  ['no space after the colon', `event:content-delta\ndata:${delta}`],
  ['empty events', `\n\n\nevent: content-delta\n\ndata: ${delta}`],
  ['unknown fields', `colour: red\ndata: ${delta}`],
])('U12 %s', async (_name, block) => {
  const pair = await startPair();
  pair.fake.script(head(), chunk(`${frames(begin)}${block}\n\n${frames(messageEnd())}`), end());
  expectAnswered(await ask(pair, { message: 'x', stream: true }), 'x');
});

describe('U13 malformed', () => {
  it.each(['{"type":"content-del', 'not json', 'null', '[]', '"text"', '7', 'true', '<html>', '{]', 'NaN'])(
    'U13 an event of %s: upstream_invalid_response',
    async bad => {
      const pair = await startPair();
      const opened = await meetFault(pair, [streamedApart(begin, text('a'), bad)], { stream: true });
      expectFailed(opened.outcome, 'upstream_invalid_response', 200);
      const early = await meetFault(pair, [streamed(begin, bad)], { stream: true });
      expectFailed(early.outcome, 'upstream_invalid_response', 502);
      expect(opened.outcome.raw + early.outcome.raw).not.toContain('html');
    },
  );

  it.each([
    '{"id":"x","message":{"role":"assist',
    'not json',
    'null',
    '[]',
    '"text"',
    '7',
    '{}',
    '{"message":null}',
    '{"message":"hello","finish_reason":"COMPLETE"}',
    '{"message":{"content":"hello"},"finish_reason":"COMPLETE"}',
    '{"message":{"content":{"text":"hello"}},"finish_reason":"COMPLETE"}',
    '{"message":{"content":[],"tool_calls":{}},"finish_reason":"COMPLETE"}',
    '{"message":{"content":[{"text":"a"}],"citations":{}},"finish_reason":"COMPLETE"}',
    '{"message":{"content":[{"text":"a"}]},"logprobs":{},"finish_reason":"COMPLETE"}',
  ])('U13 a whole answer of %s: upstream_invalid_response', async body => {
    const { outcome } = await meetFault(await startPair(), [[head(200, jsonHead), chunk(body), end()]]);
    if (outcome.status === 200) expectAnswered(outcome, 'a');
    else expectFailed(outcome, 'upstream_invalid_response', 502);
  });
});

describe('U14 what we do not know', () => {
  const strange = [
    { type: 'sparkle', index: 3, delta: { message: { content: { text: 'NO' } } } },
    { type: 'debug', prompt: 'NO' },
    { type: '__proto__' },
    { type: 5 },
    {},
    { type: 'content-start', index: 0 },
    { type: 'content-delta', index: 0, delta: null },
    { type: 'content-delta', index: 'x', delta: { message: { content: null } } },
    { type: 'content-end', index: 9 },
    { type: 'citation-start', delta: { message: { citations: 7 } } },
    { type: 'citation-start', delta: {} },
    { type: 'tool-plan-delta', delta: { message: { tool_plan: 9 } } },
    { type: 'tool-call-end', index: 4 },
  ];
  const events = [begin, text('a'), thinking('t', 1), text('b', 2)];

  it('U14 strange events at every place change nothing', async () => {
    const pair = await startPair();
    const random = randomSource('U14');
    for (let place = 0; place <= events.length; place += 1) {
      const extra = [...strange].sort(() => random() - 0.5);
      pair.fake.script(
        ...streamed(...events.slice(0, place), ...extra, ...events.slice(place), messageEnd()),
      );
      expectAnswered(await ask(pair, { message: 'x', stream: true }), 'ab');
    }
  });

  it.each(['WHATEVER', 'constructor', '__proto__', ''])(
    'U14 finish reason %j: an ordinary end',
    async reason => {
      const pair = await startPair();
      pair.fake.script(...streamed(begin, text('a'), messageEnd(reason)));
      expect((await ask(pair, { message: 'x', stream: true })).finishReasons).toEqual(['stop']);
      pair.fake.replyJson({ ...goodAnswer('a'), finish_reason: reason, sparkle: { a: [1] } });
      expect((await ask(pair, { message: 'x' })).finishReasons).toEqual(['stop']);
    },
  );
});

describe('U15 in the wrong order', () => {
  it.each<[string, readonly object[], string]>([
    ['two message-starts', [begin, begin, text('a'), messageEnd()], 'a'],
    ['no message-start', [text('a'), messageEnd()], 'a'],
    ['two ends: the first wins', [begin, text('a'), messageEnd(), messageEnd('ERROR')], 'a'],
    ['deltas after the end', [begin, text('a'), messageEnd(), text('NO')], 'a'],
    ['an index never opened', [begin, text('a', 5), messageEnd()], 'a'],
  ])('U15 %s', async (_name, events, expected) => {
    const pair = await startPair();
    pair.fake.script(...streamed(...events));
    const outcome = await ask(pair, { sessionId: 's', message: 'x', stream: true });
    expectAnswered(outcome, expected);
    expect((await readSession(pair, 's'))?.messages.at(-1)?.content).toBe(expected);
  });

  it('U15 interleaved indexes: stored in the order that the client reads', async () => {
    const pair = await startPair();
    pair.fake.script(...streamed(begin, text('a', 1), text('b', 0), text('c', 1), messageEnd()));
    expectAnswered(await ask(pair, { sessionId: 's', message: 'x', stream: true }), 'abc');
    expect((await readSession(pair, 's'))?.messages.at(-1)?.content).toBe('abc');
  });

  it.each([
    ['never begun', [callDelta(0, '{}')]],
    ['of another index', [callStart(0, 'c'), callDelta(1, '{}')]],
    ['already ended', [callStart(0, 'c'), callDelta(0, '{}'), callEnd(0), callDelta(0, 'x')]],
  ])('U15 arguments of a call %s: upstream_invalid_response', async (_name, events) => {
    const steps = streamedApart(begin, text('a'), ...events, messageEnd('TOOL_CALL'));
    const { outcome } = await meetFault(await startPair(), [steps], { stream: true });
    expectFailed(outcome, 'upstream_invalid_response', 200);
  });
});

it('U11 a stream of the fixtures, cut at random places, says what it says uncut', async () => {
  const pair = await startPair();
  const random = randomSource('U11');
  const body = fixture('plan-parallel-calls.sse');
  pair.fake.replySse(body);
  const { toolCalls } = await ask(pair, { message: 'x', stream: true });
  for (let round = 0; round < 10; round += 1) {
    pair.fake.script(
      ...sse(body, { splitAt: Array.from({ length: 40 }, () => Math.floor(random() * body.length)) }),
    );
    expect((await ask(pair, { message: 'x', stream: true })).toolCalls).toEqual(asGivenOut(toolCalls));
  }
});
