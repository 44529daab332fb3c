import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromSeed } from '../../test/properties/from-seed.ts';
import { ProxyError } from '../conversation/errors.ts';
import { readSmallJson } from './read-json.ts';

const read = (text: string | Uint8Array, maxDepth = 3) =>
  readSmallJson(Buffer.from(text), {
    jsonDepth: maxDepth,
    jsonValues: 1_000_000,
    jsonKeys: 1_000,
    textBytes: 1_000_000,
  });
const refusal = (text: string | Uint8Array, maxDepth = 3) => {
  try {
    read(text, maxDepth);
  } catch (error) {
    if (error instanceof ProxyError && error.code === 'invalid_json') return error.message;
    throw error;
  }
  return 'passes';
};

test.each<[string, unknown]>([
  ['{}', {}],
  [' [1] ', [1]],
  ['null', null],
  ['"é🌊"', 'é🌊'],
  ['"\\ud83c"', '\ud83c'],
  ['{"a":{"__proto__":1}}', JSON.parse('{"a":{"__proto__":1}}')],
  ['[[[]]]', [[[]]]],
])('%s', (text, value) => {
  expect(read(text)).toEqual(value);
});

test.each<[string, string | Uint8Array, RegExp]>([
  ['nothing', '', /empty/],
  ['white space', ' \n', /JSON/],
  ['half', '{"a":', /no valid JSON/],
  ['more than one', '{}{}', /no valid JSON/],
  ['a comment', '{} // yes', /no valid JSON/],
  ['a byte order mark', '\ufeff{}', /no valid JSON/],
  ['NaN', 'NaN', /no valid JSON/],
  ['UTF-16', Buffer.from('{"a":1}', 'utf16le').subarray(1), /UTF-8|JSON/],
  ['a cut character', Buffer.from('"é"').subarray(0, 2), /UTF-8/],
  ['Latin-1', Buffer.from('"\xe9"', 'latin1'), /UTF-8/],
  ['an overlong slash', Buffer.from([0x22, 0xc0, 0xaf, 0x22]), /UTF-8/],
  ['half a pair in bytes', Buffer.from([0x22, 0xed, 0xa0, 0xbc, 0x22]), /UTF-8/],
  ['__proto__', '{"__proto__":{"admin":true}}', /__proto__/],
  ['__proto__ in disguise', '{"\\u005f_proto__":1}', /__proto__/],
  ['a level too many', '[[[[]]]]', /deeper than 3/],
  ['an open level too many', '{"a":[{"b":[', /deeper than 3/],
  ['a million levels', '['.repeat(1_000_000), /deeper than 3/],
  ['an open string', '["[[[[[[', /no valid JSON/],
])('%s is refused', (_, body, message) => {
  expect(refusal(body)).toMatch(message);
});

test('no refusal repeats what was sent', () => {
  for (const body of ['{"canary', '"canary" x', '{"__proto__":"canary"}', `${'['.repeat(9)}"canary"`]) {
    expect(refusal(body)).not.toContain('canary');
  }
});

describe('brackets in strings do not count', () => {
  test.each([
    '["[[[[{{{{"]',
    '{"[[[[":"]]]]"}',
    '["\\"[[[["]',
    '["\\\\",["\\\\\\"[[["]]',
    '["\\u005b[[["]',
    '["\\\\\\\\"]',
  ])('%s', text => {
    expect(refusal(text)).toBe('passes');
  });
});

/** The depth, by walking through what JSON.parse made. */
function naiveDepth(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(naiveDepth));
}

const tricky = fc.string({ unit: fc.constantFrom('[', ']', '{', '}', '"', '\\', '🌊', 'a'), maxLength: 6 });
// No escapes in keys: Node 24's own JSON.parse at times gives such a key the name of an earlier one of the same
// shape (nodejs/node#63785).
const keys = fc.string({ unit: fc.constantFrom('[', ']', '{', '}', '🌊', 'a'), maxLength: 6 });
const values = fc.letrec(tie => ({
  value: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    fc.oneof(tricky, fc.integer(), fc.constant(null)),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(keys, tie('value'), { maxKeys: 3 }),
  ),
})).value;

test('the depth is that of a naive count, however it is written', () => {
  fc.assert(
    fc.property(
      values,
      fc.constantFrom(0, 2, '\t'),
      fc.integer({ min: 0, max: 5 }),
      (value, space, maxDepth) => {
        const text = JSON.stringify(value, null, space);
        if (naiveDepth(value) > maxDepth) expect(refusal(text, maxDepth)).toMatch(/deeper/);
        else if (!text.startsWith('{') || !Object.hasOwn(Object(value), '__proto__'))
          expect(JSON.stringify(read(text, maxDepth))).toBe(JSON.stringify(value));
      },
    ),
    fromSeed('JSON depth'),
  );
});

test('whatever the bytes are, they are read or refused as JSON', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        tricky.map(text => Buffer.from(text)),
      ),
      bytes => {
        expect(typeof refusal(bytes)).toBe('string');
      },
    ),
    fromSeed('JSON bytes'),
  );
});
