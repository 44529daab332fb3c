import { describe, expect, test } from 'vitest';
import { parseFrames } from '../../test/support/read-sse.ts';
import type { FinishReason, TurnEvent } from '../conversation/turn-event.ts';
import { ChunkWriter } from './write-chunks.ts';

const head = { id: 'chatcmpl-1', created: 7, model: 'm' };
const fixed = { ...head, object: 'chat.completion.chunk' };

type EndEvent = Extract<TurnEvent, { type: 'turn-end' }>;
const end = (finishReason: FinishReason = 'stop', more: Partial<EndEvent> = {}): EndEvent => ({
  type: 'turn-end',
  finishReason,
  rawFinishReason: '',
  ...more,
});
const ended = (pieces: Iterable<string>) => [...pieces].join('');
const text = (words: string): TurnEvent => ({ type: 'text-delta', index: 0, text: words });

interface Chunk {
  readonly choices: readonly { readonly delta: object; readonly finish_reason: string | null }[];
}

function write(events: readonly TurnEvent[], options = { includeUsage: false }): Chunk[] {
  const writer = new ChunkWriter(head, options);
  const frames = events.map(event => writer.write([event])).join('');
  const { frames: chunks, isDone } = parseFrames(frames + ended(writer.end(end(), { sessionId: 's1' })));
  expect(isDone).toBe(true);
  return chunks as Chunk[];
}

const deltas = (events: readonly TurnEvent[]) =>
  write(events).flatMap(({ choices }) => choices.map(({ delta }) => delta));

test('a short answer, frame by frame', () => {
  const choice = (delta: object, finish_reason: string | null = null) => [
    { index: 0, delta, logprobs: null, finish_reason },
  ];
  expect(write([{ type: 'turn-start' }, text('Hi')])).toEqual([
    { ...fixed, choices: choice({ role: 'assistant', content: '', refusal: null }) },
    { ...fixed, choices: choice({ content: 'Hi' }) },
    { ...fixed, choices: choice({}, 'stop'), sessionId: 's1' },
  ]);
});

test('the role comes once, with the first batch, in the same write', () => {
  const writer = new ChunkWriter(head, { includeUsage: false });
  expect(writer.write([])).toBe('');
  expect(parseFrames(writer.write([text('a'), text('b')])).frames.length).toBe(3);
  expect(parseFrames(writer.write([text('c')])).frames.length).toBe(1);
});

test('all that an answer can hold', () => {
  const citation = { start: 0, end: 2, text: 'Hi', sources: [{ id: 'd' }], contentIndex: 0 };
  const [, ...out] = deltas([
    { type: 'reasoning-delta', index: 0, text: 'Hm.' },
    { type: 'tool-plan-delta', text: 'I look.' },
    text('Hi "\n🌊\u2028'),
    { type: 'citation', citation },
    { type: 'citation', citation: { ...citation, type: 'PLAN' } },
    { type: 'tool-call-start', index: 0, id: 'c0', nativeId: 'n', name: 'look' },
    { type: 'tool-call-start', index: 1, id: 'c1', name: 'look' },
    { type: 'tool-call-delta', index: 1, arguments: '{"a":"\n' },
    { type: 'tool-call-delta', index: 0, arguments: '{}' },
    { type: 'tool-call-end', index: 0 },
  ]);
  const call = (index: number, fields: object) => ({ tool_calls: [{ index, ...fields }] });
  const { contentIndex: content_index, ...cited } = citation;
  expect(out).toEqual([
    { reasoning_content: 'Hm.' },
    { reasoning_content: 'I look.' },
    { content: 'Hi "\n🌊\u2028' },
    call(0, { id: 'c0', type: 'function', function: { name: 'look', arguments: '' } }),
    call(1, { id: 'c1', type: 'function', function: { name: 'look', arguments: '' } }),
    call(1, { function: { arguments: '{"a":"\n' } }),
    call(0, { function: { arguments: '{}' } }),
    // All in one delta, since the official client keeps only the last list that comes.
    {
      annotations: [
        {
          type: 'url_citation',
          url_citation: { start_index: 0, end_index: 2, title: 'd', url: 'urn:cohere:source:d' },
        },
      ],
      citations: [
        { ...cited, content_index },
        { ...cited, content_index, type: 'PLAN' },
      ],
    },
    {},
  ]);
});

test('logprobs stand beside their text', () => {
  const [, chunk] = write([
    { type: 'text-delta', index: 0, text: 'é', logprobs: [{ text: 'é', logprob: -0.5 }] },
  ]);
  expect(chunk?.choices[0]).toMatchObject({
    logprobs: {
      content: [{ token: 'é', logprob: -0.5, bytes: [195, 169], top_logprobs: [] }],
      refusal: null,
    },
  });
});

describe('the finish reason', () => {
  const call: TurnEvent = { type: 'tool-call-start', index: 0, id: 'c', name: 'look' };

  test.each<[FinishReason, TurnEvent[], string]>([
    ['stop', [text('a')], 'stop'],
    ['other', [text('a')], 'stop'],
    ['length', [text('a')], 'length'],
    ['length', [call], 'length'],
    ['tool-calls', [call], 'tool_calls'],
    ['stop', [call], 'tool_calls'],
    ['tool-calls', [text('a')], 'stop'],
  ])('%s with %j is %s, once, on an empty delta', (reason, events, expected) => {
    const writer = new ChunkWriter(head, { includeUsage: true });
    const { frames } = parseFrames(
      writer.write(events) + ended(writer.end(end(reason), { sessionId: null })),
    );
    const finished = (frames as Chunk[])
      .flatMap(({ choices }) => choices)
      .filter(choice => choice.finish_reason);
    expect(finished).toEqual([{ index: 0, delta: {}, logprobs: null, finish_reason: expected }]);
  });
});

describe('usage and the session ride on the last chunk', () => {
  const session = { sessionId: 's1', reply: 'a', messages: [] };
  const last = (includeUsage: boolean, usage?: EndEvent['usage']) => {
    const writer = new ChunkWriter(head, { includeUsage });
    const frames =
      writer.write([text('a')]) + ended(writer.end(end('stop', usage ? { usage } : {}), session));
    return parseFrames(frames).frames as (Chunk & { usage?: unknown })[];
  };

  test('without usage it is the one with the finish reason', () => {
    const chunks = last(false, { inputTokens: 1, outputTokens: 2 });
    expect(chunks.at(-1)).toMatchObject({ ...session, choices: [{ finish_reason: 'stop' }] });
    for (const chunk of chunks) expect(chunk).not.toHaveProperty('usage');
    for (const chunk of chunks.slice(0, -1)) expect(chunk).not.toHaveProperty('sessionId');
  });

  test('with usage it has no choices, and all others say null', () => {
    const chunks = last(true, { inputTokens: 1, outputTokens: 2, cachedTokens: 1, imageTokens: 5 });
    expect(chunks.at(-1)).toEqual({
      ...fixed,
      ...session,
      choices: [],
      usage: {
        prompt_tokens: 6,
        completion_tokens: 2,
        total_tokens: 8,
        prompt_tokens_details: { cached_tokens: 1 },
      },
    });
    for (const chunk of chunks.slice(0, -1)) {
      expect(chunk.usage).toBeNull();
      expect(chunk).not.toHaveProperty('sessionId');
    }
  });

  test('a usage that Cohere did not give is none, not zero', () => {
    expect(last(true).at(-1)?.usage).toBeNull();
  });
});
