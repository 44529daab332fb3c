// JSON as Cohere writes it into a prompt: one line, a space after every `:` and `,` outside strings, keys in the
// order in which they were sent (documented layout).

/** @param value any JSON value; `undefined` is written as null */
export function renderJson(value: unknown): string {
  return respaceJson(JSON.stringify(value) ?? 'null');
}

/** The same for JSON text: not parsed, so that key order, repeated keys and the form of numbers stay as they are. */
export function respaceJson(json: string): string {
  const written = new Units(json.length);
  let at = 0;
  while (at < json.length) {
    const code = json.charCodeAt(at);
    if (code === quote) {
      const end = endOfString(json, at);
      // Escapes that JSON does not demand are not kept: the other side parses and writes anew.
      written.addText(plainLiteral(json.slice(at, end)));
      at = end;
      continue;
    }
    at += 1;
    if (code === space || code === lineFeed || code === carriageReturn || code === tab) continue;
    written.add(code);
    if (code === comma || code === colon) written.add(space);
  }
  return written.toString();
}

/** Where a string is put together of a million pieces, joining strings blocks for a tenth of a second. */
class Units {
  #units: Uint16Array<ArrayBuffer>;
  #length = 0;

  constructor(expected: number) {
    this.#units = new Uint16Array(expected + (expected >> 2) + 16);
  }

  add(unit: number): void {
    if (this.#length === this.#units.length) this.#grow(1);
    this.#units[this.#length] = unit;
    this.#length += 1;
  }

  addText(text: string): void {
    if (this.#length + text.length > this.#units.length) this.#grow(text.length);
    for (let at = 0; at < text.length; at += 1) this.#units[this.#length + at] = text.charCodeAt(at);
    this.#length += text.length;
  }

  toString(): string {
    return Buffer.from(this.#units.buffer, 0, this.#length * 2).toString('utf16le');
  }

  #grow(more: number): void {
    const units = new Uint16Array((this.#length + more) * 1.5 + 16);
    units.set(this.#units.subarray(0, this.#length));
    this.#units = units;
  }
}

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const space = 0x20;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const tab = 0x09;

/** The position after the closing quote; the end of the text where that is missing. */
function endOfString(json: string, open: number): number {
  let at = open + 1;
  for (;;) {
    const close = json.indexOf('"', at);
    if (close === -1) return json.length;
    let backslashes = 0;
    while (json.charCodeAt(close - 1 - backslashes) === 0x5c) backslashes += 1;
    if (backslashes % 2 === 0) return close + 1;
    at = close + 1;
  }
}

function plainLiteral(literal: string): string {
  if (!literal.includes('\\') || (!literal.includes('\\u') && !literal.includes('\\/'))) return literal;
  try {
    return JSON.stringify(JSON.parse(literal));
  } catch {
    return literal;
  }
}
