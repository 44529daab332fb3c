// Things by name, in order of age, each somebody's. Where there are too many the owner that has the most loses its
// oldest: whoever makes many of them pushes out its own.

import { AgeOrder, type Place } from './age-order.ts';

interface Entry<Value> {
  readonly owner: string;
  readonly name: string;
  readonly value: Value;
}

interface Placed<Value> {
  readonly entry: Entry<Value>;
  readonly amongAll: Place<Entry<Value>>;
  readonly ofOwner: Place<Entry<Value>>;
}

export class OwnedQueue<Value> {
  readonly #entries = new Map<string, Placed<Value>>();
  readonly #inOrder = new AgeOrder<Entry<Value>>();
  readonly #ofOwner = new Map<string, AgeOrder<Entry<Value>>>();
  /** Owners by how many they have. */
  readonly #owners = new Map<number, Set<string>>();
  /** No owner has more. */
  #most = 0;

  get size(): number {
    return this.#entries.size;
  }

  get oldest(): Entry<Value> | undefined {
    return this.#inOrder.oldest;
  }

  get(name: string): Value | undefined {
    return this.#entries.get(name)?.entry.value;
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** As the newest. */
  set(owner: string, name: string, value: Value): void {
    this.delete(name);
    const entry = { owner, name, value };
    const own = this.#ofOwner.get(owner) ?? new AgeOrder();
    if (own.size === 0) this.#ofOwner.set(owner, own);
    this.#entries.set(name, { entry, amongAll: this.#inOrder.add(entry), ofOwner: own.add(entry) });
    this.#move(owner, own.size - 1, own.size);
  }

  delete(name: string): void {
    const placed = this.#entries.get(name);
    if (!placed) return;
    const { owner } = placed.entry;
    this.#entries.delete(name);
    this.#inOrder.delete(placed.amongAll);
    const own = this.#ofOwner.get(owner);
    if (!own) return;
    own.delete(placed.ofOwner);
    if (own.size === 0) this.#ofOwner.delete(owner);
    this.#move(owner, own.size + 1, own.size);
  }

  /** The oldest of the owner that has the most. */
  surplus(): string | undefined {
    const [owner = ''] = this.#owners.get(this.#most) ?? [];
    return this.#ofOwner.get(owner)?.oldest?.name;
  }

  clear(): void {
    this.#entries.clear();
    this.#inOrder.clear();
    this.#ofOwner.clear();
    this.#owners.clear();
    this.#most = 0;
  }

  #move(owner: string, from: number, to: number): void {
    const left = this.#owners.get(from);
    left?.delete(owner);
    if (left?.size === 0) this.#owners.delete(from);
    const joined = this.#owners.get(to);
    if (joined) joined.add(owner);
    // Where there is one owner its set goes up and down with it.
    else if (to > 0) this.#owners.set(to, (left?.size === 0 ? left : new Set<string>()).add(owner));
    this.#most = Math.max(this.#most, to);
    // By one at most, since each step changes one by one.
    if (this.#most > 0 && !this.#owners.has(this.#most)) this.#most -= 1;
  }
}
