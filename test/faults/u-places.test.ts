// Streams that number their blocks and calls in another way than Cohere does: gateways count from 1, or not at all.
import { describe, expect, it } from 'vitest';
import { CohereStreamReader } from '../../src/cohere/read-stream.ts';
import { ToolNames } from '../../src/cohere/tool-names.ts';
import { collectReply } from '../../src/conversation/reply.ts';
import { defaultLimits } from '../../src/limits.ts';
import { everyWay, storeOf } from '../support/both-stores.ts';
import {
  type CohereEvent,
  callDelta,
  callEnd,
  callStart,
  frames,
  messageEnd,
  start,
  text,
  thinking,
} from '../support/cohere-stream.ts';
import { readOutcome } from '../support/outcome.ts';
import { splitBytes } from '../support/split-bytes.ts';
import { startPair } from '../support/start.ts';
import { chunk, end, head, json } from '../support/upstream-script.ts';

const model = 'command-a-reasoning-08-2025';
const tools = [
  { type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } },
];
const cite = (content_index: number | undefined, type = 'TEXT_CONTENT') => ({
  type: 'citation-start',
  index: 0,
  delta: {
    message: {
      citations: {
        start: 0,
        end: 1,
        text: 'a',
        sources: [{ type: 'document', id: 'd' }],
        content_index,
        type,
      },
    },
  },
});
const withoutIndex = ({ index: _, ...event }: CohereEvent) => event;
const from1 = (event: CohereEvent) => ({ ...event, index: Number(event.index) + 1 });
const asText = (event: CohereEvent) => ({ ...event, index: String(event.index) });

const withId = (id: string, event: CohereEvent) => {
  const { delta } = event as { readonly delta?: { readonly message: { readonly tool_calls: object } } };
  return { ...event, delta: { message: { tool_calls: { ...delta?.message.tool_calls, id } } } };
};

const two = [
  callStart(0, 'a'),
  callDelta(0, '{"at":1}'),
  callEnd(0),
  callStart(1, 'b'),
  callDelta(1, '{"at":2}'),
  callEnd(1),
];
const calls = ['{"at":1}', '{"at":2}'];

interface Row {
  readonly what: string;
  readonly events: readonly unknown[];
  readonly said?: string;
  readonly thought?: string;
  readonly calls?: readonly string[];
  /** Places of the blocks that are cited. */
  readonly cited?: readonly number[];
}

