// The counts of words seen lately, since most words of a text are few. Of a fixed size, without a string or an object
// per word: each word has one slot, by its hash, and a newer one takes it.

/** Units of a word that fits into a slot, whose first unit is the word's length. */
const unitsPerSlot = 16;
const slotBits = 13;

export const cachedWord = unitsPerSlot - 1;

export class WordCache {
  readonly #units = new Uint16Array(unitsPerSlot << slotBits);
  readonly #counts = new Uint8Array(1 << slotBits);

  /** The slot of a word of at most `cachedWord` units. */
  slotOf(units: Uint16Array, start: number, end: number): number {
    let hash = end - start;
    for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ (units[at] ?? 0), 0x9e3779b1);
    return hash >>> (32 - slotBits);
  }

  /** The word's count; 0 where it is not known. */
  find(slot: number, units: Uint16Array, start: number, end: number): number {
    const kept = this.#units;
    let at = slot * unitsPerSlot;
    if (kept[at] !== end - start) return 0;
    while (start < end) {
      at += 1;
      if (kept[at] !== units[start]) return 0;
      start += 1;
    }
    return this.#counts[slot] ?? 0;
  }

  keep(slot: number, units: Uint16Array, start: number, end: number, count: number): void {
    const kept = this.#units;
    let at = slot * unitsPerSlot;
    kept[at] = end - start;
    while (start < end) {
      at += 1;
      kept[at] = units[start] ?? 0;
      start += 1;
    }
    this.#counts[slot] = count;
  }
}
