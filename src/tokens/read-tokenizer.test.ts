import { expect, test } from 'vitest';
import { smallTokenizer } from '../../test/tokens/small-tokenizer.ts';
import { readTokenizer, UnsupportedTokenizerError } from './read-tokenizer.ts';

const good = smallTokenizer([
  ['a', 'b'],
  ['ab', 'c'],
]).json;

/** The good one with one thing set, by its path. */
function changed(path: string, value: unknown): unknown {
  const json = structuredClone(good);
  const names = path.split('.');
  const last = names.pop() ?? '';
  const place = names.reduce((object: Record<string, unknown>, name) => object[name] as never, json as never);
  place[last] = value;
  return json;
}

test('merges may be pairs, or texts with a blank between', () => {
  const older = changed('model.merges', ['a b', 'ab c']);
  expect(readTokenizer(older)).toEqual(readTokenizer(good));
});

test('two merges may make one token', () => {
  const { made } = readTokenizer(
    smallTokenizer([
      ['a', 'b'],
      ['b', 'c'],
      ['ab', 'c'],
      ['a', 'bc'],
    ]).json,
  );
  expect([...made]).toEqual([256, 257, 258, 258]);
});

test.each([
  ['', null],
  ['model.type', 'Unigram'],
  ['model.ignore_merges', true],
  ['model.byte_fallback', true],
  ['model.end_of_word_suffix', '</w>'],
  ['model.merges', [['a']]],
  ['model.merges', ['a b c']],
  ['model.merges', 'a b'],
  ['model.merges', [['b', 'c']]],
  ['model.vocab', { a: 1 }],
  ['model.vocab', { a: 'one' }],
  ['normalizer', null],
  ['normalizer.type', 'NFKC'],
  ['pre_tokenizer.type', 'ByteLevel'],
  ['pre_tokenizer.pretokenizers.0.individual_digits', false],
  ['pre_tokenizer.pretokenizers.1.add_prefix_space', true],
  ['pre_tokenizer.pretokenizers.1.use_regex', false],
  ['pre_tokenizer.pretokenizers.2', { type: 'Whitespace' }],
  ['added_tokens', null],
  ['added_tokens.0.lstrip', true],
  ['added_tokens.0.normalized', true],
])('another kind of tokenizer is refused: %s %j', (path, value) => {
  const json = path === '' ? value : changed(path, value);
  expect(() => readTokenizer(json)).toThrow(UnsupportedTokenizerError);
});
