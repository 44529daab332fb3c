// UTF-16 → the first symbols of a word: its UTF-8 bytes. Half a character alone becomes U+FFFD, as in a JSON body.
import { isLowHalf, joinHalves } from './split-words.ts';

/** Bytes of UTF-8 that one unit of UTF-16 has at most. */
export const bytesPerUnit = 3;

/** Writes the units from `start` to `end` into `symbols` and says how many bytes they are. */
export function writeBytes(units: Uint16Array, start: number, end: number, symbols: Int32Array): number {
  let length = 0;
  for (let at = start; at < end; at += 1) {
    const unit = units[at] ?? 0;
    if (unit < 0x80) {
      symbols[length++] = unit;
    } else if (unit < 0x800) {
      symbols[length++] = 0xc0 | (unit >> 6);
      symbols[length++] = 0x80 | (unit & 0x3f);
    } else if ((unit & 0xf800) !== 0xd800) {
      symbols[length++] = 0xe0 | (unit >> 12);
      symbols[length++] = 0x80 | ((unit >> 6) & 0x3f);
      symbols[length++] = 0x80 | (unit & 0x3f);
    } else if (unit < 0xdc00 && isLowHalf(units, at + 1, end)) {
      at += 1;
      const codePoint = joinHalves(unit, units[at] ?? 0);
      symbols[length++] = 0xf0 | (codePoint >> 18);
      symbols[length++] = 0x80 | ((codePoint >> 12) & 0x3f);
      symbols[length++] = 0x80 | ((codePoint >> 6) & 0x3f);
      symbols[length++] = 0x80 | (codePoint & 0x3f);
    } else {
      symbols[length++] = 0xef;
      symbols[length++] = 0xbf;
      symbols[length++] = 0xbd;
    }
  }
  return length;
}
