// The bytes of a body → value. JSON.parse cannot pause: it takes a million levels of nesting, makes objects of 32 MiB of `[],`
// for seconds, and decodes 32 MiB of escapes for a tenth of one. So depth and number of values are looked at first, long
// strings are read one by one, and others have their turn in between. Bad UTF-8 is refused, not replaced.
import { isAscii, isUtf8 } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { setImmediate as otherWork } from 'node:timers/promises';
import { OddNumber, putBack } from '../conversation/exact-numbers.ts';
import {
  type JsonLimits,
  JsonScan,
  type RefuseJson,
  refuseBody,
  type Stretch,
  tooLong,
} from '../conversation/scan-json.ts';
import { exactNumbers } from '../limits.ts';

export type { JsonLimits } from '../conversation/scan-json.ts';

/** Up to this size all is done at once: it takes less than a millisecond. */
export const smallBody = 64 * 1024;

const longString = 256 * 1024;
/** Bytes that are decoded in one go. */
const pieceLength = 4 * 1024 * 1024;

/** @throws ProxyError 400, or what `refuse` makes */
export async function readJson(
  body: Buffer,
  limits: JsonLimits,
  refuse: RefuseJson = refuseBody,
): Promise<unknown> {
  checkText(body, refuse);
  const scan = new JsonScan(body, { ...limits, exactNumbers }, longString, refuse);
  while (!scan.step()) await otherWork();
  const { longStrings, oddNumbers } = scan;
  if (longStrings.length + oddNumbers.length === 0) {
    const text = body.toString();
    await otherWork();
    const value = parseBody(text, refuse);
    await otherWork();
    return value;
  }
  // What parses fast is parsed as a whole, with a mark in the place of each long string and each odd number.
  const mark = randomBytes(12).toString('hex');
  const value = parseBody(withMarks(body, [...longStrings, ...oddNumbers], mark), refuse);
  await otherWork();
  const taken: (string | OddNumber)[] = [];
  for (const stretch of longStrings) taken.push(await readString(body, stretch, limits, refuse));
  for (const stretch of oddNumbers) taken.push(oddNumberAt(body, stretch));
  return putBack(value, mark, taken);
}

/** The same without a pause, for bodies up to `smallBody`. */
export function readSmallJson(body: Buffer, limits: JsonLimits, refuse: RefuseJson = refuseBody): unknown {
  checkText(body, refuse);
  const scan = new JsonScan(body, { ...limits, exactNumbers }, Number.POSITIVE_INFINITY, refuse);
  while (!scan.step());
  const { oddNumbers } = scan;
  if (oddNumbers.length === 0) return parseBody(body.toString(), refuse);
  const mark = randomBytes(12).toString('hex');
  const value = parseBody(withMarks(body, oddNumbers, mark), refuse);
  return putBack(
    value,
    mark,
    oddNumbers.map(stretch => oddNumberAt(body, stretch)),
  );
}

/** Keys of ours and of Cohere's below which numbers stay as they are written. */
const holdsKept = /"(?:sources|data|parameters|arguments)":\s?[[{]/;
const unlimited: JsonLimits = {
  jsonDepth: Number.POSITIVE_INFINITY,
  jsonValues: Number.POSITIVE_INFINITY,
  jsonKeys: Number.POSITIVE_INFINITY,
  textBytes: Number.POSITIVE_INFINITY,
  scalarBytes: Number.POSITIVE_INFINITY,
  exactNumbers,
};

/** A text that was looked at before: an event of Cohere's, or what was stored. @throws SyntaxError */
export function parseExact(text: string): unknown {
  if (!holdsKept.test(text)) return JSON.parse(text);
  const body = Buffer.from(text);
  const scan = new JsonScan(body, unlimited, Number.POSITIVE_INFINITY);
  while (!scan.step());
  const { oddNumbers } = scan;
  if (oddNumbers.length === 0) return JSON.parse(text);
  const mark = randomBytes(12).toString('hex');
  const taken = oddNumbers.map(stretch => oddNumberAt(body, stretch));
  return putBack(JSON.parse(withMarks(body, oddNumbers, mark)), mark, taken);
}

/** The same of a long one, with turns for others. @throws SyntaxError, or ProxyError */
export async function parseLongExact(text: string): Promise<unknown> {
  return holdsKept.test(text) ? readJson(Buffer.from(text), unlimited) : JSON.parse(text);
}

function oddNumberAt(body: Buffer, { start, end }: Stretch): OddNumber {
  return new OddNumber(body.toString('latin1', start, end));
}

function checkText(body: Buffer, refuse: RefuseJson): void {
  if (body.length === 0) throw refuse('is empty; expected JSON');
  if (!isUtf8(body)) throw refuse('is no valid UTF-8');
}

function parseBody(text: string, refuse: RefuseJson): unknown {
  const value = parse(text, refuse);
  if (typeof value === 'object' && value !== null && Object.hasOwn(value, '__proto__'))
    throw refuse('holds the key __proto__');
  return value;
}

function parse(text: string, refuse: RefuseJson): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refuse('is no valid JSON');
  }
}

function withMarks(body: Buffer, stretches: readonly Stretch[], mark: string): string {
  const pieces: string[] = [];
  let from = 0;
  const inOrder = [...stretches.entries()].sort(([, a], [, b]) => a.start - b.start);
  for (const [index, { start, end }] of inOrder) {
    pieces.push(body.toString('utf8', from, start), `"${mark}${index}"`);
    from = end;
  }
  pieces.push(body.toString('utf8', from));
  return pieces.join('');
}

async function readString(
  body: Buffer,
  { start, end }: Stretch,
  { textBytes }: JsonLimits,
  refuse: RefuseJson,
): Promise<string> {
  await otherWork();
  const inside = body.subarray(start + 1, end - 1);
  if (isAscii(inside) && !inside.includes(0x5c)) {
    // An image in base64: what stands there is the text. The parser is asked for what may not stand there.
    for (let at = 0; at < inside.length; at += pieceLength) {
      parse(`"${inside.toString('latin1', at, Math.min(at + pieceLength, inside.length))}"`, refuse);
      await otherWork();
    }
    return inside.toString('latin1');
  }
  if (inside.length > textBytes) throw tooLong(textBytes, refuse);
  return parse(body.toString('utf8', start, end), refuse) as string;
}
