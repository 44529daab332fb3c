import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromSeed } from '../../test/properties/from-seed.ts';
import { ProxyError } from '../conversation/errors.ts';
import { JsonScan } from '../conversation/scan-json.ts';
import { readJson } from './read-json.ts';

const limits = { jsonDepth: 64, jsonValues: 1_000, jsonKeys: 300, textBytes: 1024 * 1024 };
const MiB = 1024 * 1024;

function scan(text: string, longFrom = Number.POSITIVE_INFINITY) {
  const scanned = new JsonScan(Buffer.from(text), { ...limits, textBytes: 100 * MiB }, longFrom);
  let steps = 1;
  while (!scanned.step()) steps += 1;
  return { steps, longStrings: scanned.longStrings };
}

test.each([
  ['[XF1] arrays', (count: number) => `[${'[],'.repeat(count - 2)}0]`],
  ['[XF1] zeros', (count: number) => `[${'0,'.repeat(count - 2)}0]`],
  ['[XF1] objects', (count: number) => `[${'{},'.repeat(count - 2)}0]`],
  ['[XF1] keys', (count: number) => `{${'"a":0,'.repeat(count - 2)}"b":0}`],
])('%s are counted before they are parsed', (_, write) => {
  expect(() => scan(write(1_000))).not.toThrow();
  expect(() => scan(write(1_001))).toThrow(/more than 1000 JSON values/);
});

test('[XF1] different keys are counted, wherever they stand; the same one counts once', () => {
  const write = (count: number, name = 'key') =>
    JSON.stringify(Array.from({ length: count }, (_, at) => ({ [`${name} ${at}`]: 0 })));
  expect(() => scan(write(290))).not.toThrow();
  // A few may count as one.
  expect(() => scan(write(330))).toThrow(/more than 300 different keys/);
  expect(() => scan(`[${write(160)},${write(170, 'other')}]`)).toThrow(/keys/);
  expect(() => scan(`[${write(240)},${write(240)}]`)).not.toThrow();
});

test('commas and brackets in texts are no values', () => {
  expect(() => scan(JSON.stringify({ a: '[],{},'.repeat(1_000), '"\\': ',,"' }))).not.toThrow();
});

// What takes how many steps says how long the loop is kept, whatever the machine does beside it.
test.each([
  ['white space', (bytes: number) => ' '.repeat(bytes)],
  ['numbers', (bytes: number) => '7 '.repeat(bytes / 2)],
  ['quotes', (bytes: number) => '"'.repeat(bytes)],
  ['escaped quotes', (bytes: number) => `"${'\\"'.repeat(bytes / 2)}"`],
])('[XF1] 8 MiB of %s are looked at in at least 8 steps, and 16 MiB in about twice as many', (_, write) => {
  const [once, twice] = [scan(write(8 * MiB)).steps, scan(write(16 * MiB)).steps];
  expect(once).toBeGreaterThanOrEqual(8);
  expect(twice / once).toBeGreaterThan(1.8);
  expect(twice / once).toBeLessThan(2.2);
});

test('a text without a quote is passed over in one jump', () => {
  expect(scan(`"${'a'.repeat(8 * MiB)}"`).steps).toBe(1);
});

test('long strings are found, their quotes included; long keys are refused', () => {
  const text = `{"a":"${'x'.repeat(50)}","b":["${'\\"'.repeat(30)}","short"]}`;
  const { longStrings } = scan(text, 40);
  expect(longStrings.map(({ start, end }) => text.slice(start, end))).toEqual([
    `"${'x'.repeat(50)}"`,
    `"${'\\"'.repeat(30)}"`,
  ]);
  expect(() => scan(`{"${'k'.repeat(50)}" : 1}`, 40)).toThrow(/a key that is too long/);
});

const long = 300 * 1024;
const texts = fc.constantFrom(
  'a'.repeat(long),
  '"\\\n\u0001'.repeat(long / 4),
  '漢🌊'.repeat(long / 4),
  '\ud83c'.repeat(long / 8),
  '',
  'short',
);
const values = fc.letrec(tie => ({
  value: fc.oneof(
    { maxDepth: 3 },
    texts,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', '__proto__', '0'), tie('value'), { maxKeys: 3 }),
  ),
})).value;

test('[XF1] a large body is read as JSON.parse reads it, whatever long texts it holds', async () => {
  await fc.assert(
    fc.asyncProperty(values, async value => {
      const text = JSON.stringify({ pad: 'x'.repeat(70_000), value });
      const wide = { ...limits, textBytes: 8 * MiB };
      expect(await readJson(Buffer.from(text), wide)).toEqual(JSON.parse(text));
    }),
    { ...fromSeed('long texts'), numRuns: 40 },
  );
});

test.each([
  ['a control character', `{"a":"${'x'.repeat(long)}\u0001"}`, 'invalid_json'],
  ['a broken escape', `{"a":"${'x'.repeat(long)}\\q"}`, 'invalid_json'],
  ['a string that does not end', `{"a":"${'x'.repeat(long)}`, 'invalid_json'],
  ['something behind it', `{"a":"${'x'.repeat(long)}"]`, 'invalid_json'],
  ['a text above the limit', `{"a":"é${'x'.repeat(2 * MiB)}"}`, 'string_above_max_length'],
])('[XF1] a long text with %s is refused', async (_, body, code) => {
  const error: unknown = await readJson(Buffer.from(body), limits).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ProxyError);
  expect(error).toMatchObject({ code, status: 400 });
});

test('an image in base64 may be as long as the body', async () => {
  const url = `data:image/png;base64,${'iVBORw0KGgo+/='.repeat(200_000)}`;
  expect(await readJson(Buffer.from(JSON.stringify({ url })), limits)).toEqual({ url });
});
