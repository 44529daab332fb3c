// Things by name, in order of age, each somebody's. Where there are too many the owner that has the most loses its
// oldest: whoever makes many of them pushes out its own.

interface Entry<Value> {
  readonly owner: string;
  readonly value: Value;
}

export class OwnedQueue<Value> {
  /** The oldest first. */
  readonly #entries = new Map<string, Entry<Value>>();
  /** In the same order, by owner. */
  readonly #names = new Map<string, Set<string>>();
  /** Owners by how many they have. */
  readonly #owners = new Map<number, Set<string>>();
  /** No owner has more. */
  #most = 0;

  get size(): number {
    return this.#entries.size;
  }

  get(name: string): Value | undefined {
    return this.#entries.get(name)?.value;
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** As the newest. */
  set(owner: string, name: string, value: Value): void {
    this.delete(name);
    this.#entries.set(name, { owner, value });
    const names = this.#names.get(owner) ?? new Set();
    this.#names.set(owner, names.add(name));
    this.#move(owner, names.size - 1, names.size);
  }

  delete(name: string): void {
    const entry = this.#entries.get(name);
    if (!entry) return;
    this.#entries.delete(name);
    const names = this.#names.get(entry.owner);
    if (!names) return;
    names.delete(name);
    if (names.size === 0) this.#names.delete(entry.owner);
    this.#move(entry.owner, names.size + 1, names.size);
  }

  /** The oldest of the owner that has the most. */
  surplus(): string | undefined {
    const [owner = ''] = this.#owners.get(this.#most) ?? [];
    const [name] = this.#names.get(owner) ?? [];
    return name;
  }

  /** The oldest first. */
  *[Symbol.iterator](): Generator<readonly [name: string, value: Value]> {
    for (const [name, { value }] of this.#entries) yield [name, value];
  }

  clear(): void {
    this.#entries.clear();
    this.#names.clear();
    this.#owners.clear();
    this.#most = 0;
  }

  #move(owner: string, from: number, to: number): void {
    const left = this.#owners.get(from);
    left?.delete(owner);
    if (left?.size === 0) this.#owners.delete(from);
    if (to > 0) this.#owners.set(to, (this.#owners.get(to) ?? new Set()).add(owner));
    this.#most = Math.max(this.#most, to);
    // By one at most, since each step changes one by one.
    if (this.#most > 0 && !this.#owners.has(this.#most)) this.#most -= 1;
  }
}
