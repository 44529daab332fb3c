// Request body → value. JSON.parse takes a million levels of nesting and blocks for a second; what is made of it
// cannot even be serialised again. So depth is looked at first, and bad UTF-8 is refused, not replaced.
import { isUtf8 } from 'node:buffer';
import { ProxyError } from '../conversation/errors.ts';

export function readJson(body: Buffer, maxDepth: number): unknown {
  if (body.length === 0) throw new ProxyError('invalid_json', 'The request body is empty; expected JSON.');
  if (!isUtf8(body)) throw new ProxyError('invalid_json', 'The request body is no valid UTF-8.');
  checkDepth(body, maxDepth);
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch (cause) {
    throw new ProxyError('invalid_json', 'The request body is no valid JSON.', { cause });
  }
  if (typeof value === 'object' && value !== null && Object.hasOwn(value, '__proto__')) {
    throw new ProxyError('invalid_json', 'The request body holds the key __proto__.');
  }
  return value;
}

const quote = 0x22;
const backslash = 0x5c;

/** Jumps from quote to quote: in a large body nearly all bytes are inside strings. Broken JSON is left to the parser. */
function checkDepth(body: Buffer, maxDepth: number): void {
  let depth = 0;
  for (let index = 0; index < body.length; index += 1) {
    const byte = body[index];
    if (byte === quote) {
      index = endOfString(body, index);
      if (index === -1) return;
    } else if (byte === 0x5b || byte === 0x7b) {
      depth += 1;
      if (depth > maxDepth) {
        throw new ProxyError('invalid_json', `The request body is nested deeper than ${maxDepth} levels.`);
      }
    } else if (byte === 0x5d || byte === 0x7d) depth -= 1;
  }
}

/** The closing quote: the next one with an even number of backslashes before it; -1 if there is none. */
function endOfString(body: Buffer, start: number): number {
  let end = body.indexOf(quote, start + 1);
  while (end !== -1) {
    let first = end;
    while (body[first - 1] === backslash) first -= 1;
    if ((end - first) % 2 === 0) return end;
    end = body.indexOf(quote, end + 1);
  }
  return -1;
}
