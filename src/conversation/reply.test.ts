import { describe, expect, test } from 'vitest';
import { collectReply, ReplyCollector } from './reply.ts';
import type { FinishReason, TurnEvent } from './turn-event.ts';

const end = (finishReason: FinishReason = 'stop'): TurnEvent => ({
  type: 'turn-end',
  finishReason,
  rawFinishReason: finishReason.toUpperCase(),
});
const text = (index: number, words: string): TurnEvent => ({ type: 'text-delta', index, text: words });
const thought = (index: number, words: string): TurnEvent => ({
  type: 'reasoning-delta',
  index,
  text: words,
});
const call = (index: number, ...pieces: string[]): TurnEvent[] => [
  { type: 'tool-call-start', index, id: `c${index}`, name: 'look' },
  ...pieces.map((piece): TurnEvent => ({ type: 'tool-call-delta', index, arguments: piece })),
  { type: 'tool-call-end', index },
];
const messageOf = (...events: TurnEvent[]) => collectReply([...events, end()])?.message;

test('everything that an answer can hold', () => {
  const citation = { start: 0, end: 1, text: 'a', sources: [], contentIndex: 1 };
  const usage = { inputTokens: 1, outputTokens: 2 };
  const logprobs = [{ text: 'a', logprob: -1 }];
  const reply = collectReply([
    { type: 'turn-start', responseId: 'r1' },
    { type: 'tool-plan-delta', text: 'I ' },
    { type: 'tool-plan-delta', text: 'look.' },
    thought(0, 'H'),
    thought(0, 'm.'),
    { type: 'text-delta', index: 1, text: 'a', logprobs },
    { type: 'text-delta', index: 1, text: 'b', logprobs },
    { type: 'citation', citation },
    { type: 'tool-call-start', index: 0, id: 'c0', nativeId: 'n:0', name: 'look' },
    { type: 'tool-call-delta', index: 0, arguments: '{"a"' },
    { type: 'tool-call-delta', index: 0, arguments: ':1}' },
    { type: 'tool-call-end', index: 0 },
    { type: 'turn-end', finishReason: 'tool-calls', rawFinishReason: 'TOOL_CALL', usage },
  ]);
  expect(reply).toEqual({
    responseId: 'r1',
    message: {
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'Hm.' },
        { type: 'text', text: 'ab' },
      ],
      toolPlan: 'I look.',
      toolCalls: [{ id: 'c0', nativeId: 'n:0', name: 'look', arguments: '{"a":1}' }],
      citations: [citation],
    },
    finishReason: 'tool-calls',
    rawFinishReason: 'TOOL_CALL',
    usage,
    logprobs: [...logprobs, ...logprobs],
  });
});

describe('content', () => {
  test('one text is a string', () => {
    expect(messageOf(text(0, 'a'), text(0, 'b'))).toEqual({ role: 'assistant', content: 'ab' });
  });

  test('thinking alone is a list', () => {
    expect(messageOf(thought(0, 'a'))).toEqual({
      role: 'assistant',
      content: [{ type: 'reasoning', text: 'a' }],
    });
  });

  test('blocks stand in the order of their numbers, however they came', () => {
    expect(messageOf(text(2, 'c'), text(0, 'a'), text(2, 'd'), text(1, 'b'))?.content).toEqual([
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
      { type: 'text', text: 'cd' },
    ]);
  });

  test('nothing is left absent, not empty', () => {
    expect(messageOf()).toEqual({ role: 'assistant' });
  });

  test.each([1_000, 2 ** 31])('what stands under the odd number %i is not lost, and costs nothing', index => {
    const message = messageOf(text(index, 'a'));
    expect(JSON.stringify(message)).toContain('"a"');
    expect(JSON.stringify(message).length).toBeLessThan(100_000);
  });

  test('a citation still points to its block where an earlier block brought nothing', () => {
    const citation = { start: 0, end: 1, text: 'a', sources: [], contentIndex: 1 };
    const message = messageOf(text(1, 'a'), { type: 'citation', citation });
    const parts = typeof message?.content === 'string' ? [message.content] : (message?.content ?? []);
    const pointsTo = message?.citations?.[0]?.contentIndex ?? 0;
    expect(parts[pointsTo]).toBeDefined();
  });
});

test('calls stand in the order of their numbers, what belongs to none is passed over', () => {
  const events = [...call(1, '{"b"', ':1}'), ...call(0, '{}')];
  const lost: TurnEvent[] = [
    { type: 'tool-call-delta', index: 9, arguments: '{}' },
    { type: 'tool-call-end', index: 9 },
  ];
  expect(messageOf(...lost, ...events)?.toolCalls).toEqual([
    { id: 'c0', name: 'look', arguments: '{}' },
    { id: 'c1', name: 'look', arguments: '{"b":1}' },
  ]);
});

test('without an end there is no reply', () => {
  expect(collectReply([text(0, 'a')])).toBeUndefined();
  expect(collectReply([])).toBeUndefined();
});

test('the first end and the first id count', () => {
  const reply = collectReply([
    { type: 'turn-start', responseId: 'r1' },
    { type: 'turn-start', responseId: 'r2' },
    end('length'),
    end('stop'),
  ]);
  expect(reply).toMatchObject({ responseId: 'r1', finishReason: 'length' });
});

describe('empty', () => {
  const isEmpty = (...events: TurnEvent[]) => {
    const collector = new ReplyCollector();
    for (const event of events) collector.add(event);
    return collector.isEmpty;
  };

  test.each<[boolean, TurnEvent[]]>([
    [true, []],
    [true, [thought(0, 'a')]],
    [true, [{ type: 'tool-plan-delta', text: 'a' }]],
    [true, [text(0, '')]],
    [false, [text(0, ' ')]],
    [false, call(0)],
  ])('%s: %j', (expected, events) => {
    expect(isEmpty(...events)).toBe(expected);
  });
});

describe('a call that the output limit cut', () => {
  const cutIn = (...events: TurnEvent[]) => {
    const collector = new ReplyCollector();
    for (const event of events) collector.add(event);
    return collector.reply()?.message.cutCalls;
  };
  const [start, ...rest] = call(0, '{"a":1}');
  if (!start) throw new Error('no start');

  test.each<[string, readonly string[] | undefined, TurnEvent[]]>([
    ['whole calls', undefined, [...call(0, '{"a":1}'), end('length')]],
    ['another end', undefined, [start, end('tool-calls')]],
    ['no end yet', undefined, [start]],
    ['whole, but not ended', undefined, [start, ...rest.slice(0, -1), end('length')]],
    ['no arguments at all', ['c0'], [start, end('length')]],
    ['broken arguments', ['c0'], [...call(0, '{"a":'), end('length')]],
    ['arguments that are no object', ['c0'], [...call(0, '[]'), end('length')]],
    ['the second of two', ['c1'], [...call(0, '{}'), ...call(1, '{'), end('length')]],
  ])('%s: %s', (_, expected, events) => {
    expect(cutIn(...events)).toEqual(expected);
  });
});

test('U21 as many pieces as nobody sends, without an overflow', () => {
  const logprobs = Array.from({ length: 300_000 }, () => ({ text: 'a', logprob: -1 }));
  const reply = collectReply([
    { type: 'text-delta', index: 0, text: 'a', logprobs },
    ...Array.from({ length: 300_000 }, (_, at) => text(at, 'a')),
    end(),
  ]);
  expect(reply?.logprobs).toHaveLength(300_000);
  expect(reply?.message.content).toHaveLength(300_000);
});
