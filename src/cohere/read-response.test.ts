import { describe, expect, test } from 'vitest';
import { ProxyError } from '../conversation/errors.ts';
import { ReplyCollector } from '../conversation/reply.ts';
import { defaultLimits } from '../limits.ts';
import { readResponse } from './read-response.ts';
import { ToolNames } from './tool-names.ts';

const names = new ToolNames(['mcp--look']);
const response = (message: object, more: object = {}) => ({
  id: 'r1',
  message: { role: 'assistant', ...message },
  finish_reason: 'COMPLETE',
  ...more,
});
const read = (message: object, more: object = {}) =>
  readResponse(response(message, more), names, defaultLimits);
const text = (words: string) => ({ type: 'text', text: words });

function collect(message: object, more: object = {}): ReplyCollector {
  const collector = new ReplyCollector();
  for (const event of read(message, more)) collector.add(event);
  return collector;
}

function codeOf(body: unknown): string {
  try {
    readResponse(body, names, defaultLimits);
    return 'passes';
  } catch (error) {
    if (error instanceof ProxyError) return error.code;
    throw error;
  }
}

test('everything that an answer can hold, in the order of a stream', () => {
  const citation = { start: 0, end: 2, text: 'Hi', sources: [{ id: 'd' }], type: 'TEXT_CONTENT' };
  const events = read(
    {
      tool_plan: 'I look.',
      content: [{ type: 'thinking', thinking: 'Hm.' }, text('Hi'), text(' you')],
      tool_calls: [
        { id: 'c1', type: 'function', function: { name: 'mcp__look', arguments: '{"a":1}' } },
        { id: 'c2', type: 'function', function: { name: 'made_up', arguments: 'null' } },
      ],
      citations: [{ ...citation, content_index: 1 }],
    },
    {
      finish_reason: 'TOOL_CALL',
      usage: { tokens: { input_tokens: 5, output_tokens: 2 } },
      logprobs: [
        { text: 'Hi', token_ids: [1, 2], logprobs: [-0.5, -0.25] },
        { text: ' you', logprobs: [-1] },
      ],
    },
  );
  expect(events).toEqual([
    { type: 'turn-start', responseId: 'r1' },
    { type: 'tool-plan-delta', text: 'I look.' },
    { type: 'reasoning-delta', index: 0, text: 'Hm.' },
    {
      type: 'text-delta',
      index: 1,
      text: 'Hi',
      logprobs: [
        { text: 'Hi', logprob: -0.75 },
        { text: ' you', logprob: -1 },
      ],
    },
    { type: 'text-delta', index: 2, text: ' you' },
    { type: 'tool-call-start', index: 0, id: 'c1', name: 'mcp--look' },
    { type: 'tool-call-delta', index: 0, arguments: '{"a":1}' },
    { type: 'tool-call-end', index: 0 },
    { type: 'tool-call-start', index: 1, id: 'c2', name: 'made_up' },
    { type: 'tool-call-delta', index: 1, arguments: '{}' },
    { type: 'tool-call-end', index: 1 },
    { type: 'citation', citation: { ...citation, contentIndex: 1 } },
    {
      type: 'turn-end',
      finishReason: 'tool-calls',
      rawFinishReason: 'TOOL_CALL',
      usage: { inputTokens: 5, outputTokens: 2, billed: {} },
    },
  ]);
});

test.each(['', 'null', ' null\n', '  '])('a tool without parameters: %j is {}', written => {
  const calls = [{ id: 'c', function: { name: 'look', arguments: written } }];
  expect(read({ tool_calls: calls }, { finish_reason: 'TOOL_CALL' })).toContainEqual({
    type: 'tool-call-delta',
    index: 0,
    arguments: '{}',
  });
});

test.each([
  ['COMPLETE', 'stop'],
  ['STOP_SEQUENCE', 'stop'],
  ['MAX_TOKENS', 'length'],
  ['TOOL_CALL', 'tool-calls'],
  ['SOMETHING_NEW', 'other'],
  [undefined, 'other'],
  [7, 'other'],
])('the finish reason %s is %s', (finish_reason, finishReason) => {
  const events = read({ content: [text('a')] }, { finish_reason });
  expect(events.at(-1)).toMatchObject({ type: 'turn-end', finishReason });
});

test.each([
  ['ERROR', 'upstream_error'],
  ['ERROR_TOXIC', 'upstream_error'],
  ['TIMEOUT', 'upstream_timeout'],
])('the finish reason %s is a failure', (finish_reason, code) => {
  expect(codeOf(response({ content: [text('a')] }, { finish_reason }))).toBe(code);
});

describe('what is no answer is said to be none', () => {
  test.each<unknown>([undefined, null, 1, 'text', [], {}, { message: null }, { message: 'text' }])(
    '%j',
    body => {
      expect(codeOf(body)).toBe('upstream_invalid_response');
    },
  );

  test.each([
    { content: 'a text' },
    { content: {} },
    { tool_calls: {} },
    { tool_calls: 'none' },
    { citations: {} },
    { citations: 1 },
  ])('an answer with %j is a sick one, never an error of ours', message => {
    expect(['passes', 'upstream_invalid_response']).toContain(codeOf(response(message)));
  });

  test('logprobs of another shape', () => {
    const sick = response({ content: [text('a')] }, { logprobs: {} });
    expect(['passes', 'upstream_invalid_response']).toContain(codeOf(sick));
  });
});

test('blocks, calls and citations of other shapes are passed over', () => {
  const events = read({
    content: [null, { type: 'image' }, { type: 'text', text: 7 }, text('a')],
    tool_plan: null,
    tool_calls: null,
    citations: [
      null,
      { start: '0', end: 1 },
      { start: 0, end: 1, text: 'a', sources: ['x', null, { id: 's' }] },
    ],
  });
  expect(events.map(({ type }) => type)).toEqual(['turn-start', 'text-delta', 'citation', 'turn-end']);
  expect(events[1]).toMatchObject({ index: 0, text: 'a' });
  expect(events[2]).toEqual({
    type: 'citation',
    citation: { start: 0, end: 1, text: 'a', sources: [{ id: 's' }] },
  });
});

describe('an answer without anything is empty, as it is in a stream', () => {
  test.each([{}, { content: [] }, { content: [text('')] }, { tool_plan: '' }])('%j', message => {
    const collector = collect(message);
    expect(collector.isEmpty).toBe(true);
    expect(collector.reply()?.message).toEqual({ role: 'assistant' });
  });
});

describe('the output limit', () => {
  test.each(['', '{"a":', '{"a":1', '"'])('a call that it cut at %j is known as cut', written => {
    const calls = [{ id: 'c', function: { name: 'look', arguments: written } }];
    expect(collect({ tool_calls: calls }, { finish_reason: 'MAX_TOKENS' }).reply()?.message).toEqual({
      role: 'assistant',
      cutCalls: ['c'],
    });
  });

  test('a call that was complete is none', () => {
    const calls = [{ id: 'c', function: { name: 'look', arguments: '{"a":1}' } }];
    expect(
      collect({ tool_calls: calls }, { finish_reason: 'MAX_TOKENS' }).reply()?.message,
    ).not.toHaveProperty('cutCalls');
  });
});
