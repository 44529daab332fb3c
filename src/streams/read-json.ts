// The bytes of a body → value. JSON.parse cannot pause: it takes a million levels of nesting, makes objects of 32 MiB of `[],`
// for seconds, and decodes 32 MiB of escapes for a tenth of one. So depth and number of values are looked at first, long
// strings are read one by one, and others have their turn in between. Bad UTF-8 is refused, not replaced.
import { isAscii, isUtf8 } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { setImmediate as otherWork } from 'node:timers/promises';
import {
  type JsonLimits,
  JsonScan,
  type RefuseJson,
  refuseBody,
  type Stretch,
  tooLong,
} from '../conversation/scan-json.ts';

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
  const scan = new JsonScan(body, limits, longString, refuse);
  while (!scan.step()) await otherWork();
  const { longStrings } = scan;
  if (longStrings.length === 0) {
    const text = body.toString();
    await otherWork();
    const value = parseBody(text, refuse);
    await otherWork();
    return value;
  }
  // What parses fast is parsed as a whole, with a mark in the place of each long string.
  const mark = randomBytes(12).toString('hex');
  const value = parseBody(withMarks(body, longStrings, mark), refuse);
  const texts: string[] = [];
  for (const stretch of longStrings) texts.push(await readString(body, stretch, limits, refuse));
  return putBack(value, mark, texts);
}

/** The same without a pause, for bodies up to `smallBody`. */
export function readSmallJson(body: Buffer, limits: JsonLimits, refuse: RefuseJson = refuseBody): unknown {
  checkText(body, refuse);
  const scan = new JsonScan(body, limits, Number.POSITIVE_INFINITY, refuse);
  while (!scan.step());
  return parseBody(body.toString(), refuse);
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

function withMarks(body: Buffer, strings: readonly Stretch[], mark: string): string {
  const pieces: string[] = [];
  let from = 0;
  for (const [index, { start, end }] of strings.entries()) {
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

/** Walks without recursion through what JSON.parse made. */
function putBack(value: unknown, mark: string, texts: readonly string[]): unknown {
  const text = (marked: unknown) =>
    typeof marked === 'string' && marked.startsWith(mark)
      ? texts[Number(marked.slice(mark.length))]
      : undefined;
  const whole = text(value);
  if (whole !== undefined) return whole;
  const containers: unknown[] = [value];
  for (let container = containers.pop(); container !== undefined; container = containers.pop()) {
    if (typeof container !== 'object' || container === null) continue;
    const fields = container as Record<string, unknown>;
    for (const key of Object.keys(fields)) {
      const inner = fields[key];
      if (typeof inner === 'object' && inner !== null) containers.push(inner);
      else {
        const long = text(inner);
        if (long !== undefined) fields[key] = long;
      }
    }
  }
  return value;
}
