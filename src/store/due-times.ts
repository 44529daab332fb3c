// Things that are due some time, each at its own: those that are, without a look at the others. A binary heap that
// knows where each thing stands.

interface Entry<Thing> {
  readonly thing: Thing;
  atMs: number;
  place: number;
}

export class DueTimes<Thing extends object> {
  /** None is due before the one at half its place. */
  readonly #heap: Entry<Thing>[] = [];
  readonly #entries = new Map<Thing, Entry<Thing>>();

  set(thing: Thing, atMs: number): void {
    let entry = this.#entries.get(thing);
    if (!entry) {
      entry = { thing, atMs, place: this.#heap.length };
      this.#entries.set(thing, entry);
      this.#heap.push(entry);
    }
    entry.atMs = atMs;
    this.#settle(entry);
  }

  delete(thing: Thing): void {
    const entry = this.#entries.get(thing);
    const last = this.#heap.at(-1);
    if (!entry || !last) return;
    this.#entries.delete(thing);
    this.#heap.pop();
    if (last === entry) return;
    this.#put(last, entry.place);
    this.#settle(last);
  }

  /** The earliest first. */
  due(nowMs: number): Thing[] {
    const due: Entry<Thing>[] = [];
    const places = [0];
    for (let place = places.pop(); place !== undefined; place = places.pop()) {
      const entry = this.#heap[place];
      if (!entry || entry.atMs > nowMs) continue;
      due.push(entry);
      places.push(2 * place + 1, 2 * place + 2);
    }
    return due.sort((a, b) => a.atMs - b.atMs).map(({ thing }) => thing);
  }

  clear(): void {
    this.#heap.length = 0;
    this.#entries.clear();
  }

  #settle(entry: Entry<Thing>): void {
    for (;;) {
      const above = this.#heap[(entry.place - 1) >> 1];
      if (!above || above.atMs <= entry.atMs) break;
      this.#swap(entry, above);
    }
    for (;;) {
      const left = this.#heap[2 * entry.place + 1];
      const right = this.#heap[2 * entry.place + 2];
      const earlier = left && right && right.atMs < left.atMs ? right : left;
      if (!earlier || earlier.atMs >= entry.atMs) break;
      this.#swap(entry, earlier);
    }
  }

  #swap(one: Entry<Thing>, other: Entry<Thing>): void {
    const { place } = one;
    this.#put(one, other.place);
    this.#put(other, place);
  }

  #put(entry: Entry<Thing>, place: number): void {
    this.#heap[place] = entry;
    entry.place = place;
  }
}
