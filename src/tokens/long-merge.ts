// Byte-pair merging of a long word in n log n: the symbols are a linked list, the possible merges a heap. It can be
// left at any time and taken up again, since a hostile word of a million symbols takes longer than a server may be
// deaf; so each such word has a `LongMerge` of its own.
import { noMerge, type PairTable } from './pair-table.ts';

/** A heap entry is one number, smaller the earlier: rank · 2^21 + place. */
const places = 2 ** 21;
/** No symbol: merged into one before it, or beyond the end. */
const none = -1;

export class LongMerge {
  readonly #pairs: PairTable;
  readonly #made: Uint32Array;
  readonly #symbols: Int32Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  /** The rank of each place's merge with the next; entries of the heap that differ are out of date. */
  readonly #ranks: Int32Array;
  readonly #heap: Float64Array;
  #heapLength = 0;
  #length = 0;
  #linked = 0;
  #left = 0;

  /** @param symbols the word, from `start` on; merging leaves it in disorder */
  constructor(symbols: Int32Array, pairs: PairTable, made: Uint32Array) {
    const capacity = symbols.length;
    if (capacity > places) throw new RangeError('too long a word');
    this.#pairs = pairs;
    this.#made = made;
    this.#symbols = symbols;
    this.#next = new Int32Array(capacity);
    this.#previous = new Int32Array(capacity);
    this.#ranks = new Int32Array(capacity);
    // Every merge takes one entry away and adds two at most.
    this.#heap = new Float64Array(capacity * 2);
  }

  /** Begins with the first `length` symbols. */
  start(length: number): void {
    this.#length = length;
    this.#left = length;
    this.#linked = 0;
    this.#heapLength = 0;
  }

  /** Works for about so many steps. False: there is more to do. */
  run(steps: number): boolean {
    steps -= this.#link(steps);
    if (this.#linked < this.#length) return false;
    for (; steps > 0 && this.#heapLength > 0; steps -= 1) {
      const entry = this.#pop();
      const rank = Math.floor(entry / places);
      const at = entry - rank * places;
      if (this.#ranks[at] === rank) this.#merge(at, rank);
    }
    return this.#heapLength === 0;
  }

  /** How many symbols are left, once `run` has said that nothing is to be done. */
  get left(): number {
    return this.#left;
  }

  /** The symbols that are left. */
  result(): number[] {
    const symbols: number[] = [];
    for (let at = 0; at !== none && at < this.#length; at = this.#next[at] ?? none) {
      symbols.push(this.#symbols[at] ?? 0);
    }
    return symbols;
  }

  /** Links the next symbols and pushes their merges. Says how many. */
  #link(steps: number): number {
    const from = this.#linked;
    const end = Math.min(this.#length, from + steps);
    for (let at = from; at < end; at += 1) {
      const next = at + 1 < this.#length ? at + 1 : none;
      this.#next[at] = next;
      this.#previous[at] = at - 1;
      this.#rate(at, next);
    }
    this.#linked = end;
    return end - from;
  }

  #merge(at: number, rank: number): void {
    const gone = this.#next[at] ?? none;
    const next = this.#next[gone] ?? none;
    const previous = this.#previous[at] ?? none;
    this.#symbols[at] = this.#made[rank] ?? 0;
    this.#ranks[gone] = noMerge;
    this.#next[at] = next;
    if (next !== none) this.#previous[next] = at;
    this.#left -= 1;
    this.#rate(at, next);
    if (previous !== none) this.#rate(previous, at);
  }

  #rate(at: number, next: number): void {
    const rank = next === none ? noMerge : this.#pairs.rank(this.#symbols[at] ?? 0, this.#symbols[next] ?? 0);
    this.#ranks[at] = rank;
    if (rank !== noMerge) this.#push(rank * places + at);
  }

  #push(entry: number): void {
    const heap = this.#heap;
    let at = this.#heapLength;
    this.#heapLength += 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] ?? 0;
      if (above <= entry) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): number {
    const heap = this.#heap;
    const top = heap[0] ?? 0;
    const length = this.#heapLength - 1;
    this.#heapLength = length;
    const last = heap[length] ?? 0;
    let at = 0;
    for (let child = 1; child < length; child = 2 * at + 1) {
      let smaller = heap[child] ?? 0;
      const right = child + 1 < length ? (heap[child + 1] ?? 0) : Number.POSITIVE_INFINITY;
      if (right < smaller) {
        smaller = right;
        child += 1;
      }
      if (last <= smaller) break;
      heap[at] = smaller;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}
