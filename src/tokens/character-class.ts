// What the splitting into words has to know of each character. Answered by the regular expressions of the running
// Node once per character and remembered: 1.1 million tests in advance would cost more than all counting.

export const letter = 1;
export const number = 2;
export const space = 3;
export const other = 4;
/** The first half of a character beyond the BMP: ask `classOf` with the whole of it. */
export const halfCharacter = 5;
export const classMask = 7;
/** Never changed by NFC, whatever stands around it. Given sparingly: without it, ICU decides. */
export const settled = 8;

/** By code point; 0 is not yet known. Only the pages that are used take memory. */
export const classes = new Uint8Array(0x110000);

/** The class of a code point and, perhaps, `settled`. */
export function classOf(codePoint: number): number {
  return classes[codePoint] || learn(codePoint);
}

function learn(codePoint: number): number {
  const learned = describe(codePoint);
  classes[codePoint] = learned;
  return learned;
}

function describe(codePoint: number): number {
  if (codePoint >= 0xd800 && codePoint < 0xdc00) return halfCharacter;
  // Half a character alone becomes U+FFFD on the wire.
  if (codePoint >= 0xdc00 && codePoint < 0xe000) return other;
  const character = String.fromCodePoint(codePoint);
  const found = find(character);
  return isSettled(codePoint, character) ? found | settled : found;
}

function find(character: string): number {
  if (/\p{L}/u.test(character)) return letter;
  if (/\p{N}/u.test(character)) return number;
  // Not `\s`, which has U+FEFF and lacks U+0085.
  if (/\p{White_Space}/u.test(character)) return space;
  return other;
}

function isSettled(codePoint: number, character: string): boolean {
  // No character below U+0300 is changed by a neighbour below it.
  if (codePoint < 0x300) return true;
  // Conjoining jamo, and letters of newer scripts beyond the BMP, join with what stands before them. Unassigned
  // ones may be marks for a newer ICU than the one that knows `\p{M}`.
  const joins = codePoint >= 0x10000 || (codePoint >= 0x1100 && codePoint < 0x1200);
  return !joins && !/[\p{M}\p{Cn}]/u.test(character) && character.normalize() === character;
}
