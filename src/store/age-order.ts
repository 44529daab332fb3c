// Things in the order in which they came. The oldest is known at once: a Set passes the places of all that have left it
// since it grew last, which are thousands where the oldest go as others come.

/** Where a thing stands; what takes it out again. */
export interface Place<Thing> {
  readonly thing: Thing;
  older: Place<Thing> | undefined;
  newer: Place<Thing> | undefined;
}

export class AgeOrder<Thing> {
  #oldest: Place<Thing> | undefined;
  #newest: Place<Thing> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get oldest(): Thing | undefined {
    return this.#oldest?.thing;
  }

  /** As the newest. */
  add(thing: Thing): Place<Thing> {
    const place: Place<Thing> = { thing, older: this.#newest, newer: undefined };
    if (place.older) place.older.newer = place;
    else this.#oldest = place;
    this.#newest = place;
    this.#size += 1;
    return place;
  }

  /** To be called once for each place. */
  delete({ older, newer }: Place<Thing>): void {
    if (older) older.newer = newer;
    else this.#oldest = newer;
    if (newer) newer.older = older;
    else this.#newest = older;
    this.#size -= 1;
  }

  /** The oldest first; none may go meanwhile. */
  *[Symbol.iterator](): Generator<Thing, void, void> {
    for (let place = this.#oldest; place; place = place.newer) yield place.thing;
  }

  clear(): void {
    this.#oldest = undefined;
    this.#newest = undefined;
    this.#size = 0;
  }
}
