import { expect, test } from 'vitest';
import { parseProxyKeys } from './proxy-keys.ts';

const keyA = 'canary-aaaaaaaaaaaaaaaa';
const keyB = 'canary-bbbbbbbbbbbbbbbb';

test('a name, a space or comma, a key; comments and empty lines between', () => {
  const text = `\uFEFF# the team\r\n\r\nada ${keyA}  # laptop\n\tgrace.h-1_x ,\t${keyB}\n`;
  expect(parseProxyKeys(text)).toEqual({
    keys: [
      { name: 'ada', key: keyA },
      { name: 'grace.h-1_x', key: keyB },
    ],
    problems: [],
  });
});

const keysUpTo = (count: number) =>
  Array.from({ length: count }, (_, index) => `ada canary-${String(index).padStart(16, '0')}\n`).join('');

test('XF9 as many keys as each request may be compared with', () => {
  const { keys, problems } = parseProxyKeys(keysUpTo(10_000));
  expect([keys.length, problems]).toEqual([10_000, []]);
});

test('a comment may hold what some take for the end of a line', () => {
  expect(parseProxyKeys(`ada ${keyA} # a\u2028b # c\nada ${keyB}`)).toMatchObject({
    keys: [{ key: keyA }, { key: keyB }],
    problems: [],
  });
});

test('A9 one owner may have two keys', () => {
  expect(parseProxyKeys(`ada ${keyA}\nada ${keyB}`).keys).toHaveLength(2);
});

test('a key may hold what is special elsewhere', () => {
  expect(parseProxyKeys('ada,a#b,c:d=e;f"g\'h/i+j').keys).toEqual([
    { name: 'ada', key: 'a#b,c:d=e;f"g\'h/i+j' },
  ]);
});

test.each([
  ['', ['holds no key']],
  ['# only a comment', ['holds no key']],
  [keyA, ['line 1: must be a name, a space or a comma, and a key']],
  [`ada ${keyA} ${keyB}`, ['line 1: must be a name, a space or a comma, and a key']],
  [`\n,${keyA}`, ['line 2: must be a name, a space or a comma, and a key']],
  [`ada/b ${keyA}`, ['line 1: the name must be 1 to 64 letters, digits, dots, hyphens or underscores']],
  [
    `${'a'.repeat(65)} ${keyA}`,
    ['line 1: the name must be 1 to 64 letters, digits, dots, hyphens or underscores'],
  ],
  [`offline ${keyA}`, ['line 1: the name must not be offline, which stands for the offline Cohere']],
  ['ada canary-890123456', []],
  ['ada canary-89012345', ['line 1: the key must have 16 to 512 characters']],
  [`ada canary${'x'.repeat(507)}`, ['line 1: the key must have 16 to 512 characters']],
  [`ada ${keyA}ß`, ['line 1: the key must be visible ASCII characters without spaces']],
  [`ada ${keyA}\ngrace ${keyA}`, ['line 2: holds the same key as line 1']],
  [
    'x\n'.repeat(30),
    [
      ...Array.from(
        { length: 20 },
        (_, index) => `line ${index + 1}: must be a name, a space or a comma, and a key`,
      ),
      'line 21 and those after it were not looked at',
    ],
  ],
  [`${keysUpTo(10_001)}x\n`, ['holds more than 10000 keys']],
])('case %#: problems name the line and never the key', (text, problems) => {
  expect(parseProxyKeys(text).problems).toEqual(problems);
  expect(parseProxyKeys(text).problems.join()).not.toContain('canary');
});
