import fc from 'fast-check';
import { expect, test } from 'vitest';
import { growth } from '../../test/support/growth.ts';
import { toNfc } from './normalise.ts';

/** Of many classes, some composed, some that no other passes, some beyond the BMP. */
const marks = [
  ...'\u0300\u0301\u0308\u0316\u0323\u0327\u0334\u0340\u0344\u0345\u05b0\u05b4\u0591\u064b\u0651\u093c\u094d',
  ...'\u0e38\u0f71\u0f73\u20dd\u20d2\u302a\u3099\u{1d165}\u{1d16d}\u{1e8d0}\u{1d242}\u{e0100}',
];

test('is NFC, also of runs of marks that no language has', () => {
  const run = fc.array(fc.constantFrom(...marks), { minLength: 50, maxLength: 400 });
  const text = fc.tuple(fc.constantFrom('e', 'é', 'क', ' ', '가', '\u1100\u1161'), run);
  fc.assert(
    fc.property(fc.array(text, { minLength: 3, maxLength: 12 }), pieces => {
      const whole = 'x'.repeat(1_000) + pieces.map(([base, after]) => base + after.join('')).join('');
      expect(toNfc(whole) === whole.normalize()).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test('marks in the worst order take no more than a moment', () => {
  // ICU alone takes a hundred times as long for ten times as much: 12 seconds for this.
  expect(growth(count => toNfc('\u0301\u0316'.repeat(count)), 4_000, 40_000)).toBeLessThan(35);
  const sorted = toNfc('\u0301\u0316'.repeat(40_000));
  expect(sorted === '\u0316'.repeat(40_000) + '\u0301'.repeat(40_000)).toBe(true);
});
