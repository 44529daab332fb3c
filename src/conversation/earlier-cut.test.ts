import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromSeed } from '../../test/properties/from-seed.ts';
import { earlierCut } from './earlier-cut.ts';
import type { Message } from './message.ts';
import { intelligentTruncateMessages } from './truncate.ts';

const count = (message: Message) => Math.ceil(String(message.content).length / 4) + 4;
const told = (messages: readonly Message[], budget: number) =>
  intelligentTruncateMessages(messages, budget, { count, cut: earlierCut(messages, budget, { count }) });

function talk(lengths: readonly number[]): Message[] {
  return lengths.flatMap((length, turn): Message[] => [
    { role: 'user', content: `${turn} ${'x'.repeat(length)}` },
    { role: 'assistant', content: `said ${turn}` },
  ]);
}

test('a conversation that fits has none', () => {
  expect(earlierCut(talk([10, 10]), 1_000, { count })).toBeUndefined();
  expect(earlierCut(talk([10, 10]), 0, { count })).toBeUndefined();
});

test('requests of a growing conversation find the same cut for many turns', () => {
  const lengths = Array.from({ length: 300 }, (_, turn) => 40 + (turn % 7) * 20);
  const prompts = [];
  for (let turns = 100; turns < 300; turns += 1) {
    const messages: Message[] = [...talk(lengths.slice(0, turns)), { role: 'user', content: 'And now?' }];
    prompts.push(told(messages, 2_000));
  }
  let changes = 0;
  for (const [index, { cut }] of prompts.entries())
    if (JSON.stringify(cut) !== JSON.stringify(prompts[index - 1]?.cut)) changes += 1;
  // A quarter of the budget takes in some fifteen of these turns.
  expect(changes).toBeLessThan(prompts.length / 8);
  for (const { fits, tokens } of prompts) expect(fits && tokens <= 2_000).toBe(true);
});

test('whatever the budget and the conversation, it fits where it does without', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat({ max: 400 }), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 0, max: 3_000 }),
      (lengths, budget) => {
        const messages: Message[] = [...talk(lengths), { role: 'user', content: 'And now?' }];
        const without = intelligentTruncateMessages(messages, budget, { count });
        expect(told(messages, budget).fits).toBe(without.fits);
      },
    ),
    fromSeed('earlier cuts'),
  );
});
