import { expect, test } from 'vitest';
import { exceedsExtent } from './json-extent.ts';

const extent = { depth: 3, values: 8 };

test.each([
  ['[[[1]]]', false],
  ['[[[[1]]]]', true],
  ['{"a":{"b":{"c":[]}}}', true],
  ['["[[[[[[", "{{{{"]', false],
  ['["\\"[[[[[["]', false],
  ['["\\\\",[[[1]]]]', true],
  ['[1,2,3,4,5,6]', false],
  ['[1,2,3,4,5,6,7,8]', true],
  ['["a,b,c,d,e,f,g,h,i,j"]', false],
  ['["never closed ,,,,,,,,,,,,,', false],
])('%s: %j', (text, exceeds) => {
  expect(exceedsExtent(text, extent)).toBe(exceeds);
});
