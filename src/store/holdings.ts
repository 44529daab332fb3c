// What is held in memory, and by how many. Sessions share what they begin with: each thing counts once, and is freed
// when the last that holds it lets go, whichever that is.
import { type Held, weigh } from './weigh.ts';

interface Holding {
  holders: number;
  readonly bytes: number;
}

/** What several holdings have together. */
export interface Total {
  bytes: number;
}

export class Holdings {
  readonly #holdings = new Map<Held, Holding>();
  readonly #total: Total;
  #bytes = 0;

  constructor(total: Total = { bytes: 0 }) {
    this.#total = total;
  }

  get bytes(): number {
    return this.#bytes;
  }

  hold(things: Iterable<Held>): void {
    for (const thing of things) {
      const holding = this.#holdings.get(thing);
      if (holding) {
        holding.holders += 1;
        continue;
      }
      const bytes = weigh(thing);
      this.#holdings.set(thing, { holders: 1, bytes });
      this.#add(bytes);
    }
  }

  release(things: Iterable<Held>): void {
    for (const thing of things) {
      const holding = this.#holdings.get(thing);
      if (!holding) continue;
      holding.holders -= 1;
      if (holding.holders > 0) continue;
      this.#holdings.delete(thing);
      this.#add(-holding.bytes);
    }
  }

  /** Weighed once, where they are held. */
  bytesOf(things: Iterable<Held>): number {
    let bytes = 0;
    for (const thing of things) bytes += this.#holdings.get(thing)?.bytes ?? weigh(thing);
    return bytes;
  }

  trial(): ReleaseTrial {
    return new ReleaseTrial(this.#holdings);
  }

  #add(bytes: number): void {
    this.#bytes += bytes;
    this.#total.bytes += bytes;
  }
}

/** How much would be free if several let go together; none of them does. */
class ReleaseTrial {
  readonly #holdings: ReadonlyMap<Held, Holding>;
  readonly #released = new Map<Held, number>();
  #bytes = 0;

  constructor(holdings: ReadonlyMap<Held, Holding>) {
    this.#holdings = holdings;
  }

  get bytes(): number {
    return this.#bytes;
  }

  release(things: Iterable<Held>): void {
    for (const thing of things) {
      const released = (this.#released.get(thing) ?? 0) + 1;
      this.#released.set(thing, released);
      const holding = this.#holdings.get(thing);
      if (holding?.holders === released) this.#bytes += holding.bytes;
    }
  }
}
