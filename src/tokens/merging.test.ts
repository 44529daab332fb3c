import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LongMerge } from './long-merge.ts';
import { mergeWord, shortWord } from './merge-word.ts';
import { buildPairSlots, noMerge, PairTable } from './pair-table.ts';

type Merge = readonly [left: number, right: number];

/** Every merge makes a symbol of its own: 256 + rank. */
const madeBy = (merges: readonly Merge[]) => Uint32Array.from(merges, (_, rank) => 256 + rank);

/** Merges of a few bytes and of what the merges before made. */
const mergesOf = fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 40 }).map(picks => {
  const merges = new Map<string, Merge>();
  for (const [one, two] of picks) {
    const symbols = [97, 98, 99, ...Array.from({ length: merges.size }, (_, rank) => 256 + rank)];
    const merge = [symbols[one % symbols.length] ?? 97, symbols[two % symbols.length] ?? 97] as const;
    merges.set(merge.join(), merge);
  }
  return [...merges.values()];
});

function mergePlainly(word: readonly number[], merges: readonly Merge[]): number[] {
  const symbols = [...word];
  for (;;) {
    let bestAt = -1;
    let best = merges.length;
    for (let at = 0; at + 1 < symbols.length; at += 1) {
      const rank = merges.findIndex(([left, right]) => left === symbols[at] && right === symbols[at + 1]);
      if (rank >= 0 && rank < best) {
        best = rank;
        bestAt = at;
      }
    }
    if (bestAt < 0) return symbols;
    symbols.splice(bestAt, 2, 256 + best);
  }
}

test('the table knows each merge, and no other', () => {
  fc.assert(
    fc.property(mergesOf, merges => {
      const table = new PairTable(buildPairSlots(merges));
      for (const [rank, [left, right]] of merges.entries()) expect(table.rank(left, right)).toBe(rank);
      expect(table.rank(1, 2)).toBe(noMerge);
      expect(table.rank(2 ** 21 - 1, 2 ** 21 - 1)).toBe(noMerge);
    }),
  );
});

test('short and long words merge as the definition says, however the work is cut up', () => {
  const word = fc.array(fc.constantFrom(97, 98, 99), { minLength: 1, maxLength: shortWord });
  fc.assert(
    fc.property(mergesOf, word, fc.integer({ min: 1, max: 50 }), (merges, bytes, steps) => {
      const wanted = mergePlainly(bytes, merges);
      const pairs = new PairTable(buildPairSlots(merges));
      const made = madeBy(merges);

      const short = Int32Array.from(bytes);
      const left = mergeWord(short, bytes.length, pairs, made);
      expect([...short.subarray(0, left)]).toEqual(wanted);

      const long = new LongMerge(Int32Array.from(bytes), pairs, made);
      long.start(bytes.length);
      while (!long.run(steps));
      expect(long.result()).toEqual(wanted);
      expect(long.left).toBe(wanted.length);
    }),
    { numRuns: 500 },
  );
});

test('twice the word takes hardly more than twice the steps', () => {
  // a a → A, A A → B, …: every merge there can be happens.
  const merges: Merge[] = [
    [97, 97],
    ...Array.from({ length: 10 }, (_, rank): Merge => [256 + rank, 256 + rank]),
  ];
  const pairs = new PairTable(buildPairSlots(merges));
  const stepsFor = (length: number) => {
    const merge = new LongMerge(new Int32Array(length).fill(97), pairs, madeBy(merges));
    merge.start(length);
    let runs = 1;
    while (!merge.run(100)) runs += 1;
    return runs;
  };
  const ratio = stepsFor(200_000) / stepsFor(100_000);
  expect(ratio).toBeGreaterThan(1.9);
  expect(ratio).toBeLessThan(2.1);
});
