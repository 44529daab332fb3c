// Byte-pair merging of one word of usual length: the earliest merge of all neighbours, the leftmost of equals, until
// there is none. Searching them all again each time beats any clever structure as long as the word is short.
import { noMerge, type PairTable } from './pair-table.ts';

/** Symbols above which the search, quadratic as it is, loses to the heap of `LongMerge`. */
export const shortWord = 48;

const ranks = new Int32Array(shortWord);

/** Merges the first `length` symbols in place and says how many are left. */
export function mergeWord(symbols: Int32Array, length: number, pairs: PairTable, made: Uint32Array): number {
  for (let at = 0; at + 1 < length; at += 1) ranks[at] = pairs.rank(symbols[at] ?? 0, symbols[at + 1] ?? 0);
  while (length > 1) {
    let best = noMerge;
    let bestAt = 0;
    for (let at = 0; at + 1 < length; at += 1) {
      const rank = ranks[at] ?? noMerge;
      if (rank < best) {
        best = rank;
        bestAt = at;
      }
    }
    if (best === noMerge) break;
    length -= 1;
    symbols[bestAt] = made[best] ?? 0;
    for (let at = bestAt + 1; at < length; at += 1) {
      symbols[at] = symbols[at + 1] ?? 0;
      ranks[at] = ranks[at + 1] ?? noMerge;
    }
    if (bestAt > 0) ranks[bestAt - 1] = pairs.rank(symbols[bestAt - 1] ?? 0, symbols[bestAt] ?? 0);
    if (bestAt + 1 < length) ranks[bestAt] = pairs.rank(symbols[bestAt] ?? 0, symbols[bestAt + 1] ?? 0);
  }
  return length;
}
