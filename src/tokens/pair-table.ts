// Which merge two symbols have, as an open-addressed table in one typed array: it is read from a file as it is, and a
// search touches one line of memory. A slot is 64 bits: left (21), right (21), rank (21); an empty one has the top
// bit of its second word set.

export const maxSymbols = 2 ** 21;
export const noMerge = 0x7fffffff;

const emptyWord = 0xffffffff;

export class PairTable {
  readonly #slots: Uint32Array;
  readonly #shift: number;

  /** @param slots two words for each of 2^n slots, at least one of them empty */
  constructor(slots: Uint32Array) {
    this.#slots = slots;
    this.#shift = 32 - Math.log2(slots.length / 2);
  }

  /** The smaller, the earlier it is applied; `noMerge` where there is none. */
  rank(left: number, right: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    const high = ((left << 11) | (right >>> 10)) >>> 0;
    const low = right & 1023;
    let index = (mix(left, right) >>> this.#shift) << 1;
    for (;;) {
      const word = slots[index + 1] ?? emptyWord;
      if (word === emptyWord) return noMerge;
      if (word >>> 21 === low && slots[index] === high) return word & 0x1fffff;
      index = (index + 2) & mask;
    }
  }
}

/** The slots for merges in the order of their ranks; a merge whose symbols are undefined is left out. */
export function buildPairSlots(
  merges: readonly (readonly [left: number, right: number] | undefined)[],
): Uint32Array<ArrayBuffer> {
  // At most half full: a search for a pair that has no merge, the usual one, ends after a slot or two.
  const bits = Math.max(4, Math.ceil(Math.log2(merges.length * 2 + 1)));
  const slots = new Uint32Array(2 ** bits * 2).fill(emptyWord);
  const mask = slots.length - 1;
  for (const [rank, merge] of merges.entries()) {
    if (!merge) continue;
    const [left, right] = merge;
    let index = (mix(left, right) >>> (32 - bits)) << 1;
    while (slots[index + 1] !== emptyWord) index = (index + 2) & mask;
    slots[index] = (left << 11) | (right >>> 10);
    slots[index + 1] = ((right & 1023) << 21) | rank;
  }
  return slots;
}

function mix(left: number, right: number): number {
  const mixed = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
  return Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
}
