// Choices by chance, and how what is well formed becomes what is not.
export type Random = () => number;

export function pick<Value>(random: Random, values: readonly Value[]): Value {
  const value = values[Math.floor(random() * values.length)];
  if (value === undefined && values.length === 0) throw new Error('there is nothing to pick from');
  return value as Value;
}

export const below = (random: Random, limit: number) => Math.floor(random() * limit);
export const chance = (random: Random, share: number) => random() < share;

const oddBytes = [
  '\n',
  '\r\n',
  '\n\n',
  '\0',
  '"',
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  '\\',
  'null',
  '1e999',
  'data: ',
  'event: ',
]
  .map(text => Buffer.from(text))
  .concat([Buffer.from([0xff]), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('[DONE]'), Buffer.from('😀')]);

/** A few bytes changed, left out, put in or said twice; or the end is missing. */
export function garble(random: Random, bytes: Buffer): Buffer {
  let garbled = bytes;
  for (let edits = 1 + below(random, 4); edits > 0; edits -= 1) {
    const at = below(random, garbled.length + 1);
    const to = Math.min(garbled.length, at + 1 + below(random, 12));
    const [before, within, after] = [garbled.subarray(0, at), garbled.subarray(at, to), garbled.subarray(to)];
    const middle = pick(random, [
      [],
      [pick(random, oddBytes), within],
      [within, within],
      [Buffer.from([below(random, 256)])],
    ]);
    garbled = chance(random, 0.1) ? before : Buffer.concat([before, ...middle, after]);
  }
  return garbled;
}

const oddValues: readonly unknown[] = [
  ...[null, true, false, 0, -1, 0.5, 2 ** 53, 1e300, '', ' ', 'x', '0', 'null', '\0', '\ud800', '😀'],
  ...[[], {}, [null], [[]], { type: 'text' }, { '': '' }, [{}], ['x', 'x'], 'x'.repeat(300), '__proto__'],
  ...['data:image/png;base64,AAAA', 'call_0', 'assistant', { role: 'user', content: 'odd' }],
];

/** The same value with a few of its fields changed, left out, said twice or spelt otherwise. */
export function spoil(random: Random, value: unknown): unknown {
  const copy: unknown = structuredClone(value);
  for (let edits = chance(random, 0.7) ? 1 : 3; edits > 0; edits -= 1) spoilOne(random, copy);
  return copy;
}

function spoilOne(random: Random, value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  const names = Object.keys(value);
  if (names.length === 0) return;
  const name = pick(random, names);
  const inner: unknown = Reflect.get(value, name);
  if (typeof inner === 'object' && inner !== null && chance(random, 0.75)) {
    spoilOne(random, inner);
    return;
  }
  const how = random();
  if (how < 0.2) Reflect.deleteProperty(value, name);
  else if (how < 0.4 && Array.isArray(value)) value.push(inner);
  else if (how < 0.5) Reflect.set(value, pick(random, [name.toUpperCase(), `${name}s`, `_${name}`]), inner);
  else Reflect.set(value, name, pick(random, oddValues));
}
