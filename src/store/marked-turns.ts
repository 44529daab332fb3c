// Turns whose request may come again, by the mark that it carries. Each holds what was said in it, which its session
// may have replaced since.
import type { Holdings } from './holdings.ts';
import { OwnedQueue } from './owned-queue.ts';
import type { AnsweredTurn } from './session-store.ts';
import type { Held } from './weigh.ts';

interface Marked<Owner> {
  readonly owner: Owner;
  readonly turn: AnsweredTurn;
  readonly version: number;
  readonly expiresAtMs: number;
}

/** Who the owner's owner is, and where what is held for it is counted. */
type PlaceOf<Owner> = (owner: Owner) => { readonly owner: string; readonly held: Holdings };

export class MarkedTurns<Owner extends object> {
  readonly #max: number;
  readonly #placeOf: PlaceOf<Owner>;
  /** The oldest first. */
  readonly #turns = new OwnedQueue<Marked<Owner>>();
  readonly #keys = new WeakMap<Owner, Set<string>>();

  constructor(max: number, placeOf: PlaceOf<Owner>) {
    this.#max = max;
    this.#placeOf = placeOf;
  }

  add(key: string, marked: Marked<Owner>): void {
    this.#forget(key);
    // Nobody asks an old answer for its tools, or for what its session branched off from.
    const turn = { ...marked.turn, tools: [], parent: undefined };
    const { owner, held } = this.#placeOf(marked.owner);
    this.#turns.set(owner, key, { ...marked, turn });
    held.hold(heldBy(turn));
    const keys = this.#keys.get(marked.owner) ?? new Set();
    this.#keys.set(marked.owner, keys.add(key));
    while (this.#turns.size > this.#max) this.#forget(this.#turns.surplus() ?? '');
  }

  find(key: string, nowMs: number): Marked<Owner> | undefined {
    const marked = this.#turns.get(key);
    return marked && marked.expiresAtMs > nowMs ? marked : undefined;
  }

  /** What is held for an owner's turns. */
  *heldFor(owner: Owner): Generator<Held> {
    for (const key of this.#keys.get(owner) ?? []) {
      const marked = this.#turns.get(key);
      if (marked) yield* heldBy(marked.turn);
    }
  }

  forgetAll(owner: Owner): void {
    for (const key of [...(this.#keys.get(owner) ?? [])]) this.#forget(key);
  }

  /** Most are kept equally long, so that this looks at those that are too old and at one more. */
  sweep(nowMs: number): void {
    let { oldest } = this.#turns;
    while (oldest && oldest.value.expiresAtMs <= nowMs) {
      this.#forget(oldest.name);
      oldest = this.#turns.oldest;
    }
  }

  clear(): void {
    this.#turns.clear();
  }

  #forget(key: string): void {
    const marked = this.#turns.get(key);
    if (!marked) return;
    this.#turns.delete(key);
    this.#keys.get(marked.owner)?.delete(key);
    this.#placeOf(marked.owner).held.release(heldBy(marked.turn));
  }
}

function heldBy({ system, added, reply }: AnsweredTurn): Held[] {
  const { message, logprobs } = reply;
  return [...system, ...added, message, ...(logprobs ? [logprobs] : [])];
}
