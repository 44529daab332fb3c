import fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitByPattern } from '../../test/tokens/small-tokenizer.ts';
import { wordEnd } from './split-words.ts';

function split(text: string): string[] {
  const units = Uint16Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
  const words: string[] = [];
  for (let start = 0; start < units.length; ) {
    const end = wordEnd(units, start, units.length);
    words.push(text.slice(start, end));
    start = end;
  }
  return words;
}

test.each([
  ['', []],
  ['Hello world', ['Hello', ' world']],
  ["don't we'll I'd 'tis", ['don', "'t", ' we', "'ll", ' I', "'d", " '", 'tis']],
  ["DON'T", ['DON', "'", 'T']],
  ["it's'", ['it', "'s", "'"]],
  ['a  b   c', ['a', ' ', ' b', '  ', ' c']],
  ['a \n b\n', ['a', ' \n', ' b', '\n']],
  ['\tx\t\ty', ['\t', 'x', '\t', '\t', 'y']],
  ['in 2024  5', ['in', ' ', '2', '0', '2', '4', '  ', '5']],
  ['x²½٣', ['x', '²', '½', '٣']],
  ['f(x)=={};', ['f', '(', 'x', ')=={};']],
  [' !?', [' !?']],
  ['\u0085\u3000a\ufeffb', ['\u0085', '\u3000', 'a', '\ufeff', 'b']],
  ['你好，世界', ['你好', '，', '世界']],
  ['👍🏽 ok😀😀', ['👍🏽', ' ok', '😀😀']],
  ['𝒳𝟙', ['𝒳', '𝟙']],
  ['\ud800a\udc00', ['\ud800', 'a', '\udc00']],
])('%j', (text, words) => {
  expect(split(text)).toEqual(words);
});

test('as the pattern says, for any text', () => {
  const piece = fc.oneof(
    fc.constantFrom(' ', '  ', '\n', '\r\n', '\t', '\u00a0', '\u0085', '\u3000', '\ufeff'),
    fc.constantFrom("'", "'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'x"),
    fc.constantFrom('a', 'ß', 'Ж', '你', '𝒳', '7', '٣', 'Ⅷ', '𝟙', '!', '-', '\u0301', '😀', '\u{e0100}'),
    fc.string({ unit: 'binary', maxLength: 3 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), pieces => {
      const text = pieces.join('');
      expect(split(text)).toEqual(splitByPattern(text));
    }),
    { numRuns: 2_000 },
  );
});
