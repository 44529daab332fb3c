import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { isSameArguments, ParseRoom } from './same-arguments.ts';

const nested = (depth: number, value: string) => `${'{"a":'.repeat(depth)}${value}${'}'.repeat(depth)}`;

describe('by either rule', () => {
  test.each([
    ['{"a":1}', '{"a":1}', true],
    ['{"a":1,"b":[1,{"c":"x"}]}', '{ "b": [1, {"c": "x"}], "a": 1 }', true],
    ['{"a":1,"b":null}', '{"a":1}', true],
    ['{"a":1}', '{"a":1,"b":null}', true],
    ['{"a":{"b":null,"c":2}}', '{"a":{"c":2}}', true],
    ['{}', '', true],
    ['', '{}', true],
    ['null', '{}', true],
    ['{"a":null}', ' ', true],
    ['not JSON', 'not JSON', true],
    ['not JSON', ' not JSON\n', true],
    ['{"a":1}', '{"a":1.0}', true],
    ['{"a":1}', '{"a":1e0}', true],
    ['{"a":1200}', '{"a":1.2E+3}', true],
    ['{"a":-0}', '{"a":0}', true],
    ['{"a":9007199254740993}', '{"a": 9007199254740993}', true],
    ['{"a":9007199254740993}', '{"a":9007199254740993.0}', true],
    ['{"a":1000000000000000000000}', '{"a":1e21}', true],
    ['{"a":9007199254740993}', '{"a":9007199254740992}', false],
    ['{"a":0.1234567890123456789}', '{"a":0.1234567890123456788}', false],
    ['{"a":1e400}', '{"a":2e400}', false],
    ['{"a":"\\u00e9"}', '{"a":"é"}', true],
    ['{"a":"\\/"}', '{"a":"/"}', true],
    ['{"a":"\\ud83d"}', '{"a":"\\ude00"}', false],
    ['{"a":1}', '{"a":2}', false],
    ['{"a":"x"}', '{"a":"X"}', false],
    ['{"a":[1,2]}', '{"a":[1]}', false],
    ['{"a":[1,2]}', '{"a":[2,1]}', false],
    ['{"a":[null,1]}', '{"a":[1]}', false],
    ['{"a":[]}', '{"a":{}}', false],
    ['{"a":1}', 'not JSON', false],
    ['not JSON', 'no JSON', false],
    ['not JSON', '{"a":1}', false],
    ['[1]', '{"0":1}', false],
    ['{"__proto__":1}', '{"__proto__":2}', false],
    ['{"a":{"b":1}}', '{"a":{"b":2}}', false],
    ['{"a":[{"b":1}]}', '{"a":[{"b":2}]}', false],
    ['{"a":"{\\"b\\":1}"}', '{"a":"{ \\"b\\": 1 }"}', 'own'],
    ['{"a":"{\\"b\\":1}"}', '{"a":"{\\"b\\":1,\\"c\\":2}"}', false],
  ])('%s, sent as %s: %j', (stored, sent, expected) => {
    expect(isSameArguments(stored, sent, 'own')).toBe(expected !== false);
    expect(isSameArguments(stored, sent, 'foreign')).toBe(expected === true);
  });
});