const rows: Row[] = [
  { what: 'calls that begin at 1', events: two.map(from1), calls },
  { what: 'calls without an index', events: two.map(withoutIndex), calls },
  { what: 'calls whose index is a text', events: two.map(asText), calls },
  { what: 'calls with one index', events: two.map(event => ({ ...event, index: 0 })), calls },
  {
    what: 'calls in the wrong order, with gaps',
    events: [
      callStart(7, 'a'),
      callStart(3, 'b'),
      callDelta(3, '{"at":2}'),
      callDelta(7, '{"at":1}'),
      callEnd(3),
      callEnd(7),
    ],
    calls,
  },
  {
    what: 'calls without an end, by turns',
    events: [
      callStart(1, 'a'),
      callStart(2, 'b'),
      callDelta(2, '{"at"'),
      callDelta(1, '{"at"'),
      callDelta(2, ':2}'),
      callDelta(1, ':1}'),
    ],
    calls,
  },
  {
    what: '[K9] one index, the first without an end',
    events: [
      callStart(0, 'a'),
      callDelta(0, '{"at":1}'),
      callStart(0, 'b'),
      callDelta(0, '{"at":2}'),
      callEnd(0),
    ],
    calls,
  },
  {
    what: '[K9] one index, no ends, all in the starts',
    events: [callStart(0, 'a', 'look', '{"at":1}'), callStart(0, 'b', 'look', '{"at":2}')],
    calls,
  },
  {
    what: '[K9] one index and one id, no ends',
    events: [callStart(0, 'a'), callDelta(0, '{"at":1}'), callStart(0, 'a'), callDelta(0, '{"at":2}')],
    calls,
  },
  {
    what: '[K9] one index, the ends come late',
    events: [
      callStart(0, 'a'),
      callDelta(0, '{"at":1}'),
      callStart(0, 'b'),
      callEnd(0),
      callDelta(0, '{"at":2}'),
      callEnd(0),
    ],
    calls,
  },
  {
    what: '[K9] one index, the rest of the first after the start of the second',
    events: [
      callStart(0, 'a'),
      callDelta(0, '{"at"'),
      callStart(0, 'b'),
      callDelta(0, ':1}'),
      callDelta(0, '{"at":2'),
      callDelta(0, '}'),
    ],
    calls,
  },
  {
    what: '[K9] one index, the rest of the first after the second',
    events: [
      callStart(0, 'a'),
      callDelta(0, '{"at":'),
      callStart(0, 'b'),
      callDelta(0, '{"at":2}'),
      callEnd(0),
      callDelta(0, '1}'),
      callEnd(0),
    ],
    calls,
  },
  {
    what: '[K9] one index, each piece with its id',
    events: [
      callStart(0, 'a'),
      callStart(0, 'b'),
      withId('a', callDelta(0, '{"at":1}')),
      withId('b', callDelta(0, '{"at":2}')),
      withId('a', callEnd(0)),
      withId('b', callEnd(0)),
    ],
    calls,
  },
  {
    what: '[K9] one index, the first without arguments',
    events: [callStart(0, 'a'), callStart(0, 'b'), callDelta(0, '{"at":2}'), callEnd(0)],
    calls: ['{}', '{"at":2}'],
  },
  {
    what: '[K9] a start that is said again with each piece',
    events: [
      callStart(0, 'a', 'look', '{"at":'),
      callStart(0, 'a', 'look', '"}{'),
      callStart(0, 'a', '', '\\"["}'),
      callEnd(0),
    ],
    calls: ['{"at":"}{\\"["}'],
  },
  {
    what: 'arguments as an object',
    events: [callStart(0, 'a', 'look', { at: 1 }), callEnd(0)],
    calls: ['{"at":1}'],
  },
  {
    what: 'thinking and text at one index',
    events: [thinking('hm', 0), text('abc', 0), cite(0)],
    thought: 'hm',
    said: 'abc',
    cited: [1],
  },
  {
    what: 'both of them cited',
    events: [thinking('hm', 0), cite(0, 'THINKING_CONTENT'), text('abc', 0), cite(0)],
    thought: 'hm',
    said: 'abc',
    cited: [0, 1],
  },
  {
    what: 'thinking and text without an index',
    events: [thinking('hm'), text('abc')].map(withoutIndex),
    thought: 'hm',
    said: 'abc',
  },
  {
    what: 'blocks that begin at 1',
    events: [thinking('hm', 1), text('abc', 2), cite(2)],
    thought: 'hm',
    said: 'abc',
    cited: [1],
  },
  {
    what: 'blocks that begin far away',
    events: [thinking('hm', 4_000_000_000), text('abc', 4_000_000_001)],
    thought: 'hm',
    said: 'abc',
  },
  {
    what: 'text before thinking',
    events: [text('abc', 1), thinking('hm', 0), text('de', 1)],
    thought: 'hm',
    said: 'abcde',
  },
  {
    what: 'two texts by turns',
    events: [text('a', 0), text('b', 1), text('c', 0), text('d', 1)],
    said: 'abcd',
  },
];

const thoughtIn = (raw: string) =>
  [...raw.matchAll(/"reasoning_content":"([^"]*)"/g)].map(([, thought]) => thought).join('');

