// Things in the order in which they came last. The oldest is known at once: a Set passes the places of all that have left
// it since it grew last, which are thousands where the oldest go as others come.

interface Link<Thing> {
  readonly thing: Thing;
  older: Link<Thing> | undefined;
  newer: Link<Thing> | undefined;
}

export class AgeOrder<Thing> {
  readonly #links = new Map<Thing, Link<Thing>>();
  #oldest: Link<Thing> | undefined;
  #newest: Link<Thing> | undefined;

  get size(): number {
    return this.#links.size;
  }

  get oldest(): Thing | undefined {
    return this.#oldest?.thing;
  }

  /** As the newest. */
  add(thing: Thing): void {
    this.delete(thing);
    const link: Link<Thing> = { thing, older: this.#newest, newer: undefined };
    if (link.older) link.older.newer = link;
    else this.#oldest = link;
    this.#newest = link;
    this.#links.set(thing, link);
  }

  delete(thing: Thing): void {
    const link = this.#links.get(thing);
    if (!link) return;
    this.#links.delete(thing);
    const { older, newer } = link;
    if (older) older.newer = newer;
    else this.#oldest = newer;
    if (newer) newer.older = older;
    else this.#newest = older;
  }

  /** The oldest first; none may go meanwhile. */
  *[Symbol.iterator](): Generator<Thing, void, void> {
    for (let link = this.#oldest; link; link = link.newer) yield link.thing;
  }

  clear(): void {
    this.#links.clear();
    this.#oldest = undefined;
    this.#newest = undefined;
  }
}
