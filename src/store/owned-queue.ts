// Things by name, in order of age, each somebody's. Where there are too many the owner that has the most loses its
// oldest: whoever makes many of them pushes out its own.

import { AgeOrder } from './age-order.ts';

interface Entry<Value> {
  readonly owner: string;
  readonly name: string;
  readonly value: Value;
}

export class OwnedQueue<Value> {
  readonly #entries = new Map<string, Entry<Value>>();
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
    return this.#entries.get(name)?.value;
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** As the newest. */
  set(owner: string, name: string, value: Value): void {
    this.delete(name);
    const entry = { owner, name, value };
    this.#entries.set(name, entry);
    this.#inOrder.add(entry);
    const own = this.#ofOwner.get(owner) ?? new AgeOrder();
    this.#ofOwner.set(owner, own);
    own.add(entry);
    this.#move(owner, own.size - 1, own.size);
  }

  delete(name: string): void {
    const entry = this.#entries.get(name);
    if (!entry) return;
    this.#entries.delete(name);
    this.#inOrder.delete(entry);
    const own = this.#ofOwner.get(entry.owner);
    if (!own) return;
    own.delete(entry);
    if (own.size === 0) this.#ofOwner.delete(entry.owner);
    this.#move(entry.owner, own.size + 1, own.size);
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
    if (to > 0) this.#owners.set(to, (this.#owners.get(to) ?? new Set()).add(owner));
    this.#most = Math.max(this.#most, to);
    // By one at most, since each step changes one by one.
    if (this.#most > 0 && !this.#owners.has(this.#most)) this.#most -= 1;
  }
}
