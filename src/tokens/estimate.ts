// How many tokens a text has, where no vocabulary could be loaded. Deliberately high: a prompt that is thought too
// small is refused, one that is thought too large only remembers a little less. Measured against the vocabulary:
// English and code +10 … +30 %, Chinese and Japanese +50 … +80 %, Cyrillic, Greek, Arabic and Hebrew +30 … +80 %,
// Indic and South-East Asian scripts +40 … +135 %; never below on the recordings. Rare Han can be 20 % below.
import type { Count } from './parts.ts';

/** Letters that a word's first token holds, and each one after it. Capitals are seldom seen together in training. */
const firstLetters = 6;
const furtherLetters = 7;
const capitals = 4;
/** Letters and digits without an end are no language: hashes, keys, encoded bytes. */
const perEncodedCharacter = 0.9;

const encodedRun = 48;
const hexadecimalRun = 24;

export const estimateTokens: Count = text => {
  let tokens = 0;
  let at = 0;
  /** End of the run of letters, digits and `+/=` that was looked at last. */
  let runEnd = 0;
  while (at < text.length) {
    const from = at;
    const kind = kindAt(text, at);
    if (kind === letter || kind === digit) {
      if (at >= runEnd) {
        runEnd = endOfRun(text, at);
        if (isEncoded(text, at, runEnd)) {
          tokens += (runEnd - at) * perEncodedCharacter;
          at = runEnd;
          continue;
        }
      }
    }
    at = endOfKind(text, at, kind);
    const length = at - from;
    switch (kind) {
      case letter:
        tokens += wordTokens(text, from, at);
        break;
      case punctuation:
        tokens += 1 + (length - 1) / 2;
        break;
      case space:
        // One belongs to the word after it, or is alone before a digit.
        tokens += length === 1 ? 0.1 : 1 + length / 16;
        break;
      case cyrillic:
        tokens += Math.ceil(length / 3) + 0.5;
        break;
      case alphabetic:
        tokens += Math.ceil(length / 2) + 0.4;
        break;
      case symbol:
        tokens += symbolTokens(text.codePointAt(from) ?? 0);
        at = from + ((text.codePointAt(from) ?? 0) > 0xffff ? 2 : 1);
        break;
      default:
        // Digits and line breaks are a token each; so are control characters.
        tokens += length;
    }
  }
  return Math.ceil(tokens);
};

const letter = 1;
const digit = 2;
const punctuation = 3;
const space = 4;
/** Line breaks and control characters. */
const breaks = 5;
const cyrillic = 6;
const alphabetic = 7;
const symbol = 8;

const ascii = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/[A-Za-z]/.test(character)) return letter;
  if (/[0-9]/.test(character)) return digit;
  if (character === ' ' || character === '\t') return space;
  return code < 0x20 || code === 0x7f ? breaks : punctuation;
});

function kindAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code < 0x80) return ascii[code] ?? symbol;
  if (code >= 0x400 && code < 0x530) return cyrillic;
  // Latin with accents, combining marks, Greek; Hebrew and Arabic.
  if (code >= 0xc0 && code < 0x400) return alphabetic;
  if (code >= 0x590 && code < 0x780) return alphabetic;
  if (code >= 0x1e00 && code < 0x2000) return alphabetic;
  return symbol;
}

/** Words with accents go on in plain letters; symbols are taken one by one. */
function endOfKind(text: string, start: number, kind: number): number {
  let at = start + 1;
  if (kind === symbol) return at;
  for (; at < text.length; at += 1) {
    const next = kindAt(text, at);
    if (next !== kind && !(kind === alphabetic && next === letter)) break;
  }
  return at;
}

function endOfRun(text: string, start: number): number {
  let at = start;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const kind = code < 0x80 ? ascii[code] : symbol;
    // `+`, `/` and `=` are part of base64.
    if (kind !== letter && kind !== digit && code !== 0x2b && code !== 0x2f && code !== 0x3d) break;
  }
  return at;
}

function isEncoded(text: string, from: number, to: number): boolean {
  if (to - from >= encodedRun) return true;
  return to - from >= hexadecimalRun && /^[0-9a-f]+$/.test(text.slice(from, to));
}

/** Names in code are words of mixed case: each hump counts as a word. */
function wordTokens(text: string, from: number, to: number): number {
  let tokens = 0;
  let start = from;
  for (let at = from + 1; at <= to; at += 1) {
    const isHump = at < to && isUpper(text.charCodeAt(at)) && !isUpper(text.charCodeAt(at - 1));
    if (at < to && !isHump) continue;
    const letters = at - start;
    const isCapitals = letters > 1 && isUpper(text.charCodeAt(at - 1));
    tokens += isCapitals
      ? Math.ceil(letters / capitals)
      : 1 + Math.max(0, (letters - firstLetters) / furtherLetters);
    start = at;
  }
  return tokens;
}

function isUpper(code: number): boolean {
  return code >= 0x41 && code <= 0x5a;
}

/** Han, kana and Hangul are mostly less than a token each; elsewhere it is up to one per byte. */
function symbolTokens(code: number): number {
  if (code >= 0x2e80 && code <= 0x9fff) return 1;
  if (code >= 0xac00 && code <= 0xd7a3) return 1.1;
  if (code >= 0xff00 && code <= 0xffef) return 1.2;
  // Typographic punctuation.
  if (code >= 0x2010 && code <= 0x2027) return 1;
  // Indic, South-East Asian, Georgian; Ethiopic among them is taken by its bytes.
  if (code < 0x1c80 && (code < 0x1200 || code > 0x139f)) return 1.8;
  return code > 0xffff ? 4 : 3;
}
