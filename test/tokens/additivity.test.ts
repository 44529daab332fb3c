// A prompt is the sum of its messages, each counted once: what turn 1,000 costs is what turn 10 costs.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CohereMessage } from '../../src/cohere/wire.ts';
import {
  countMessage,
  countMessageSliced,
  placeMessage,
  startOfHistory,
} from '../../src/tokens/count-message.ts';
import { addToHistory, countPrompt, keptWeights, startHistory } from '../../src/tokens/count-prompt.ts';
import { familyOf } from '../../src/tokens/families.ts';

const models = [
  'command-r7b-12-2024',
  'command-a-reasoning-08-2025',
  'command-a-plus-05-2026',
  'command-r-08-2024',
  'other',
];
const countLetters = (text: string) => text.length;

const text = fc.string({ maxLength: 40 });
const call = fc.record({
  id: fc.uuid(),
  type: fc.constant('function' as const),
  function: fc.record({
    name: fc.constantFrom('a', 'read_file'),
    arguments: fc.constantFrom('{}', '{"a":[1, 2]}', ''),
  }),
});
const message: fc.Arbitrary<CohereMessage> = fc.oneof(
  fc.record({ role: fc.constant('system' as const), content: text }),
  fc.record({ role: fc.constant('user' as const), content: text }),
  fc.record({ role: fc.constant('assistant' as const), content: text }),
  fc.record({
    role: fc.constant('assistant' as const),
    tool_plan: text,
    tool_calls: fc.array(call, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ role: fc.constant('tool' as const), tool_call_id: fc.uuid(), content: text }),
);
const history = fc.array(message, { maxLength: 30 });

describe('additivity', () => {
  it('adds up to the whole, at any cut', () => {
    fc.assert(
      fc.property(history, fc.constantFrom(...models), fc.boolean(), (messages, model, hasDocuments) => {
        const family = familyOf(model);
        const options = hasDocuments ? { documents: ['x'] } : {};
        const whole = countPrompt(options, messages, family, countLetters);
        expect(whole.tokens).toBe(whole.messages.reduce((sum, tokens) => sum + tokens, whole.overhead));
        let place = startOfHistory(hasDocuments);
        for (const [index, each] of messages.entries()) {
          const next = placeMessage(countMessage(each, family, countLetters), place, family);
          expect(next.tokens).toBe(whole.messages[index]);
          place = next.place;
        }
      }),
      { numRuns: 300 },
    );
  });

  it('grows by what a message weighs at its place', () => {
    fc.assert(
      fc.property(history, message, fc.constantFrom(...models), (messages, last, model) => {
        const family = familyOf(model);
        const longer = [...messages, last];
        const before = countPrompt({}, messages, family, countLetters);
        const after = countPrompt({}, longer, family, countLetters);
        expect(after.messages.slice(0, -1)).toEqual(before.messages);
        // The overhead may change: with the first message, and with the first call in the older layout.
        const added = (after.messages.at(-1) ?? 0) + after.overhead - before.overhead;
        expect(after.tokens - before.tokens).toBe(added);
      }),
    );
  });

  it('weighs a message the same in slices', async () => {
    await fc.assert(
      fc.asyncProperty(message, fc.constantFrom(...models), async (each, model) => {
        const family = familyOf(model);
        const sliced = await countMessageSliced(each, family, async piece => piece.length);
        expect(sliced).toEqual(countMessage(each, family, countLetters));
      }),
      { numRuns: 50 },
    );
  });
});

describe('cost', () => {
  it('of turn 1,000 is that of turn 10', () => {
    const family = familyOf('command-a-03-2025');
    let calls = 0;
    let letters = 0;
    const weigh = keptWeights(family, piece => {
      calls += 1;
      letters += piece.length;
      return piece.length;
    });
    const messages: CohereMessage[] = [];
    let history = startHistory(false);
    const costOfTurn = (turn: number) => {
      calls = 0;
      letters = 0;
      const isNew = turnOf(turn);
      for (const each of isNew) history = addToHistory(history, weigh(each), family);
      messages.push(...isNew);
      return { calls, letters };
    };
    const costs = Array.from({ length: 1000 }, (_, turn) => costOfTurn(turn));
    expect(costs[999]).toEqual(costs[9]);
    expect(costs[999]?.calls).toBe(4);
    // Adding it all up again asks for no text that was counted before.
    calls = 0;
    const whole = countPrompt({}, messages, family, () => 0, weigh);
    expect(calls).toBe(0);
    expect(whole.tokens - whole.overhead).toBe(history.tokens);
  });
});

function turnOf(turn: number): CohereMessage[] {
  const id = `call_${turn}`;
  return [
    { role: 'user', content: `Question ${String(turn).padStart(4, '0')}` },
    {
      role: 'assistant',
      tool_calls: [{ id, type: 'function', function: { name: 'a', arguments: '{"b": 1}' } }],
    },
    { role: 'tool', tool_call_id: id, content: 'Result' },
    { role: 'assistant', content: 'Answer' },
  ];
}
