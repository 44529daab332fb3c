// Whether the arguments of a call that a client sends are those that are stored. Two rules:
//
// - `own`: this proxy gave the call's id out, so the call is this one, parsed and written anew. Clients drop keys that
//   are null or unknown to them, add defaults, and coerce types. Only a key that both hold with another value says that
//   somebody edited the call: null is absent, a scalar is compared by its text, a string of JSON is that JSON.
// - `foreign`: clients repeat such ids from one conversation to the next, so the arguments have to be equal, but for
//   nulls and spelling.
import { weighWritten } from './written-json.ts';

export type ArgumentRule = 'own' | 'foreign';

export function isSameArguments(
  stored: string,
  sent: string,
  rule: ArgumentRule,
  room = new ParseRoom(),
): boolean {
  if (stored === sent) return true;
  if (stored.length > longest || sent.length > longest) return false;
  const compare = new Comparison(rule === 'own', readerOf(stored, sent), room);
  // What is too large to be parsed is the same only to the letter.
  if (!compare.hasRoomFor(stored) || !compare.hasRoomFor(sent)) return false;
  const [one, other] = [compare.read(stored), compare.read(sent)];
  // Cohere is told `{}` in the place of what is no JSON, so that a stored one holds no key.
  if (one === undefined) return stored.trim() === sent.trim() || (rule === 'own' && isEmpty(other));
  return other !== undefined && compare.isSame(one, other);
}

/** More digits than a double holds, or an exponent that may be too large for it. */
const needsDigits = /\d{16}|\d\.\d{15}|\d[eE][+-]?\d{3}/;

/** Characters; longer ones are not even looked through. */
const longest = 1024 * 1024;

/** No client nests deeper; what does is the same only to the letter. */
const maxDepth = 200;

/** For what is parsed to be compared without a pause. One message at a time has it, however many calls it holds. */
export class ParseRoom {
  static readonly #whole = 30_000;
  #left = ParseRoom.#whole;

  /** Work since it was last refilled, in values. */
  get taken(): number {
    return ParseRoom.#whole - this.#left;
  }

  refill(): void {
    this.#left = ParseRoom.#whole;
  }

  take(work: number): boolean {
    if (work > this.#left) return false;
    this.#left -= work;
    return true;
  }
}

/** That take as long to read. */
const charactersOfAValue = 200;

interface Reader {
  readonly parse: (text: string) => unknown;
  /** What a value costs. */
  readonly cost: number;
}

const plainReader: Reader = { parse: JSON.parse, cost: 1 };
/** @throws SyntaxError */
const digitReader: Reader = { parse: readWithDigits, cost: 6 };

function readerOf(stored: string, sent: string): Reader {
  return needsDigits.test(stored) || needsDigits.test(sent) ? digitReader : plainReader;
}

class Comparison {
  readonly #isLenient: boolean;
  readonly #reader: Reader;
  readonly #room: ParseRoom;

  constructor(isLenient: boolean, reader: Reader, room: ParseRoom) {
    this.#isLenient = isLenient;
    this.#reader = reader;
    this.#room = room;
  }

  hasRoomFor(text: string): boolean {
    const values = weighWritten(text);
    return (
      values !== undefined && this.#room.take(values * this.#reader.cost + text.length / charactersOfAValue)
    );
  }

  /** Undefined for what is no JSON. Clients write nothing, or null, where a tool takes no arguments. */
  read(text: string): unknown {
    if (text.trim() === '') return {};
    try {
      return this.#reader.parse(text) ?? {};
    } catch {
      return undefined;
    }
  }

  isSame(a: unknown, b: unknown, depth = 0): boolean {
    if (depth > maxDepth) return false;
    if (isContainer(a) && isContainer(b)) {
      if (Array.isArray(a) || Array.isArray(b)) return this.#isSameList(a, b, depth);
      return this.#isSameObject(a, b, depth);
    }
    if (!this.#isLenient) return isSameScalar(a, b);
    if (typeof a === 'string' && isContainer(b)) return this.#isText(a, b, depth);
    if (typeof b === 'string' && isContainer(a)) return this.#isText(b, a, depth);
    if (typeof a === 'string' && typeof b === 'string') return a === b || this.#isSameText(a, b);
    return isSameScalar(a, b) || isSameWritten(a, b);
  }

  #isSameList(a: unknown, b: unknown, depth: number): boolean {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, index) => this.isSame(item, b[index], depth + 1));
  }

  #isSameObject(a: Fields, b: Fields, depth: number): boolean {
    let held = 0;
    for (const [key, value] of Object.entries(a)) {
      if (value === null) continue;
      const other = Object.hasOwn(b, key) ? b[key] : null;
      if (other === null) {
        if (this.#isLenient) continue;
        return false;
      }
      held += 1;
      if (!this.isSame(value, other, depth + 1)) return false;
    }
    return this.#isLenient || held === Object.values(b).filter(value => value !== null).length;
  }

  /** Models write objects as strings, and clients parse them. */
  #isText(text: string, value: Fields, depth: number): boolean {
    const written = this.#container(text);
    return written !== undefined && this.isSame(written, value, depth + 1);
  }

  /** The content of a file may be JSON: then a key more or less is an edit. */
  #isSameText(a: string, b: string): boolean {
    const [one, other] = [this.#container(a), this.#container(b)];
    if (one === undefined || other === undefined) return false;
    return new Comparison(false, this.#reader, this.#room).isSame(one, other);
  }

  #container(text: string): Fields | undefined {
    if (!/^\s*[[{]/.test(text) || !this.hasRoomFor(text)) return undefined;
    const value = this.read(text);
    return isContainer(value) ? value : undefined;
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** A number that a double cannot hold, digit for digit. */
class ExactNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

function readWithDigits(text: string): unknown {
  return JSON.parse(text, (_key: string, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' ? new ExactNumber(canonicalNumber(context?.source ?? String(value))) : value,
  );
}

function isContainer(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !(value instanceof ExactNumber);
}

function isSameScalar(a: unknown, b: unknown): boolean {
  if (a instanceof ExactNumber) return b instanceof ExactNumber && a.text === b.text;
  return a === b;
}

/** `"5"` and 5, `"true"` and true. */
function isSameWritten(a: unknown, b: unknown): boolean {
  if (typeof a === 'string') return isWritten(a, b);
  return typeof b === 'string' && isWritten(b, a);
}

const jsonNumber = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

function isWritten(text: string, value: unknown): boolean {
  const trimmed = text.trim();
  // Python writes `True`.
  if (typeof value === 'boolean') return trimmed.toLowerCase() === String(value);
  if (!jsonNumber.test(trimmed)) return false;
  if (typeof value === 'number') return canonicalNumber(trimmed) === canonicalNumber(String(value));
  return value instanceof ExactNumber && canonicalNumber(trimmed) === value.text;
}

/** 1, 1.0 and 1e0 alike: the digits without zeros around them, and where the point stands. */
function canonicalNumber(text: string): string {
  const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e');
  const isNegative = mantissa.startsWith('-');
  const [whole = '', fraction = ''] = mantissa.replace(/^[+-]/, '').split('.');
  const digits = whole + fraction;
  let start = 0;
  let end = digits.length;
  while (start < end && digits[start] === '0') start += 1;
  while (end > start && digits[end - 1] === '0') end -= 1;
  if (start === end) return '0';
  const point = Number(exponent) - fraction.length + (digits.length - end);
  return `${isNegative ? '-' : ''}${digits.slice(start, end)}e${point}`;
}

function isEmpty(value: unknown): boolean {
  return isContainer(value) && Object.keys(value).length === 0;
}
