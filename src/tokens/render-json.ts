// JSON as Cohere writes it into a prompt: one line, a space after every `:` and `,` outside strings, keys in the
// order in which they were sent (documented layout).

/** @param value any JSON value; `undefined` is written as null */
export function renderJson(value: unknown): string {
  return respaceJson(JSON.stringify(value) ?? 'null');
}

/** The same for JSON text: not parsed, so that key order, repeated keys and the form of numbers stay as they are. */
export function respaceJson(json: string): string {
  let written = '';
  let start = 0;
  let at = 0;
  while (at < json.length) {
    const code = json.charCodeAt(at);
    if (code === quote) {
      const end = endOfString(json, at);
      // Escapes that JSON does not demand are not kept: the other side parses and writes anew.
      const literal = json.slice(at, end);
      const plain = literal.includes('\\') ? plainLiteral(literal) : literal;
      if (plain !== literal) {
        written += json.slice(start, at) + plain;
        start = end;
      }
      at = end;
    } else if (code === comma || code === colon) {
      at += 1;
      written += `${json.slice(start, at)} `;
      start = at;
    } else if (code === space || code === lineFeed || code === carriageReturn || code === tab) {
      written += json.slice(start, at);
      at += 1;
      start = at;
    } else at += 1;
  }
  return written + json.slice(start);
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
  if (!literal.includes('\\u') && !literal.includes('\\/')) return literal;
  try {
    return JSON.stringify(JSON.parse(literal));
  } catch {
    return literal;
  }
}
