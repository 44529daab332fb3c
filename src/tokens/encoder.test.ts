import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawFrom, pick } from '../../test/tokens/draw.ts';
import { encodePlainly, smallTokenizer } from '../../test/tokens/small-tokenizer.ts';
import { Encoder } from './encoder.ts';
import { readTokenizer } from './read-tokenizer.ts';

const tokenizer = smallTokenizer([
  ['Ġ', 'Ġ'],
  ['Ġ', 'a'],
  ['a', 'a'],
  ['aa', 'aa'],
  ['a', 'b'],
  ['b', 'b'],
  ['Ġa', 'b'],
  ['Ã', '©'],
  ['ä', '½'],
  ['ä½', 'ł'],
  ['ł', 'ä'],
  ['ð', 'Ł'],
  ['ðŁ', 'ĺ'],
  ['Ċ', 'Ċ'],
  ["'", 's'],
]);
const encoder = new Encoder(readTokenizer(tokenizer.json));

const piece = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom('a', 'b', ' ', 'aa', 'ab', 'é', 'e\u0301', '你', '\n', '7', '😀', "'s"),
  },
  fc.string({ unit: 'binary', maxLength: 2 }),
);

test('counts as the definition says', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 80 }), pieces => {
      const text = pieces.join('').toWellFormed();
      const wanted = encodePlainly(text, tokenizer).length;
      expect(encoder.count(text)).toBe(wanted);
      // The second time out of the cache.
      expect(encoder.count(text)).toBe(wanted);
      expect(encoder.encode(text)).toHaveLength(wanted);
    }),
    { numRuns: 1_000 },
  );
});

test('half a character counts as what it becomes on the wire', () => {
  expect(encoder.encode('a\ud83d b\ude00')).toEqual(encoder.encode('a\ufffd b\ufffd'));
});

test('words of any length, in blocks and in slices', async () => {
  const draw = drawFrom('lengths');
  for (const length of [47, 48, 49, 2_047, 2_048, 2_049, 20_000, 100_000]) {
    const word = Array.from({ length }, () => pick(draw, ['a', 'b'])).join('');
    const text = `aa ${word} ab ${word}\n你${word}`;
    const count = encoder.count(text);
    expect(count).toBe(encoder.encode(text).length);
    expect(await encoder.countSliced(text)).toBe(count);
  }
});

test('counts add up at special tokens, and only special tokens are borders', () => {
  const special = { specialTokens: true };
  expect(encoder.encode('<END>', special)).toEqual([1]);
  // The longer one wins.
  expect(encoder.encode('a<END><END>a<END>', special)).toEqual([
    ...encoder.encode('a'),
    2,
    ...encoder.encode('a'),
    1,
  ]);
  expect(encoder.count('a<END>a', special)).toBe(3);
  expect(encoder.count('aa')).toBe(1);
  // Text of a message is never one.
  expect(encoder.count('<END>')).toBe(5);
});

test('slices of several texts do not disturb each other', async () => {
  const texts = ['a'.repeat(50_000), 'ab '.repeat(30_000), '你'.repeat(20_000), 'e\u0301'.repeat(20_000)];
  const sliced = await Promise.all(texts.map(text => encoder.countSliced(text, { sliceMs: 0 })));
  expect(sliced).toEqual(texts.map(text => encoder.count(text)));
});

test('others get their turn between slices', async () => {
  let turns = 0;
  let isDone = false;
  const counting = encoder.countSliced('a'.repeat(150_000), { sliceMs: 0 }).finally(() => {
    isDone = true;
  });
  while (!isDone) {
    turns += 1;
    await setImmediate();
  }
  await counting;
  expect(turns).toBeGreaterThan(10);
});

test('slices end where nobody wants the count any more', async () => {
  const stop = new AbortController();
  const counting = encoder.countSliced('a'.repeat(150_000), { sliceMs: 0, signal: stop.signal });
  stop.abort();
  await expect(counting).rejects.toThrow(/abort/i);
});
