// Answers of Cohere's that are too much, or not enough. Catalogue U21, U23–U25.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import {
  start as begin,
  callDelta,
  callEnd,
  callStart,
  frames,
  jsonHead,
  messageEnd,
  streamed,
  streamedApart,
  text,
  thinking,
} from '../support/cohere-stream.ts';
import { endless } from '../support/endless.ts';
import { ask, expectAnswered, expectFailed, goodAnswer, meetFault } from '../support/outcome.ts';
import { ownCallId } from '../support/own-call-id.ts';
import { startPair } from '../support/start.ts';
import { chunk, end, head, json, type Step } from '../support/upstream-script.ts';

// The pause before a repeat is a random one: none here.
beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
});

describe('U21 too much', () => {
  it.each<[string, Step[]]>([
    ['a whole answer', [head(200, jsonHead), endless('"'.padEnd(10_000), 50_000_000).step]],
    ['tiny events', [head(), endless(frames(text('x')), 50_000_000).step]],
    ['comments', [head(), endless(`: ${'x'.repeat(1_000)}\n\n`, 50_000_000).step]],
    [
      'lines of one event',
      [head(), chunk(frames(text('x'))), endless(`data: ${'x'.repeat(500)}\n`, 50_000_000).step],
    ],
  ])('U21 %s without end: a limit holds, upstream given up', async (_name, steps) => {
    const pair = await startPair({ limits: { upstreamBodyBytes: 300_000, upstreamEventBytes: 100_000 } });
    const { outcome } = await meetFault(pair, [steps], { stream: true });
    expectFailed(outcome, 'upstream_invalid_response');
    expect(await pair.fake.chatRequests.at(-2)?.outcome).toBe('aborted');
  });
});

describe('[XA1] U21 shapes that no answer has', () => {
  const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
  const said = (more: string) => `{"id":"a","finish_reason":"COMPLETE",${more}}`;
  const cited = (source: string) =>
    `"message":{"role":"assistant","content":[{"type":"text","text":"x"}],"citations":[{"start":0,"end":1,"text":"x","sources":[${source}]}]}`;
  const many = (item: string, count: number) => Array(count).fill(item).join(',');
  it.each<[string, string]>([
    ['a source of 4,000 levels', said(cited(nested(4_000)))],
    ['a source of 100,000 levels', said(cited(nested(100_000)))],
    ['200,000 blocks', said(`"message":{"content":[${many('{"type":"text","text":"x"}', 200_000)}]}`)],
    [
      '200,000 log probabilities',
      said(
        `"message":{"content":[{"type":"text","text":"x"}]},"logprobs":[${many('{"text":"x","logprobs":[0]}', 200_000)}]`,
      ),
    ],
  ])('%s: refused before it is parsed, whole and streamed', async (_name, body) => {
    const pair = await startPair();
    const whole = await meetFault(pair, [[head(200, jsonHead), chunk(body), end()]], { stream: false });
    expectFailed(whole.outcome, 'upstream_invalid_response');
    const event = `data: {"type":"citation-start","index":0,"delta":${body}}\n\n`;
    const streamed = await meetFault(pair, [[head(), chunk(frames(begin)), chunk(event), end()]], {
      stream: true,
    });
    expectFailed(streamed.outcome, 'upstream_invalid_response');
  });

  it('30,000 log probabilities, blocks and citations are no failure', async () => {
    const pair = await startPair();
    const content = Array(30_000).fill({ type: 'text', text: 'x' });
    const logprobs = Array(30_000).fill({ text: 'x', logprobs: [0] });
    for (const more of [{ message: { content } }, { logprobs }]) {
      const { outcome } = await meetFault(pair, [json({ ...goodAnswer('x'), ...more })], { stream: false });
      expect(outcome.status).toBe(200);
    }
  });
});

describe('U23 nothing said', () => {
  const nothing: readonly (readonly [string, Step[]])[] = [
    ['a stream without text', streamed(begin, messageEnd())],
    ['a stream with empty text', streamed(begin, text(''), messageEnd())],
    [
      'only thinking',
      json({ ...goodAnswer(''), message: { content: [{ type: 'thinking', thinking: 'hm' }] } }),
    ],
    ['only a plan', json({ ...goodAnswer(''), message: { tool_plan: 'I will', content: [] } })],
    ['content: []', json({ ...goodAnswer(''), message: { content: [] } })],
    ['no content', json({ ...goodAnswer(''), message: {} })],
    ['text ""', json(goodAnswer(''))],
  ];
  it.each(nothing)('U23 %s: one repeat, then upstream_invalid_response', async (_name, steps) => {
    const pair = await startPair();
    for (const stream of [true, false]) {
      const { outcome, attempts } = await meetFault(pair, [steps, steps], { stream });
      expectFailed(outcome, 'upstream_invalid_response', 502);
      expect(attempts).toBe(2);
    }
    const { outcome } = await meetFault(pair, [steps, json(goodAnswer('better'))]);
    expectAnswered(outcome, 'better');
  });

  it('U23 thinking was sent already: no repeat', async () => {
    const steps = streamedApart(begin, thinking('hm'), messageEnd());
    const { outcome, attempts } = await meetFault(await startPair(), [steps], { stream: true });
    expectFailed(outcome, 'upstream_invalid_response', 200);
    expect(attempts).toBe(1);
  });

  it.each<[string, Step[]]>([
    ['204', [head(204, {}, 0), end()]],
    ['200 with an empty body', [head(200, jsonHead, 0), end()]],
    ['200 with an empty stream', [head(), end()]],
  ])('U23 %s: a failure', async (_name, steps) => {
    const { outcome } = await meetFault(await startPair(), [steps]);
    expect(['upstream_invalid_response', 'upstream_interrupted']).toContain(outcome.error?.code);
  });
});