describe.each(everyWay)('%s, %s', (store, way) => {
  const stream = way === 'streamed';
  it.each(rows)(
    '[XC4] $what',
    async ({ events, said = '', thought = '', calls: expected = [], cited = [] }) => {
      const pair = await startPair({ sessionStore: storeOf(store) });
      const reason = expected.length > 0 ? 'TOOL_CALL' : 'COMPLETE';
      // Cohere may stream although it was not asked to.
      pair.fake.script(head(), chunk(frames(start, ...events, messageEnd(reason))), end());
      const outcome = await readOutcome(
        await pair.post({ model, sessionId: 's', message: 'Go.', tools, stream, include_messages: false }),
      );
      expect(outcome.status).toBe(200);
      expect(outcome.text).toBe(said);
      expect(outcome.toolCalls.map(call => call.arguments)).toEqual(expected);
      expect(thoughtIn(outcome.raw)).toBe(thought);
      if (stream) {
        const indices = [...outcome.raw.matchAll(/"tool_calls":\[\{"index":(\d+),"id"/g)].map(([, index]) =>
          Number(index),
        );
        expect(indices).toEqual(expected.map((_, index) => index));
      }
      // What is stored is what was given out, and goes back to the model in its place.
      pair.fake.replyJson({
        id: 'r',
        finish_reason: 'COMPLETE',
        message: { role: 'assistant', content: [{ type: 'text', text: 'done' }] },
      });
      const results = outcome.toolCalls.map(({ id }) => ({
        role: 'tool',
        tool_call_id: id,
        content: 'seen',
      }));
      const messages = results.length > 0 ? results : [{ role: 'user', content: 'On.' }];
      expect((await pair.post({ sessionId: 's', messages })).status).toBe(200);
      const [, answer] = (
        Object(pair.fake.chatRequests.at(-1)?.json) as { messages: Record<string, unknown>[] }
      ).messages;
      const blocks =
        typeof answer?.content === 'string'
          ? [{ type: 'text', text: answer.content }]
          : (answer?.content ?? []);
      const told = (kind: string) =>
        (blocks as Record<string, unknown>[])
          .filter(({ type }) => type === kind)
          .map(block => block[kind])
          .join('');
      expect(told('text')).toBe(said);
      expect(told('thinking')).toBe(thought);
      expect(
        Object(answer?.tool_calls ?? []).map(
          (call: { function: { arguments: string } }) => call.function.arguments,
        ),
      ).toEqual(expected);
      const places = Object(answer?.citations ?? []).map(
        ({ content_index = 0 }: { content_index?: number }) => content_index,
      );
      expect(places).toEqual(cited);
    },
  );

  it('[XC4] [XC5] whole: empty blocks before the text, arguments as an object', async () => {
    const pair = await startPair({ sessionStore: storeOf(store) });
    const content = [
      { type: 'text', text: '' },
      { type: 'thinking', thinking: 'hm' },
      { type: 'odd' },
      { type: 'text', text: 'abc' },
    ];
    const citations = [
      {
        start: 0,
        end: 1,
        text: 'a',
        sources: [{ type: 'document', id: 'd' }],
        content_index: 3,
        type: 'TEXT_CONTENT',
      },
    ];
    pair.fake.script(
      ...json({ id: 'r', finish_reason: 'COMPLETE', message: { role: 'assistant', content, citations } }),
    );
    const outcome = await readOutcome(await pair.post({ model, message: 'Go.', stream }));
    expect(outcome.text).toBe('abc');
    expect(outcome.raw).toContain('"content_index":1');
    expect(outcome.raw).toContain('"start_index":0');
    const call = {
      id: 'a',
      type: 'function',
      function: { name: 'look', arguments: { at: [1, { b: null }] } },
    };
    pair.fake.script(
      ...json({ id: 'r', finish_reason: 'TOOL_CALL', message: { role: 'assistant', tool_calls: [call] } }),
    );
    const called = await readOutcome(await pair.post({ model, message: 'Go.', tools, stream }));
    expect(called.toolCalls.map(one => one.arguments)).toEqual(['{"at":[1,{"b":null}]}']);
  });
});

it.each(rows)('[XC4] $what: split at every byte', ({ events }) => {
  const bytes = Buffer.from(frames(start, ...events, messageEnd()));
  const read = (pieces: readonly Uint8Array[]) => {
    const reader = new CohereStreamReader({
      toolNames: new ToolNames(['look']),
      maxEventBytes: 100_000,
      limits: defaultLimits,
    });
    return collectReply(pieces.flatMap(piece => [...reader.push(piece)]));
  };
  const whole = read([bytes]);
  for (let at = 1; at < bytes.length; at += 1) expect(read(splitBytes(bytes, [at]))).toEqual(whole);
});

it.each([
  ['no ends', [callDelta(0, '{"at":1}'), callDelta(0, '{"at":2}')]],
  ['with ends', [callDelta(0, '{"at":1}'), callEnd(0), callDelta(0, '{"at":2}'), callEnd(0)]],
])('[K9] arguments that two calls wait for are given to neither: %s', (_, events) => {
  const all = [start, callStart(0, 'a'), callStart(0, 'b'), ...events, messageEnd('TOOL_CALL')];
  const bytes = Buffer.from(frames(...all));
  for (let at = 0; at < bytes.length; at += 1) {
    const reader = new CohereStreamReader({
      toolNames: new ToolNames(['look']),
      maxEventBytes: 100_000,
      limits: defaultLimits,
    });
    const read = () => splitBytes(bytes, at === 0 ? [] : [at]).map(piece => reader.push(piece));
    expect(read).toThrow('arguments of no tool call that was begun');
  }
});
