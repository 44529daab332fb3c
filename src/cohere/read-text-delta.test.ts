import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromSeed } from '../../test/properties/from-seed.ts';
import { readTextDelta } from './read-text-delta.ts';

const written = (text: string, index: unknown = 0) =>
  `{"type":"content-delta","index":${index},"delta":{"message":{"content":{"text":${text}}}}}`;

test.each(['" word"', '""', '"ü 漢 🎈"', '"{}[],:"', '"<|END|>"'])('reads %s', text => {
  expect(readTextDelta(written(text))).toEqual({ index: 0, text: JSON.parse(text) });
  expect(readTextDelta(written(text, 7))).toEqual({ index: 7, text: JSON.parse(text) });
});

test.each([
  written('"a\\nb"'),
  written('"a\\"b"'),
  written('"\\u0041"'),
  written('"a\u0001b"'),
  written('"a"', 10),
  written('"a"', -1),
  written('"a"', 1.5),
  written('"a"', null),
  written('null'),
  written('"a","thinking":"b"'),
  written('"a"').replace('text', 'thinking'),
  written('"a"').replace('content-delta', 'content-start'),
  `${written('"a"').slice(0, -1)},"logprobs":{"token_ids":[1],"text":"a","logprobs":[0]}}`,
  ` ${written('"a"')}`,
  '{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"}}}}',
  '',
  '[DONE]',
])('leaves %j to the parser', data => {
  expect(readTextDelta(data)).toBeUndefined();
});

test('says what the parser would say, or nothing', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 8 }),
    fc.constantFrom('"', '\\', '"}}}}', '","', '}}', '\n', '{"text":"', '\u2028'),
  );
  fc.assert(
    fc.property(fc.array(piece), fc.nat({ max: 12 }), fc.boolean(), (pieces, index, isEscaped) => {
      const text = pieces.join('');
      const data = written(isEscaped ? JSON.stringify(text) : `"${text}"`, index);
      const read = readTextDelta(data);
      if (!read) return;
      expect(JSON.parse(data)).toEqual({
        type: 'content-delta',
        index: read.index,
        delta: { message: { content: { text: read.text } } },
      });
    }),
    fromSeed('text deltas', 2_000),
  );
});
