import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromSeed } from '../../test/properties/from-seed.ts';
import { readUsage } from './read-usage.ts';
import type { ReadUsage } from './wire.ts';

const billed = { inputTokens: 62, outputTokens: 13 };
const billed_units = { input_tokens: 62, output_tokens: 13 };

test.each<[string, ReadUsage | null | undefined, unknown]>([
  ['nothing', undefined, undefined],
  ['null', null, undefined],
  ['an empty object, as a failed answer has', {}, undefined],
  [
    'both',
    { billed_units, tokens: { input_tokens: 865, output_tokens: 57 } },
    { inputTokens: 865, outputTokens: 57, billed },
  ],
  [
    'cached tokens and images',
    {
      billed_units,
      tokens: { input_tokens: 865, output_tokens: 57, image_tokens: 256 },
      cached_tokens: 0,
    },
    { inputTokens: 865, outputTokens: 57, cachedTokens: 0, imageTokens: 256, billed },
  ],
  ['what is billed alone', { billed_units }, { ...billed, isBilledOnly: true, billed }],
  [
    'what was seen alone',
    { tokens: { input_tokens: 5, output_tokens: 1 } },
    { inputTokens: 5, outputTokens: 1, billed: {} },
  ],
  ['one figure', { tokens: { input_tokens: 5 } }, { inputTokens: 5, outputTokens: 0, billed: {} }],
  [
    'floats',
    { tokens: { input_tokens: 5.0001, output_tokens: 1.9 } },
    { inputTokens: 5, outputTokens: 2, billed: {} },
  ],
  ['nonsense', { tokens: { input_tokens: '5', output_tokens: -1 }, cached_tokens: [] }, undefined],
])('%s', (_, usage, expected) => {
  expect(readUsage(usage)).toEqual(expected);
});

test('whatever comes, every figure is a whole number from 0', () => {
  const odd = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(null, undefined, '7', {}, [], true));
  const part = fc.oneof(
    fc.record({ input_tokens: odd, output_tokens: odd, image_tokens: odd }, { requiredKeys: [] }),
    odd,
  );
  const usages = fc.oneof(
    fc.record({ billed_units: part, tokens: part, cached_tokens: odd }, { requiredKeys: [] }),
    odd,
  );
  fc.assert(
    fc.property(usages, usage => {
      const read = readUsage(usage as ReadUsage);
      if (!read) return;
      const { billed: paid, isBilledOnly: _, ...counts } = read;
      for (const count of [...Object.values(counts), ...Object.values(paid ?? {})]) {
        expect(Number.isInteger(count)).toBe(true);
        expect(count).toBeGreaterThanOrEqual(0);
      }
    }),
    fromSeed('usage'),
  );
});
