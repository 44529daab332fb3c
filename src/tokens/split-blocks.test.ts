import { expect, test } from 'vitest';
import { drawFrom, pick } from '../../test/tokens/draw.ts';
import { splitByPattern } from '../../test/tokens/small-tokenizer.ts';
import { blockEnd, longestBlock, usualBlock } from './split-blocks.ts';

function blocksOf(text: string): string[] {
  const blocks: string[] = [];
  for (let start = 0; start < text.length; ) {
    const end = blockEnd(text, start);
    blocks.push(text.slice(start, end));
    start = end;
  }
  return blocks;
}

test('a short text is one block', () => {
  expect(blocksOf('x'.repeat(usualBlock))).toHaveLength(1);
});

const alphabets = {
  words: ['word', ' ', '  ', '\n', "'s", "'", '7', '!', ', '],
  'no spaces': ['你', '好', '，', '。', '！', 'か', 'ﾞ', '\u3099'],
  marks: ['e', '\u0301', '\u0316', ' ', '\u1100', '\u1161', '\u11a8', '가', '\u212b', '\u0340'],
  halves: ['😀', '\ud83d', '\ude00', 'a', ' '],
};

test.each(Object.entries(alphabets))(
  'blocks of %s have the words and the NFC of the whole',
  (name, alphabet) => {
    const draw = drawFrom(name);
    for (let round = 0; round < 5; round += 1) {
      const text = Array.from({ length: 3 * usualBlock }, () => pick(draw, alphabet)).join('');
      const blocks = blocksOf(text);
      expect(blocks.length).toBeGreaterThan(2);
      expect(blocks.join('')).toBe(text);
      const words = blocks.flatMap(block => splitByPattern(block.normalize()));
      expect(words.join('|') === splitByPattern(text.normalize()).join('|')).toBe(true);
    }
  },
);

test('a text without a border is cut at last, between characters', () => {
  const text = `a${'😀'.repeat(longestBlock)}`;
  const blocks = blocksOf(text);
  expect(blocks[0]).toHaveLength(longestBlock - 1);
  expect(blocks.every(block => block.isWellFormed())).toBe(true);
  expect(blocksOf('\u{1d165}'.repeat(longestBlock)).every(block => block.isWellFormed())).toBe(true);
});

test('80,000 of a character stay one block, combining marks but half of that', () => {
  for (const character of ['a', '你', ' ', '\n', '😀'])
    expect(blocksOf(character.repeat(80_000))).toHaveLength(1);
  expect(blocksOf('\u0301'.repeat(80_000))).toHaveLength(2);
});
