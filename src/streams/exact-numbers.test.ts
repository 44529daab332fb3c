// Which numbers are kept as they are written: all that JavaScript would write otherwise, up to two limits.
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromSeed } from '../../test/properties/from-seed.ts';
import { isMessage } from '../conversation/is-message.ts';
import { defaultLimits, exactNumbers } from '../limits.ts';
import { readMessages } from '../store/stored-text.ts';
import { parseExact, readJson, readSmallJson } from './read-json.ts';

const ways: [string, (text: string) => unknown][] = [
  ['at once', text => readSmallJson(Buffer.from(text), defaultLimits)],
  ['with pauses', text => readJson(Buffer.from(text), defaultLimits)],
  ['stored', parseExact],
];
const { count, characters } = exactNumbers;

test.each(ways)('[XC5] the first 5,000 of a text: %s', async (_, read) => {
  const list = (numbers: number, last: string) => `{"data":[${'1.10,'.repeat(numbers)}0.5,${last}]}`;
  expect(JSON.stringify(await read(list(count - 1, '1.0')))).toBe(list(count - 1, '1.0'));
  expect(JSON.stringify(await read(list(count, '1.0')))).toBe(list(count, '1'));
});

test.each(ways)('[XC5] up to 1,000 characters: %s', async (_, read) => {
  const digits = (length: number) => `{"data":[${'7'.repeat(length)}]}`;
  expect(JSON.stringify(await read(digits(characters)))).toBe(digits(characters));
  expect(JSON.stringify(await read(digits(characters + 1)))).toBe('{"data":[null]}');
});

const digit = fc.constantFrom(...'0001234567899');
const digits = fc.string({ unit: digit, minLength: 1, maxLength: 20 });
const number = fc
  .tuple(
    fc.constantFrom('', '', '-'),
    digits.map(text => text.replace(/^0+(?=.)/, '')),
    fc.oneof(
      fc.constant(''),
      digits.map(text => `.${text}`),
    ),
    fc.constantFrom('', '', '', 'e0', 'E5', 'e-7', 'e+21', 'e400'),
  )
  .map(parts => parts.join(''));

test.each(ways)('[XC5] any number comes back as it is written: %s', async (name, read) => {
  const same = async (numbers: readonly string[]) => {
    const text = `{"data":[${numbers.join(',')}]}`;
    expect(JSON.stringify(await read(text))).toBe(text);
  };
  await fc.assert(fc.asyncProperty(fc.array(number), same), fromSeed(`exact numbers ${name}`, 300));
  await same(['0.000001', '0.0000001', '0.000000123456789', '123456789012345', '0.1', '-0.5', '10', '100.5']);
});

test('[XC5] a long stored text is read in steps: others have their turn', async () => {
  const text = JSON.stringify({
    role: 'assistant',
    content: 'x',
    citations: [{ start: 0, end: 1, text: 'x', sources: [{ type: 'document', at: 'AT' }] }],
  }).replace('"AT"', `[${'1.10,'.repeat(145_000)}1]`);
  let turns = 0;
  let isRead = false;
  const reading = readMessages([text]).then(messages => {
    isRead = true;
    return messages;
  });
  while (!isRead) {
    await nextTurn();
    turns += 1;
  }
  const [message] = await reading;
  expect(isMessage(message)).toBe(true);
  expect(JSON.stringify(message)).toContain('[1.10,1.10');
  // A step looks at 256 KiB at most, and parsing is one of its own.
  expect(turns).toBeGreaterThan(text.length / (256 * 1024) + 1);
});
