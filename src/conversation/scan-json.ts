// What a JSON text holds, seen from its bytes alone and in steps: how deep it is, how many values it has, and where its
// long strings are. What is no JSON is left to the parser.
import { randomInt } from 'node:crypto';
import { ProxyError } from './errors.ts';
import { isOddNumber } from './exact-numbers.ts';

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const point = 0x2e;
const zero = 0x30;

/** Work of one step, in bytes looked at: a few milliseconds. */
const stepLength = 256 * 1024;
/** What a jump to the next quote costs beside a look at one byte. */
const jumpCost = 40;

/** Bytes of a key and its value. */
const shortestField = 4;

/** Digits of a number, about: nobody writes as many. */
const longestScalar = 10_000;

/** What is too much of it: makes the error that says so. */
export type RefuseJson = (what: string, code?: 'invalid_json' | 'string_above_max_length') => ProxyError;

export const refuseBody: RefuseJson = (what, code = 'invalid_json') =>
  new ProxyError(code, `The request body ${what}.`);

export interface JsonLimits {
  /** Levels of nesting. */
  readonly jsonDepth: number;
  /** Values in one text, containers and what is in them. */
  readonly jsonValues: number;
  /** Different keys in one text: making room for a new one costs a hundred times as much as a value. */
  readonly jsonKeys: number;
  /** Bytes of one string that is more than plain ASCII without escapes. */
  readonly textBytes: number;
  /** Bytes of a number; some thousands unless something else is said. */
  readonly scalarBytes?: number;
  /** So many numbers that JavaScript would write otherwise are noted, of so many characters; none unless it is said. */
  readonly exactNumbers?: { readonly count: number; readonly characters: number };
}

