// Names under which entries can be found: several names for one entry, several entries of one name.

export class HintIndex<Entry extends object> {
  /** The latest used last. */
  readonly #entries = new Map<string, Set<Entry>>();
  readonly #names = new WeakMap<Entry, Set<string>>();

  add(entry: Entry, names: Iterable<string>): void {
    const own = this.#names.get(entry) ?? new Set();
    this.#names.set(entry, own);
    for (const name of names) {
      own.add(name);
      const entries = this.#entries.get(name) ?? new Set();
      this.#entries.set(name, entries);
      // Behind all others.
      entries.delete(entry);
      entries.add(entry);
    }
  }

  /** The latest added first. */
  find(name: string): Entry[] {
    return [...(this.#entries.get(name) ?? [])].reverse();
  }

  remove(entry: Entry): void {
    for (const name of this.#names.get(entry) ?? []) {
      const entries = this.#entries.get(name);
      entries?.delete(entry);
      if (entries?.size === 0) this.#entries.delete(name);
    }
    this.#names.delete(entry);
  }

  clear(): void {
    this.#entries.clear();
  }
}
