// Where the words are inside which byte pairs are merged. The tokenizer first sets every number character apart, then
// cuts what is left with GPT-2's pattern:
//   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
// By hand, since the pattern in JavaScript means another `\s` and costs more than the merging.
import { classMask, classOf, halfCharacter, letter, number, other, space } from './character-class.ts';

const blank = 0x20;
const apostrophe = 0x27;

/** The end of the word that begins at `start`, which must be before `length`. */
export function wordEnd(units: Uint16Array, start: number, length: number): number {
  const unit = units[start] ?? 0;
  const first = classAt(units, start, length);
  if (first === letter) return runEnd(units, start, length, letter);
  if (first === number) return unit < 0xd800 || unit > 0xdbff ? start + 1 : start + 2;
  if (first === other) {
    const contraction = unit === apostrophe ? contractionLength(units, start + 1, length) : 0;
    return contraction > 0 ? start + 1 + contraction : runEnd(units, start, length, other);
  }
  const next = start + 1 < length ? classAt(units, start + 1, length) : number;
  if (next === letter || next === other) {
    // One blank belongs to the word after it, any other space stands alone.
    return unit === blank ? runEnd(units, start + 1, length, next) : start + 1;
  }
  const end = next === space ? runEnd(units, start + 1, length, space) : start + 1;
  // A run leaves its last character to the word after it; numbers, set apart before, are none.
  return end === length || classAt(units, end, length) === number ? end : end - 1;
}

/** The end of the run of characters of one class, from the start of a character on. */
function runEnd(units: Uint16Array, at: number, length: number, wanted: number): number {
  while (at < length) {
    const found = classOf(units[at] ?? 0) & classMask;
    if (found === wanted) at += 1;
    else if (found === halfCharacter && pairClass(units, at, length) === wanted) {
      at += isLowHalf(units, at + 1, length) ? 2 : 1;
    } else break;
  }
  return at;
}

function classAt(units: Uint16Array, at: number, length: number): number {
  const found = classOf(units[at] ?? 0) & classMask;
  return found === halfCharacter ? pairClass(units, at, length) : found;
}

/** The class of the character whose first half is here; of U+FFFD where the second is missing. */
function pairClass(units: Uint16Array, at: number, length: number): number {
  if (!isLowHalf(units, at + 1, length)) return other;
  return classOf(joinHalves(units[at] ?? 0, units[at + 1] ?? 0)) & classMask;
}

export function isLowHalf(units: Uint16Array, at: number, length: number): boolean {
  return at < length && ((units[at] ?? 0) & 0xfc00) === 0xdc00;
}

export function joinHalves(high: number, low: number): number {
  return ((high - 0xd800) << 10) + (low - 0xdc00) + 0x10000;
}

/** How many letters after an apostrophe are cut off with it. */
function contractionLength(units: Uint16Array, at: number, length: number): number {
  if (at >= length) return 0;
  const first = units[at];
  if (first === 0x73 || first === 0x74 || first === 0x6d || first === 0x64) return 1; // s t m d
  if (at + 1 >= length) return 0;
  const second = units[at + 1];
  if ((first === 0x72 || first === 0x76) && second === 0x65) return 2; // re ve
  return first === 0x6c && second === 0x6c ? 2 : 0; // ll
}