describe('an id that we gave out: only another value of a key is an edit', () => {
  test.each([
    ['{"a":1,"b":2}', '{"a":1}', true],
    ['{"a":1}', '{"a":1,"b":2}', true],
    ['{"a":1}', '{}', true],
    ['{"a":{"b":1}}', '{"a":{"c":1}}', true],
    ['{"a":1}', '{"toString":1}', true],
    ['{"a":"5"}', '{"a":5}', true],
    ['{"a":5}', '{"a":"5"}', true],
    ['{"a":"5.0"}', '{"a":5}', true],
    ['{"a":"9007199254740993"}', '{"a":9007199254740993}', true],
    ['{"a":"9007199254740993"}', '{"a":9007199254740992}', false],
    ['{"a":"5"}', '{"a":6}', false],
    ['{"a":""}', '{"a":0}', false],
    ['{"a":"true"}', '{"a":true}', true],
    ['{"a":"True"}', '{"a":true}', true],
    ['{"a":"false"}', '{"a":true}', false],
    ['{"a":1}', '{"a":true}', false],
    ['{"a":"{\\"b\\":1}"}', '{"a":{"b":1}}', true],
    ['{"a":["x"]}', '{"a":"[\\"x\\"]"}', true],
    ['{"a":"[1"}', '{"a":[1]}', false],
    ['"{\\"a\\":1}"', '{"a":1}', true],
    ['{"a":[{"b":1,"c":null}]}', '{"a":[{"b":"1"}]}', true],
    // Cohere is told {} in its place.
    ['{"a":', '{}', true],
    ['{"a":', '{"a":1}', false],
  ])('%s, sent as %s: %j', (stored, sent, expected) => {
    expect(isSameArguments(stored, sent, 'own')).toBe(expected);
    // Any other id proves nothing.
    expect(isSameArguments(stored, sent, 'foreign')).toBe(false);
  });
});

test('what nests deeper than any client does is the same only to the letter', () => {
  for (const rule of ['own', 'foreign'] as const) {
    expect(isSameArguments(nested(150, '1'), nested(150, ' 1'), rule)).toBe(true);
    for (const depth of [1_000, 200_000]) {
      expect(isSameArguments(nested(depth, '1'), nested(depth, '1'), rule)).toBe(true);
      expect(isSameArguments(nested(depth, '1'), nested(depth, ' 1'), rule)).toBe(false);
      const digits = '1'.repeat(20);
      expect(isSameArguments(nested(depth, digits), nested(depth, ` ${digits}`), rule)).toBe(false);
    }
  }
});

test('a number of many digits costs no more than reading it', () => {
  const zeros = '0'.repeat(1_000_000);
  expect(isSameArguments(`{"a":1${zeros}1}`, `{"a": 1${zeros}1}`, 'own')).toBe(true);
  expect(isSameArguments(`{"a":1${zeros}1}`, `{"a": 1${zeros}2}`, 'own')).toBe(false);
});

// What is parsed says what it costs, whatever the machine does beside it.
test.each([
  ['arrays', `[${'[],'.repeat(400_000)}0]`],
  ['keys', `{${Array.from({ length: 100_000 }, (_, at) => `"${at}":0`).join(',')}}`],
  ['a number that needs its digits', `{"n":1e400,"a":[${'0,'.repeat(400_000)}0]}`],
  ['a text of more than a megabyte', `{"a":"${'x'.repeat(2_000_000)}"}`],
])('[XF1] %s: too much to be parsed is the same only to the letter', (_, text) => {
  const parse = vi.spyOn(JSON, 'parse');
  onTestFinished(() => parse.mockRestore());
  for (const rule of ['own', 'foreign'] as const) {
    expect(isSameArguments(text, text, rule)).toBe(true);
    expect(isSameArguments(text, ` ${text}`, rule)).toBe(false);
  }
  expect(parse).not.toHaveBeenCalled();
});

test('[XF1] texts within texts are parsed as far as there is room for them', () => {
  const parse = vi.spyOn(JSON, 'parse');
  onTestFinished(() => parse.mockRestore());
  const inner = JSON.stringify(`[${'[],'.repeat(2_000)}0]`);
  const outer = (space: string) =>
    `{"a":${space}[${`${inner},`.repeat(50)}0]}`.replaceAll('[]', `[${space}]`);
  expect(isSameArguments(outer(''), outer(' '), 'own')).toBe(false);
  expect(parse.mock.calls.length).toBeLessThan(20);
});

test('[XF1] all the calls of a message share one room', () => {
  const room = new ParseRoom();
  const text = `[${'0,'.repeat(5_000)}0]`;
  const same = Array.from({ length: 10 }, () => isSameArguments(text, ` ${text}`, 'own', room));
  expect(same.filter(Boolean).length).toBe(2);
  room.refill();
  expect(isSameArguments(text, ` ${text}`, 'own', room)).toBe(true);
});