it.each<unknown>([
  undefined,
  null,
  5,
  'many',
  [],
  { tokens: null },
  { tokens: { input_tokens: -1, output_tokens: -5 } },
  { tokens: { input_tokens: '12', output_tokens: '3' } },
  { tokens: { input_tokens: 12 } },
  { tokens: { output_tokens: 1.5 } },
  { billed_units: { input_tokens: 3, output_tokens: 4 } },
  { tokens: { input_tokens: 1e308, output_tokens: 1e308 } },
])('U24 usage of %j: answered, and never a figure that is none', async usage => {
  const pair = await startPair();
  const { usage: _usage, ...rest } = { usage: 0, ...goodAnswer('a') };
  pair.fake.replyJson({ ...rest, ...(usage === undefined ? {} : { usage }) });
  pair.fake.script(...streamed(begin, text('a'), messageEnd('COMPLETE', { usage })));
  for (const stream of [false, true]) {
    const outcome = await ask(pair, { message: 'x', stream, stream_options: { include_usage: true } });
    expectAnswered(outcome, 'a');
    for (const figure of Object.values(outcome.usage ?? {})) {
      if (typeof figure === 'object') continue;
      expect(figure, JSON.stringify(outcome.usage)).toSatisfy(
        value => typeof value === 'number' && Number.isInteger(value) && value >= 0,
      );
    }
  }
});

describe('U25 tool calls', () => {
  const tools = [{ type: 'function', function: { name: 'look' } }];
  it.each<[string, unknown, string]>([
    ['null', null, '{}'],
    ['"null"', 'null', '{}'],
    ['empty', '', '{}'],
    ['no JSON', 'go there', 'go there'],
    ['cut', '{"a":', '{"a":'],
    ['odd spaces', ' { "a" : 1 } ', ' { "a" : 1 } '],
    ['a key __proto__', '{"__proto__":{"a":1}}', '{"__proto__":{"a":1}}'],
  ])('U25 arguments %s', async (_name, given, expected) => {
    const pair = await startPair();
    const call = { id: 'c1', type: 'function', function: { name: 'look', arguments: given } };
    pair.fake.replyJson({ message: { tool_calls: [call] }, finish_reason: 'TOOL_CALL' });
    pair.fake.script(
      ...streamed(begin, callStart(0, 'c1'), callDelta(0, given), callEnd(0), messageEnd('TOOL_CALL')),
    );
    for (const stream of [false, true]) {
      const outcome = await ask(pair, { message: 'x', tools, stream });
      expectAnswered(outcome);
      expect(outcome.finishReasons).toEqual(['tool_calls']);
      expect(outcome.toolCalls).toEqual([{ id: ownCallId, name: 'look', arguments: expected }]);
    }
  });

  it.each<[string, unknown, unknown]>([
    ['equal', 'same', 'same'],
    ['missing', undefined, undefined],
    ['null', null, null],
    ['empty', '', ''],
    ['not usable', 'a b', 'ü'],
    ['too long', 'x'.repeat(99), `y${'x'.repeat(99)}`],
  ])('U25 ids that are %s: unique usable ids, stable in the session', async (_name, one, two) => {
    const pair = await startPair();
    pair.fake.script(
      ...streamed(
        begin,
        callStart(0, one, 'look', '{}'),
        callStart(1, two, 'unknown_tool', '{}'),
        callEnd(1),
        callEnd(0),
        messageEnd('TOOL_CALL'),
      ),
    );
    const outcome = await ask(pair, { sessionId: 's', message: 'x', tools, stream: true });
    expectAnswered(outcome);
    const ids = outcome.toolCalls.map(({ id }) => id);
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
    expect(outcome.toolCalls.map(({ name }) => name)).toEqual(['look', 'unknown_tool']);
    pair.fake.replyJson(goodAnswer('done'));
    const results = ids.map(tool_call_id => ({ role: 'tool', tool_call_id, content: 'r' }));
    expectAnswered(await ask(pair, { sessionId: 's', messages: results }), 'done');
  });

  it.each([true, false])(
    'U25 a call that MAX_TOKENS cut is not given out as finished (stream %s)',
    async stream => {
      const args = '{"path":"/etc';
      const call = { id: 'c1', type: 'function', function: { name: 'look', arguments: args } };
      const steps = stream
        ? streamed(begin, callStart(0, 'c1'), callDelta(0, args), messageEnd('MAX_TOKENS'))
        : json({ message: { tool_calls: [call] }, finish_reason: 'MAX_TOKENS' });
      const { outcome, attempts } = await meetFault(await startPair(), [steps], { tools, stream });
      expect(outcome.status).toBe(200);
      expect(outcome.finishReasons).toEqual(['length']);
      expect(attempts).toBe(1);
    },
  );
});
