// P3: the same answer of Cohere's, whole or streamed and cut anywhere, is the same reply.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readResponse } from '../../src/cohere/read-response.ts';
import { CohereStreamReader } from '../../src/cohere/read-stream.ts';
import { ToolNames } from '../../src/cohere/tool-names.ts';
import { ReplyCollector } from '../../src/conversation/reply.ts';
import type { TurnEvent } from '../../src/conversation/turn-event.ts';
import { defaultLimits } from '../../src/limits.ts';
import { type CohereAnswer, type CohereCitation, streamAnswer } from '../support/cohere-answer.ts';
import { splitBytes } from '../support/split-bytes.ts';
import { fromSeed } from './from-seed.ts';

const toolNames = new ToolNames(['get-weather', 'look']);

function collect(events: Iterable<TurnEvent>) {
  const collector = new ReplyCollector();
  for (const event of events) collector.add(event);
  return { reply: collector.reply(), isEmpty: collector.isEmpty };
}

function collectStream(answer: CohereAnswer, cuts: readonly number[]) {
  const bytes = new TextEncoder().encode(streamAnswer(answer));
  const reader = new CohereStreamReader({ toolNames, maxEventBytes: 100_000, limits: defaultLimits });
  const events = splitBytes(
    bytes,
    cuts.map(cut => cut % bytes.length),
  ).flatMap(piece => [...reader.push(piece)]);
  reader.end();
  return collect(events);
}

const words = fc.string({
  unit: fc.constantFrom('a', ' ', '\n', 'é', '🌊', '"', '\\', '\u2028'),
  maxLength: 8,
});
const filled = words.filter(text => text !== '');
const count = fc.option(fc.nat(5000), { nil: undefined });
const counts = fc.record({ input_tokens: fc.nat(5000), output_tokens: fc.nat(5000) }, { requiredKeys: [] });
const usage = fc.record(
  { billed_units: counts, tokens: counts, cached_tokens: fc.nat(100) },
  { requiredKeys: [] },
);
const call = fc.record({
  id: fc.stringMatching(/^[a-z:]{0,6}$/),
  type: fc.constant('function' as const),
  function: fc.record({
    name: fc.constantFrom('get_weather', 'look', 'made_up'),
    arguments: fc.oneof(
      fc.dictionary(words, words, { maxKeys: 2 }).map(value => JSON.stringify(value)),
      fc.constantFrom('null', '', '{"cut', '[1]'),
    ),
  }),
});

const citation = fc.record(
  {
    start: fc.nat(5),
    end: fc.nat(9),
    text: words,
    sources: fc.array(fc.record({ type: fc.constant('document'), id: words }), { maxLength: 2 }),
    type: fc.constantFrom('TEXT_CONTENT', 'PLAN'),
  },
  { requiredKeys: ['start', 'end', 'text', 'sources'] },
);

/** Blocks in any order, and for each text its citations; the first text's may lack the index. */
const blocksOf = (text: fc.Arbitrary<string>) =>
  fc
    .array(
      fc.record({
        isText: fc.boolean(),
        text,
        citations: fc.array(citation, { maxLength: 2 }),
        index: count,
      }),
      {
        maxLength: 4,
      },
    )
    .map(blocks => {
      const firstText = blocks.findIndex(({ isText }) => isText);
      return {
        content: blocks.map(block =>
          block.isText
            ? { type: 'text' as const, text: block.text }
            : { type: 'thinking' as const, thinking: block.text },
        ),
        citations: blocks.flatMap(({ isText, citations, index }, at): CohereCitation[] =>
          isText
            ? citations.map(cited =>
                at === firstText && index === undefined ? cited : { ...cited, content_index: at },
              )
            : [],
        ),
      };
    });

const answersOf = (text: fc.Arbitrary<string>): fc.Arbitrary<CohereAnswer> =>
  fc
    .record({
      blocks: blocksOf(text),
      tool_plan: words,
      tool_calls: fc.array(call, { maxLength: 3 }),
      finish_reason: fc.constantFrom('COMPLETE', 'STOP_SEQUENCE', 'MAX_TOKENS', 'TOOL_CALL', 'SOMETHING_NEW'),
      usage: fc.option(usage, { nil: undefined }),
      tokens: fc.array(
        fc.record({ text: filled, logprobs: fc.array(fc.integer({ max: 0 }), { maxLength: 2 }) }),
        {
          maxLength: 3,
        },
      ),
    })
    .map(({ blocks, tool_plan, tool_calls, finish_reason, usage: used, tokens }) => ({
      id: 'r1',
      message: {
        role: 'assistant',
        ...blocks,
        tool_plan,
        // What the limit cut to nothing stays open in a stream; the streams of this test close every call.
        tool_calls: tool_calls.filter(
          made => finish_reason !== 'MAX_TOKENS' || made.function.arguments !== '',
        ),
        // Cohere tells probabilities of one text.
        ...(tokens.length > 0
          ? { content: [{ type: 'text', text: tokens.map(token => token.text).join('') }], citations: [] }
          : {}),
      },
      finish_reason,
      ...(used ? { usage: used } : {}),
      ...(tokens.length > 0 ? { logprobs: tokens } : {}),
    }));

const cuts = fc.array(fc.nat(100_000), { maxLength: 12 });

test('P3 a stream says what the whole says', () => {
  fc.assert(
    fc.property(answersOf(filled), cuts, (answer, at) => {
      const whole = collect(readResponse(JSON.parse(JSON.stringify(answer)), toolNames, defaultLimits));
      expect(whole.reply).toBeDefined();
      expect(collectStream(answer, at)).toEqual(whole);
    }),
    fromSeed('stream equals whole', 2000),
  );
});

test('P3 also where a block holds nothing', () => {
  fc.assert(
    fc.property(answersOf(words), cuts, (answer, at) => {
      expect(collectStream(answer, at)).toEqual(collect(readResponse(answer, toolNames, defaultLimits)));
    }),
    fromSeed('stream equals whole, empty blocks'),
  );
});
