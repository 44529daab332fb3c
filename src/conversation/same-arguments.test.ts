import { expect, test } from 'vitest';
import { isSameArguments } from './same-arguments.ts';

test.each([
  ['{"a":1}', '{"a":1}', true],
  ['{"a":1,"b":[1,{"c":"x"}]}', '{ "b": [1, {"c": "x"}], "a": 1 }', true],
  ['{"a":1,"b":null}', '{"a":1}', true],
  ['{"a":{"b":null,"c":2}}', '{"a":{"c":2}}', true],
  ['{}', '', true],
  ['', '{}', true],
  ['not JSON', 'not JSON', true],
  ['{"a":1}', '{"a":2}', false],
  ['{"a":1}', '{"a":1,"b":2}', false],
  ['{"a":[1,2]}', '{"a":[1]}', false],
  ['{"a":[]}', '{"a":{}}', false],
  ['{"a":1}', 'not JSON', false],
  ['{"a":{}}', '{"a":null}', false],
  ['{"a":1}', '{"toString":1}', false],
])('%s, sent as %s: %j', (stored, sent, expected) => {
  expect(isSameArguments(stored, sent)).toBe(expected);
});
