import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { growth } from '../../test/support/growth.ts';
import { estimateTokens } from './estimate.ts';

describe('the estimate', () => {
  // Counted with the vocabulary.
  it.each([
    ['English', 'The quick brown fox jumps over the lazy dog.', 10],
    ['code', 'const answer = await fetchAnswer(request.body);', 9],
    ['JSON', '{"name": "get_weather", "parameters": {"type": "object"}}', 16],
    ['numbers', '2024-11-28 16:29', 16],
    ['Chinese', '今天天气很好，我们去公园散步吧。', 9],
    ['Japanese', '今日はとても天気がいいので、公園に散歩に行きましょう。', 13],
    ['Russian', 'Сегодня прекрасная погода, давайте прогуляемся в парке.', 14],
    ['Hindi', 'आज मौसम बहुत अच्छा है', 11],
    ['emoji', '🎉🚀✅', 3],
  ])('is not below the truth for %s', (_, text, truth) => {
    const estimate = estimateTokens(text);
    expect(estimate).toBeGreaterThanOrEqual(truth);
    expect(estimate).toBeLessThanOrEqual(truth * 5);
  });

  it('counts bytes in letters as what they are', () => {
    const random = Buffer.from(
      Array.from({ length: 3000 }, (_, index) => (index * 7919 * (index + 3)) % 251),
    );
    expect(estimateTokens(random.toString('base64'))).toBeGreaterThan(2730);
    expect(estimateTokens(random.toString('hex'))).toBeGreaterThan(5000);
  });

  it('takes any text, and grows with it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), text => {
        const estimate = estimateTokens(text);
        expect(Number.isSafeInteger(estimate)).toBe(true);
        expect(estimate).toBeGreaterThanOrEqual(text === '' ? 0 : 1);
        expect(estimateTokens(text.repeat(3))).toBeGreaterThanOrEqual(estimate);
      }),
    );
    expect(estimateTokens('')).toBe(0);
    expect(estimateTokens('\ud800')).toBeGreaterThan(0);
  });

  it('is linear on hostile text', () => {
    for (const character of ['a', ' ', '漢', '0', '{', 'A', 'é', '\n'])
      expect(growth(length => estimateTokens(character.repeat(length)), 20_000, 200_000)).toBeLessThan(40);
  });
});
