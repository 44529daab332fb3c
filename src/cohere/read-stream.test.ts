import { describe, expect, test } from 'vitest';
import { ProxyError } from '../conversation/errors.ts';
import { ReplyCollector } from '../conversation/reply.ts';
import type { TurnEvent } from '../conversation/turn-event.ts';
import { defaultLimits } from '../limits.ts';
import { CohereStreamReader } from './read-stream.ts';
import { ToolNames } from './tool-names.ts';

const reader = (maxEventBytes = 10_000) =>
  new CohereStreamReader({ toolNames: new ToolNames(['mcp--look']), maxEventBytes, limits: defaultLimits });
const frame = (event: object) =>
  `event: ${'type' in event ? event.type : ''}\ndata: ${JSON.stringify(event)}\n\n`;
const bytes = (text: string) => new TextEncoder().encode(text);

function read(...events: object[]): TurnEvent[] {
  const stream = reader();
  const batch = [...stream.push(bytes(events.map(frame).join('')))];
  if (stream.ended) stream.end();
  return batch;
}

function failureOf(act: () => unknown): ProxyError {
  try {
    act();
  } catch (error) {
    if (error instanceof ProxyError) return error;
    throw error;
  }
  throw new Error('did not fail');
}

const start = { type: 'message-start', id: 'r1', delta: { message: { role: 'assistant', content: [] } } };
const content = (index: number, block: object) => ({
  type: 'content-delta',
  index,
  delta: { message: { content: block } },
});
const callStart = (index: number, name = 'look', text = '') => ({
  type: 'tool-call-start',
  index,
  delta: {
    message: { tool_calls: { id: `c${index}`, type: 'function', function: { name, arguments: text } } },
  },
});
const callDelta = (index: number, text: string) => ({
  type: 'tool-call-delta',
  index,
  delta: { message: { tool_calls: { function: { arguments: text } } } },
});
const callEnd = (index: number) => ({ type: 'tool-call-end', index });
const end = (finish_reason = 'COMPLETE', more: object = {}) => ({
  type: 'message-end',
  delta: { finish_reason, ...more },
});

test('everything that a stream can hold', () => {
  const citation = { start: 0, end: 2, text: 'Hi', sources: [{ id: 'd' }], type: 'TEXT_CONTENT' };
  const events = read(
    start,
    { type: 'content-start', index: 0, delta: { message: { content: { type: 'thinking', thinking: '' } } } },
    content(0, { thinking: 'Hm.' }),
    { type: 'content-end', index: 0 },
    { type: 'content-start', index: 1, delta: { message: { content: { type: 'text', text: 'H' } } } },
    { ...content(1, { text: 'i' }), logprobs: { text: 'i', token_ids: [1, 2], logprobs: [-0.5, -0.25] } },
    {
      type: 'citation-start',
      index: 0,
      delta: { message: { citations: { ...citation, content_index: 1 } } },
    },
    { type: 'citation-end', index: 0 },
    { type: 'content-end', index: 1 },
    { type: 'tool-plan-delta', delta: { message: { tool_plan: 'I look.' } } },
    callStart(0, 'mcp__look'),
    callDelta(0, '{"a"'),
    callDelta(0, ':1}'),
    callEnd(0),
    end('TOOL_CALL', { usage: { tokens: { input_tokens: 5, output_tokens: 2 } } }),
  );
  expect(events).toEqual([
    { type: 'turn-start', responseId: 'r1' },
    { type: 'reasoning-delta', index: 0, text: 'Hm.' },
    { type: 'text-delta', index: 1, text: 'H' },
    { type: 'text-delta', index: 1, text: 'i', logprobs: [{ text: 'i', logprob: -0.75 }] },
    { type: 'citation', citation: { ...citation, contentIndex: 1 } },
    { type: 'tool-plan-delta', text: 'I look.' },
    { type: 'tool-call-start', index: 0, id: 'c0', name: 'mcp--look' },
    { type: 'tool-call-delta', index: 0, arguments: '{"a"' },
    { type: 'tool-call-delta', index: 0, arguments: ':1}' },
    { type: 'tool-call-end', index: 0 },
    {
      type: 'turn-end',
      finishReason: 'tool-calls',
      rawFinishReason: 'TOOL_CALL',
      usage: { inputTokens: 5, outputTokens: 2, billed: {} },
    },
  ]);
});

