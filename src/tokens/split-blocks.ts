// A long text is counted block by block: the memory stays small, and there is a place to pause. A block ends only where
// the tokenizer would cut anyway, whatever stands around it, so that counts of blocks add up to the count of the text.
import { classMask, classOf, letter, number, other, settled, space } from './character-class.ts';

/** Units of UTF-16 that a block has where it can. */
export const usualBlock = 16 * 1024;
/**
 * Units after which a text without any such place is cut all the same; each such cut may cost a token more. Long
 * enough for 80,000 characters beyond the BMP in a row.
 */
export const longestBlock = 168 * 1024;
/** The same where it would be among combining marks, whose normalisation cannot pause. */
const longestOfMarks = 40 * 1024;

/** The end of the block that begins at `start`. */
export function blockEnd(text: string, start: number): number {
  const usualEnd = start + usualBlock;
  if (usualEnd >= text.length) return text.length;
  for (let at = usualEnd; at > start; at -= 1) if (isBorder(text, at)) return at;
  const longestEnd = start + longestBlock;
  for (let at = usualEnd + 1; at < text.length && at < longestEnd; at += 1) {
    if (isBorder(text, at) || (at === start + longestOfMarks && isMark(text, at))) return at;
  }
  if (longestEnd >= text.length) return text.length;
  return isLowHalf(text, longestEnd) ? longestEnd - 1 : longestEnd;
}

/** Whether words end before this place of a text and begin at it, also after NFC: never for too many places. */
function isBorder(text: string, at: number): boolean {
  const found = classOf(text.charCodeAt(at));
  // What is not settled might join with, or pass, what stands before it.
  if ((found & settled) === 0) return false;
  const before = classOf(text.charCodeAt(at - 1)) & classMask;
  switch (found & classMask) {
    case number:
      return true;
    case space:
      return before !== space;
    case other:
      return before === letter;
    default:
      return false;
  }
}

function isMark(text: string, at: number): boolean {
  return !isLowHalf(text, at) && /^\p{M}/u.test(text.slice(at, at + 2));
}

function isLowHalf(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xdc00;
}
