// What is kept of counts is never seen in them: a conversation weighs the same however it came to be.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { viewOf } from '../../src/conversation/apply-cut.ts';
import { History } from '../../src/conversation/history.ts';
import type { AssistantMessage, Message } from '../../src/conversation/message.ts';
import { Passage } from '../../src/conversation/passage.ts';
import { type Cut, intelligentTruncateMessages } from '../../src/conversation/truncate.ts';
import { countFromScratch, describedFor, meterWith, system, user } from '../tokens/described-prompt.ts';
import { fromSeed } from './from-seed.ts';

const text = fc.oneof(
  fc.constantFrom('', 'a', 'aaaaaaaa', 'the letter', '你你', 'e\u0301', ' \n ', '7'),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
);
const longText = fc
  .tuple(fc.constantFrom('ab ', 'Hello there. ', '你你'), fc.integer({ min: 300, max: 2_000 }))
  .map(([piece, times]) => piece.repeat(times));

const userMessage: fc.Arbitrary<Message> = fc.oneof(
  text.map(user),
  fc.tuple(text, text).map(
    ([one, two]): Message => ({
      role: 'user',
      content: [
        { type: 'text', text: one },
        { type: 'image', url: 'https://example.com/picture.png' },
        { type: 'text', text: two },
      ],
    }),
  ),
);

/** What stands between two words of the user: answers, and calls with their results. */
const answers: fc.Arbitrary<Message[]> = fc
  .array(
    fc.oneof(
      fc.record({ said: text, thought: fc.option(text) }),
      fc.array(fc.record({ plan: fc.option(text), result: fc.oneof(text, longText), json: fc.boolean() }), {
        minLength: 1,
        maxLength: 3,
      }),
    ),
    { maxLength: 3 },
  )
  .map(steps => steps.flatMap((each, at) => (Array.isArray(each) ? calling(each, at) : [saying(each)])));

interface Called {
  readonly plan: string | null;
  readonly result: string;
  readonly json: boolean;
}

function calling(calls: readonly Called[], at: number): Message[] {
  const plan = calls[0]?.plan ?? null;
  const assistant: AssistantMessage = {
    role: 'assistant',
    ...(plan === null ? {} : { toolPlan: plan }),
    toolCalls: calls.map((_, index) => ({
      id: `call_${at}_${index}`,
      name: 'read',
      arguments: '{"a":[1,2]}',
    })),
  };
  const results = calls.map(
    ({ result, json }, index): Message => ({
      role: 'tool',
      toolCallId: `call_${at}_${index}`,
      content: json ? [{ type: 'document', data: { result } }] : result,
    }),
  );
  return [assistant, ...results];
}

function saying({ said, thought }: { readonly said: string; readonly thought: string | null }): Message {
  const content = [{ type: 'text' as const, text: said }];
  if (thought === null) return { role: 'assistant', content };
  return { role: 'assistant', content: [{ type: 'reasoning', text: thought }, ...content] };
}

const turn = fc.record({
  said: userMessage,
  answers,
  model: fc.constantFrom('command-a-03-2025', 'command-r-08-2024', 'command-a-plus-05-2026'),
  tools: fc.boolean(),
  documents: fc.boolean(),
  lead: fc.subarray<Message>([
    system,
    { role: 'system', content: '' },
    { role: 'system', content: 'Be brief.' },
  ]),
  share: fc.double({ min: 0.1, max: 1.2, noNaN: true }),
  /** How much of it is told at once; the rest comes with the next. */
  told: fc.nat(20),
  /** Goes on from an earlier place, as an edit does. */
  back: fc.option(fc.nat(100), { freq: 5 }),
});

test('kept counts are those of the same messages in one list, whole and cut', () => {
  const property = fc.property(fc.array(turn, { minLength: 1, maxLength: 8 }), turns => {
    const meter = meterWith();
    let history = History.empty;
    let cut: Cut | undefined;
    let untold: Message[] = [];
    for (const { said, answers: answered, told, lead, share, back, ...asked } of turns) {
      untold.push(said, ...answered);
      const rest = untold.slice(0, 1 + told);
      untold = untold.slice(1 + told);
      if (back !== null) history = history.take(back % (history.length + 1));
      const whole = new Passage({ lead, history, rest });
      const measured = meter.measure(describedFor(whole, asked), whole);
      expect(measured.total(whole)).toBe(countFromScratch(whole, asked));

      const before = cut && viewOf(cut, history);
      if (before) {
        const asBefore = new Passage({ lead, history, view: before, rest });
        expect(measured.total(asBefore)).toBe(countFromScratch(asBefore, asked));
      }
      const budget = Math.floor((measured.total(whole) - measured.overhead) * share);
      const fitted = intelligentTruncateMessages([...whole], budget, { count: measured.count });
      cut = fitted.cut;
      const view = cut && viewOf(cut, history);
      const given = view ? new Passage({ lead, history, view, rest }) : Passage.of(fitted.messages);
      expect([...given]).toEqual(fitted.messages);
      expect(measured.total(given)).toBe(countFromScratch(given, asked));
      // What fits by its messages fits as a whole.
      if (fitted.fits) expect(measured.total(given)).toBeLessThanOrEqual(budget + measured.overhead);
      history = history.append(rest);
    }
  });
  fc.assert(property, fromSeed('kept counts', 200));
});