describe('arguments', () => {
  const given = (...pieces: string[]) =>
    read(
      start,
      callStart(0),
      ...pieces.map(piece => callDelta(0, piece)),
      callEnd(0),
      end('TOOL_CALL'),
    ).flatMap(event => (event.type === 'tool-call-delta' ? event.arguments : []));

  test.each<[string[], string[]]>([
    [[], ['{}']],
    [[''], ['{}']],
    [['null'], ['{}']],
    [['nu', 'll'], ['{}']],
    [[' null', ' \n'], ['{}']],
    [['  '], ['{}']],
    [['n', 'ope'], ['nope']],
    [['null', 'x'], ['nullx']],
    [
      ['\n', '{', '}'],
      ['\n{', '}'],
    ],
    [
      ['{"a":', 'null}'],
      ['{"a":', 'null}'],
    ],
  ])('the pieces %j are given out as %j', (pieces, out) => {
    expect(given(...pieces)).toEqual(out);
  });

  test('may come with the start of the call', () => {
    const events = read(callStart(0, 'look', '{"a":1}'), callEnd(0));
    expect(events[1]).toEqual({ type: 'tool-call-delta', index: 0, arguments: '{"a":1}' });
  });

  test('of parallel calls are kept apart', () => {
    const events = read(
      callStart(0),
      callStart(1),
      callDelta(1, 'nu'),
      callDelta(0, '{"a":1}'),
      callDelta(1, 'll'),
      callEnd(1),
      callEnd(0),
    );
    expect(events.filter(({ type }) => type === 'tool-call-delta')).toEqual([
      { type: 'tool-call-delta', index: 0, arguments: '{"a":1}' },
      { type: 'tool-call-delta', index: 1, arguments: '{}' },
    ]);
  });

  test('of a call that never began', () => {
    expect(failureOf(() => read(callDelta(0, '{}'))).code).toBe('upstream_invalid_response');
    expect(failureOf(() => read(callStart(0), callEnd(0), callDelta(0, '{}'))).code).toBe(
      'upstream_invalid_response',
    );
  });
});

describe('a call that was not ended', () => {
  const collect = (...events: object[]) => {
    const collector = new ReplyCollector();
    for (const event of read(...events)) collector.add(event);
    return collector;
  };

  test('is ended by a complete end', () => {
    const collector = collect(start, callStart(0), callStart(1), callDelta(1, '{"a":1}'), end('TOOL_CALL'));
    expect(collector.reply()?.message.toolCalls).toEqual([
      { id: 'c0', name: 'look', arguments: '{}' },
      { id: 'c1', name: 'look', arguments: '{"a":1}' },
    ]);
  });

  test.each([[], ['{"a":'], ['{"a":', '{}']])('was cut by the output limit: %j', (...pieces) => {
    const deltas = pieces.map(piece => callDelta(0, piece));
    expect(collect(start, callStart(0), ...deltas, end('MAX_TOKENS')).reply()?.message.cutCalls).toEqual([
      'c0',
    ]);
  });
});

describe('what is unknown passes', () => {
  test.each<[string, object]>([
    ['a debug event', { type: 'debug', prompt: '<BOS>' }],
    ['an event to come', { type: 'content-signature', index: 0, delta: { message: { content: {} } } }],
    ['an event without a type', { index: 0 }],
    ['a type that is no text', { type: 7 }],
    ['a delta that is null', { type: 'content-delta', index: 0, delta: null }],
    ['a message that is null', { type: 'tool-plan-delta', delta: { message: null } }],
    ['content of an unknown kind', content(0, { type: 'image', url: 'x' })],
    ['content that is null', { type: 'content-delta', delta: { message: { content: null } } }],
    ['a citation without offsets', { type: 'citation-start', delta: { message: { citations: {} } } }],
    ['an end of a call that never began', callEnd(3)],
  ])('%s', (_, event) => {
    expect(read(event)).toEqual([]);
  });

  test('a finish reason to come is "other"', () => {
    expect(read(end('SOMETHING_NEW')).at(-1)).toEqual({
      type: 'turn-end',
      finishReason: 'other',
      rawFinishReason: 'SOMETHING_NEW',
    });
  });

  test('comments, other fields, odd line ends', () => {
    const stream = reader();
    const text = `: ping\r\nid: 1\r\nretry: soon\r\nodd: 1\r\nevent: x\r\ndata: ${JSON.stringify(content(0, { text: 'a' }))}\r\n\r\n`;
    expect(stream.push(bytes(text))).toEqual([{ type: 'text-delta', index: 0, text: 'a' }]);
  });
});

