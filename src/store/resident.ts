// One session in memory, and what an owner's take together.
import type { Session } from '../conversation/session.ts';
import { AgeOrder, type Place } from './age-order.ts';
import { Holdings, type Total } from './holdings.ts';
import { type Held, hintBytes, placeBytes } from './weigh.ts';

/** Stays the same object from its first turn to its last, whatever its session comes to be called. */
export interface Resident {
  readonly session: Session;
  readonly messageBytes: number;
  readonly toolBytes: number;
  /** By how many names it can be found. */
  readonly hints: number;
  readonly turnIds: Map<string, number>;
  /** Rises with each use of any session. */
  readonly use: number;
  /** Among its owner's. */
  place: Place<Resident> | undefined;
}

export type Standing = Omit<Resident, 'use' | 'place'>;

/** What a session holds and may share with others of its owner. */
export function* heldBy({ messages, system }: Session): Generator<Held> {
  yield* messages;
  yield* system;
}

/** What it takes beside that. */
export function ownBytesOf({ session, toolBytes, hints }: Standing): number {
  return session.messages.length * placeBytes + toolBytes + hints * hintBytes;
}

export class OwnerShare {
  /** In order of use, the longest unused first. */
  readonly residents = new AgeOrder<Resident>();
  readonly held: Holdings;
  readonly #total: Total;
  #ownBytes = 0;

  constructor(total: Total) {
    this.#total = total;
    this.held = new Holdings(total);
  }

  get bytes(): number {
    return this.held.bytes + this.#ownBytes;
  }

  get isEmpty(): boolean {
    return this.residents.size === 0 && this.held.bytes === 0;
  }

  /** What its sessions take beside what they hold changes by so much. */
  addOwn(bytes: number): void {
    this.#ownBytes += bytes;
    this.#total.bytes += bytes;
  }
}