/** Where a string stands, its quotes included. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

export class JsonScan {
  readonly #bytes: Buffer;
  readonly #limits: JsonLimits;
  readonly #longFrom: number;
  readonly #refuse: RefuseJson;
  readonly #long: Stretch[] = [];
  readonly #odd: Stretch[] = [];
  readonly #mostOdd: number;
  readonly #longestOdd: number;
  #at = 0;
  /** Where the string that is being looked at began. */
  #stringStart: number | undefined;
  #depth = 0;
  // A container holds one value more than it has commas, or none.
  #values: number;
  #isJustOpened = false;
  /** Bytes since the last sign, text or white space. */
  #scalarLength = 0;
  /** None where there are too few bytes for too many keys. */
  readonly #keys: KeyCount | undefined;

  /**
   * @param longFrom bytes from which a string is a long one
   * @param before what other texts held that are counted together with this one
   */
  constructor(
    bytes: Buffer,
    limits: JsonLimits,
    longFrom: number,
    refuse: RefuseJson = refuseBody,
    before?: { readonly values: number; readonly keys: KeyCount },
  ) {
    this.#bytes = bytes;
    this.#limits = limits;
    this.#longFrom = longFrom;
    this.#refuse = refuse;
    this.#mostOdd = limits.exactNumbers?.count ?? 0;
    this.#longestOdd = limits.exactNumbers?.characters ?? 0;
    this.#values = (before?.values ?? 0) + 1;
    const mayBeTooMany = bytes.length > limits.jsonKeys * shortestField;
    this.#keys = before?.keys ?? (mayBeTooMany ? new KeyCount() : undefined);
  }

  /** In their order; complete once `step` was true. */
  get longStrings(): readonly Stretch[] {
    return this.#long;
  }

  /** Numbers that JavaScript would write otherwise, in their order. */
  get oddNumbers(): readonly Stretch[] {
    return this.#odd;
  }

  /** How many were seen by now, with those before. */
  get values(): number {
    return this.#values;
  }

  /** Works for a few milliseconds at most. True: all was seen. @throws ProxyError */
  step(): boolean {
    const bytes = this.#bytes;
    const { textBytes } = this.#limits;
    let left = stepLength;
    let at = this.#at;
    while (at < bytes.length && left > 0) {
      if (this.#stringStart !== undefined) {
        // In a large body nearly all bytes are inside strings: jump from quote to quote.
        const close = bytes.indexOf(quote, at);
        if (close === -1) {
          at = bytes.length;
          break;
        }
        // That one is refused anyway, and so many backslashes are not counted.
        if (close - this.#stringStart > textBytes && bytes[close - 1] === backslash)
          throw tooLong(textBytes, this.#refuse);
        let first = close;
        while (first > at && bytes[first - 1] === backslash) first -= 1;
        left -= jumpCost + (close - first);
        at = close + 1;
        // The closing quote is the one with an even number of backslashes before it.
        if ((close - first) % 2 === 0) this.#closeString(this.#stringStart, at);
        continue;
      }
      const byte = bytes[at] ?? 0;
      this.#scalarLength += 1;
      if (
        this.#odd.length < this.#mostOdd &&
        isDigit(bytes[at - 1]) &&
        (byte <= 0x20 || byte === comma || byte === 0x5d || byte === 0x7d)
      )
        left -= this.#noteNumber(at);
      if (byte === 0x5b || byte === 0x7b) this.#open();
      else if (byte <= 0x20) this.#scalarLength = 0;
      else {
        if (byte === quote) this.#stringStart = at;
        else if (byte === comma) {
          this.#values += 1;
          this.#checkScalar();
        } else if (byte === 0x5d || byte === 0x7d) {
          this.#depth -= 1;
          this.#checkScalar();
          if (this.#isJustOpened) this.#values -= 1;
        }
        this.#isJustOpened = false;
      }
      at += 1;
      left -= 1;
    }
    this.#at = at;
    if (this.#scalarLength > stepLength) this.#checkScalar();
    const { jsonValues, jsonKeys } = this.#limits;
    if (this.#values > jsonValues) throw this.#refuse(`holds more than ${jsonValues} JSON values`);
    if (this.#keys && this.#keys.count > jsonKeys)
      throw this.#refuse(`holds more than ${jsonKeys} different keys`);
    return at >= bytes.length;
  }

  /** What stands between two signs and is no text: a number of a million digits takes its time as well. */
  #checkScalar(): void {
    if (this.#scalarLength > (this.#limits.scalarBytes ?? longestScalar))
      throw this.#refuse('holds a number that is too long');
    this.#scalarLength = 0;
  }

  /** @returns what it cost */
  #noteNumber(end: number): number {
    const bytes = this.#bytes;
    let start = end - 1;
    let isWhole = true;
    let points = 0;
    while (start > 0 && end - start <= this.#longestOdd && isOfNumber(bytes[start - 1])) {
      start -= 1;
      if (bytes[start] === point) points += 1;
      else isWhole &&= isDigit(bytes[start]);
    }
    const length = end - start;
    if (length > this.#longestOdd) return length;
    // Up to 15 digits are written as they are, but for -0, zeros in front or at the end, and exponents.
    const isShort = isWhole && length - points < 16;
    const isPlain = points === 0 || (bytes[end - 1] !== zero && !isSmall(bytes, start));
    if (isShort && points < 2 && isPlain) return length;
    let next = end;
    while ((bytes[next] ?? 0x21) <= 0x20) next += 1;
    if (bytes[next] !== colon && isOddNumber(bytes.toString('latin1', start, end)))
      this.#odd.push({ start, end });
    return length + next - end + jumpCost;
  }

  #open(): void {
    this.#scalarLength = 0;
    this.#values += 1;
    this.#isJustOpened = true;
    this.#depth += 1;
    const { jsonDepth } = this.#limits;
    if (this.#depth > jsonDepth) throw this.#refuse(`is nested deeper than ${jsonDepth} levels`);
  }

  #closeString(start: number, end: number): void {
    this.#stringStart = undefined;
    this.#scalarLength = 0;
    const isLong = end - start >= this.#longFrom;
    if (!this.#isKey(end)) {
      if (isLong) this.#long.push({ start, end });
    } else if (isLong) throw this.#refuse('holds a key that is too long');
    else this.#keys?.add(this.#bytes, start, end);
  }

  #isKey(end: number): boolean {
    let at = end;
    while (this.#bytes[at] === 0x20 || this.#bytes[at] === 0x0a) at += 1;
    return this.#bytes[at] === colon;
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

/** 0.000001 and less may be written with an exponent. */
function isSmall(bytes: Buffer, start: number): boolean {
  return bytes[start] === zero && bytes[start + 2] === zero;
}

/** Digits, signs, a point, an exponent. */
function isOfNumber(byte: number | undefined): boolean {
  return isDigit(byte) || byte === 0x2d || byte === 0x2b || byte === 0x2e || byte === 0x65 || byte === 0x45;
}

export function tooLong(textBytes: number, refuse: RefuseJson): ProxyError {
  return refuse(
    `holds a text that is too long; the longest that is taken has ${textBytes} bytes`,
    'string_above_max_length',
  );
}

const slots = 2 ** 18;
/** Nobody outside can choose keys that count as one. */
const seed = randomInt(2 ** 31);
/** Of a key, from its end: the rest only counts by its length. */
const longestLookedAt = 64;

/** About how many different keys there are: a bit for each, by its digest. A few may count as one. */
export class KeyCount {
  count = 0;
  readonly #seen = new Uint32Array(slots / 32);

  add(bytes: Buffer, start: number, end: number): void {
    let digest = seed ^ (end - start);
    for (let at = Math.max(start, end - longestLookedAt); at < end; at += 1)
      digest = Math.imul(digest ^ (bytes[at] ?? 0), 0x01000193);
    const slot = (digest ^ (digest >>> 15)) & (slots - 1);
    const word = this.#seen[slot >> 5] ?? 0;
    const bit = 1 << (slot & 31);
    if ((word & bit) !== 0) return;
    this.#seen[slot >> 5] = word | bit;
    this.count += 1;
  }
}