describe('what is broken does not', () => {
  test.each([
    ['no JSON', 'data: {"type":\n\n'],
    ['a number', 'data: 7\n\n'],
    ['null', 'data: null\n\n'],
    ['a list', 'data: []\n\n'],
    ['HTML', 'data: <html>\n\n'],
  ])('%s', (_, text) => {
    expect(failureOf(() => reader().push(bytes(text))).code).toBe('upstream_invalid_response');
  });

  test('an event beyond the limit, wherever it was split', () => {
    const long = frame(content(0, { text: 'x'.repeat(2000) }));
    const stream = reader(1000);
    expect(
      failureOf(() => {
        for (let at = 0; at < long.length; at += 100) stream.push(bytes(long.slice(at, at + 100)));
      }).code,
    ).toBe('upstream_invalid_response');
  });

  test('an end without message-end', () => {
    const stream = reader();
    stream.push(bytes(`${frame(start)}${frame(content(0, { text: 'a' }))}data: [DONE]\n\n`));
    expect(stream.ended).toBe(false);
    expect(failureOf(() => stream.end()).code).toBe('upstream_interrupted');
  });
});

describe('a failure after the 200', () => {
  const said = 'your request resulted in an invalid tool generation.';

  test('with its reason: the model failed, a repeat may help', () => {
    const error = failureOf(() =>
      read(start, end('ERROR', { usage: {}, error: said, error_type: 'INVALID_TOOL_GENERATION' })),
    );
    expect(error).toMatchObject({
      code: 'upstream_generation_failed',
      status: 422,
      message: `Cohere: ${said}`,
      repeat: 'as-is',
      shouldRetry: false,
    });
  });

  test.each<[string, object, string]>([
    ['without one', end('ERROR'), 'upstream_error'],
    ['of a kind to come', end('ERROR_LIMIT', { error: 7 }), 'upstream_error'],
    ['out of time', end('TIMEOUT'), 'upstream_timeout'],
  ])('%s', (_, event, code) => {
    expect(failureOf(() => read(start, event))).toMatchObject({ code, repeat: undefined });
  });
});

test('after the end nothing counts', () => {
  const stream = reader();
  const text = frame(start) + frame(content(0, { text: 'a' })) + frame(end());
  expect(stream.push(bytes(`${text}data: [DONE]\n\n${frame(content(0, { text: 'b' }))}`)).length).toBe(3);
  expect(stream.push(bytes('data: garbage\n\n'))).toEqual([]);
  expect(stream.ended).toBe(true);
  stream.end();
});

test('one batch a read: what came together goes out together, what is half waits', () => {
  const stream = reader();
  const text = frame(content(0, { text: 'a' })) + frame(content(0, { text: 'é🌊' }));
  const all = bytes(text);
  const cut = all.length - 8;
  expect(stream.push(all.subarray(0, cut)).length).toBe(1);
  expect(stream.push(all.subarray(cut))).toEqual([{ type: 'text-delta', index: 0, text: 'é🌊' }]);
});

test('split at every byte, also within a character', () => {
  const stream = reader();
  const events: TurnEvent[] = [];
  for (const byte of bytes(frame(start) + frame(content(0, { text: 'é🌊' })) + frame(end()))) {
    events.push(...stream.push(Uint8Array.of(byte)));
  }
  expect(events.map(({ type }) => type)).toEqual(['turn-start', 'text-delta', 'turn-end']);
  expect(events[1]).toMatchObject({ text: 'é🌊' });
});
