import { expect, test } from 'vitest';
import { smallTokenizer } from '../../test/tokens/small-tokenizer.ts';
import { readTokenizer } from './read-tokenizer.ts';
import { readVocabulary, writeVocabulary } from './vocabulary-file.ts';

const { json } = smallTokenizer([
  ['a', 'b'],
  ['ab', 'ab'],
]);
const vocabulary = readTokenizer(json);
const bytes = writeVocabulary(vocabulary, 'a source');

test('what was written is read', () => {
  expect(readVocabulary(bytes, 'a source')).toEqual(vocabulary);
});

test('wherever in memory it lies', () => {
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  expect(readVocabulary(shifted.subarray(3), 'a source')).toEqual(vocabulary);
});

test("another source's file is not taken", () => {
  expect(readVocabulary(bytes, 'another source')).toBeUndefined();
});

test('damage at any byte is found', () => {
  for (let at = 0; at < bytes.length; at += 1) {
    const damaged = bytes.slice();
    damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
    expect(readVocabulary(damaged, 'a source'), `byte ${at}`).toBeUndefined();
  }
});

test('half a file, a longer one, an empty one and another kind of file are not taken', () => {
  for (const length of [0, 3, 8, 40, 44, bytes.length / 2, bytes.length - 4, bytes.length - 1])
    expect(readVocabulary(bytes.subarray(0, length), 'a source'), `${length} bytes`).toBeUndefined();
  expect(readVocabulary(Buffer.concat([bytes, bytes]), 'a source')).toBeUndefined();
  expect(readVocabulary(new Uint8Array(bytes.length), 'a source')).toBeUndefined();
  expect(readVocabulary(Buffer.from(JSON.stringify(json)), 'a source')).toBeUndefined();
});
