// JSON that is legal and means harm, of about so many bytes.
export interface Text {
  readonly name: string;
  readonly make: (bytes: number) => string;
}

const repeat = (unit: string, bytes: number) => unit.repeat(Math.max(1, Math.floor(bytes / unit.length)));
const list = (unit: string, bytes: number) => `[${repeat(`${unit},`, bytes)}${unit}]`;
const text = (unit: string, bytes: number) =>
  `"${repeat(unit, bytes / (Buffer.byteLength(unit) / unit.length))}"`;
const keys = (bytes: number, write: (at: number) => string) => {
  const written: string[] = [];
  let length = 0;
  for (let at = 0; length < bytes; at += 1) {
    const key = write(at);
    length += key.length + 1;
    written.push(key);
  }
  return `{${written.join(',')}}`;
};

export interface Sized extends Text {
  /** Shares of the size limit of a body. What is counted is refused early: it is tried with as much as is let through. */
  readonly sizes: readonly number[];
}

export const numbers: readonly Sized[] = [
  { name: 'digits', sizes: [1], make: bytes => repeat('7', bytes) },
  { name: 'fraction', sizes: [0.03], make: bytes => `0.${repeat('3', bytes)}` },
];

export const strings: readonly Sized[] = [
  { name: 'letters', sizes: [1, 0.05], make: bytes => text('a', bytes) },
  { name: 'escapes', sizes: [1], make: bytes => text('\\"', bytes) },
  { name: 'one of them Han', sizes: [1], make: bytes => `"漢${repeat('a', bytes)}"` },
];

const counted = [0.02];

export const arrays: readonly Sized[] = [
  { name: 'zeros', sizes: [1, 0.005], make: bytes => list('0', bytes) },
  { name: 'arrays', sizes: counted, make: bytes => list('[]', bytes / 3) },
  { name: 'objects', sizes: counted, make: bytes => list('{}', bytes / 3) },
  { name: 'empty strings', sizes: counted, make: bytes => list('""', bytes / 2) },
  { name: 'strings', sizes: counted, make: bytes => list('"abc"', bytes) },
  {
    name: 'objects with a key each',
    sizes: [0.025],
    make: bytes => `[${keys(bytes, at => `{"k${at}":0}`).slice(1, -1)}]`,
  },
];

export const objects: readonly Sized[] = [
  { name: 'keys', sizes: [1, 0.04], make: bytes => keys(bytes, at => `"k${at}":0`) },
  {
    name: 'numbered keys',
    sizes: [0.06],
    make: bytes => keys(bytes, at => `"${(at * 7919) % 4294967291}":0`),
  },
  { name: 'a long key', sizes: [1], make: bytes => `{${text('k', bytes)}:0}` },
  {
    name: 'one long text',
    sizes: [1, 0.05],
    make: bytes => `{"type":"object","description":${text('a', bytes)}}`,
  },
];
