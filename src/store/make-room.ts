// Who goes, where there is no room in memory. An owner makes room within what is its own: at its own limits, and where
// the whole memory is full and it has more than its share of it. One that has less is given room by the owner that has
// the most, so that nobody loses a session to an owner that has more.
import { ProxyError } from '../conversation/errors.ts';
import { heldBy, type OwnerShare, ownBytesOf, type Resident } from './resident.ts';
import type { Held } from './weigh.ts';

export interface RoomLimits {
  readonly sessions: number;
  readonly sessionStoreBytes: number;
  readonly ownerSessions: number;
  readonly ownerStoredBytes: number;
}

/** What a turn changes; what it brings is held already. */
export interface RoomNeeded {
  readonly owner: string;
  /** The session that it begins is one more. */
  readonly isNew: boolean;
  /** Bytes beside those that are held. */
  readonly bytes: number;
  /** What is let go of for it. */
  readonly replaced: Iterable<Held>;
  /** Stays in any case. */
  readonly kept: Resident | undefined;
}

export interface Room {
  readonly limits: RoomLimits;
  readonly shares: ReadonlyMap<string, OwnerShare>;
  /** All sessions, and all bytes, whoever takes them. */
  readonly sessions: number;
  readonly bytes: number;
  readonly isHeld: (resident: Resident) => boolean;
  /** What else is let go of with one that goes. */
  readonly heldBeside: (resident: Resident) => Iterable<Held>;
}

interface Measures {
  sessions: number;
  bytes: number;
}

/**
 * Those that go: as few as will do, the longest unused of an owner first; none for what does not fit all the same.
 * @throws ProxyError `store_full`
 */
export function makeRoom(room: Room, needed: RoomNeeded): Resident[] {
  const { limits, shares } = room;
  const share = shares.get(needed.owner);
  if (!share) throw new Error('an owner without a share needs room');
  const leaving: Resident[] = [];
  const all: Measures = { sessions: room.sessions, bytes: room.bytes };
  const own = new Plan(share, room, needed, all);
  own.add(needed);
  const drop = (plan: Plan | undefined) => {
    const resident = plan?.dropNext();
    if (resident) leaving.push(resident);
    return resident !== undefined;
  };
  while (own.sessions > limits.ownerSessions || own.bytes > limits.ownerStoredBytes) {
    if (!drop(own))
      throw new ProxyError(
        'store_full',
        'Your sessions have reached their limit, and all of them are in use.',
      );
  }
  let others: Plan[] | undefined;
  for (;;) {
    const measure = all.sessions > limits.sessions ? 'sessions' : 'bytes';
    const limit = measure === 'sessions' ? limits.sessions : limits.sessionStoreBytes;
    if (all[measure] <= limit) return leaving;
    const isBeyondShare = own[measure] > limit / shares.size;
    if (isBeyondShare && drop(own)) continue;
    others ??= [...shares.values()].filter(one => one !== share).map(one => new Plan(one, room, needed, all));
    if (drop(largest(others, own, measure)) || drop(own)) continue;
    throw new ProxyError('store_full', 'The session store is full, and every session in it is in use.');
  }
}

/** Of those that have more than `own`, the one that has the most and something that may go. */
function largest(plans: Iterable<Plan>, own: Plan, measure: keyof Measures): Plan | undefined {
  let found: Plan | undefined;
  for (const plan of plans) {
    if (plan[measure] > (found ?? own)[measure] && plan.canDrop()) found = plan;
  }
  return found;
}

/** How an owner would stand, if those went that are to go. */
class Plan implements Measures {
  sessions: number;
  bytes: number;
  readonly #share: OwnerShare;
  readonly #room: Room;
  readonly #all: Measures;
  readonly #kept: Resident | undefined;
  #trial: ReturnType<OwnerShare['held']['trial']> | undefined;
  #queue: Iterator<Resident> | undefined;
  #next: Resident | undefined;

  constructor(share: OwnerShare, room: Room, { kept }: RoomNeeded, all: Measures) {
    this.sessions = share.residents.size;
    this.bytes = share.bytes;
    this.#share = share;
    this.#room = room;
    this.#all = all;
    this.#kept = kept;
  }

  add({ isNew, bytes, replaced }: RoomNeeded): void {
    this.#change(isNew ? 1 : 0, bytes - this.#freedBy(replaced));
  }

  canDrop(): boolean {
    this.#next ??= this.#find();
    return this.#next !== undefined;
  }

  dropNext(): Resident | undefined {
    const resident = this.#next ?? this.#find();
    this.#next = undefined;
    if (!resident) return undefined;
    const freed = this.#freedBy(heldBy(resident.session)) + this.#freedBy(this.#room.heldBeside(resident));
    this.#change(-1, -freed - ownBytesOf(resident));
    return resident;
  }

  #find(): Resident | undefined {
    this.#queue ??= this.#share.residents[Symbol.iterator]();
    for (let next = this.#queue.next(); !next.done; next = this.#queue.next()) {
      const { value } = next;
      if (value !== this.#kept && !this.#room.isHeld(value)) return value;
    }
    return undefined;
  }

  #freedBy(things: Iterable<Held>): number {
    this.#trial ??= this.#share.held.trial();
    const before = this.#trial.bytes;
    this.#trial.release(things);
    return this.#trial.bytes - before;
  }

  #change(sessions: number, bytes: number): void {
    this.sessions += sessions;
    this.bytes += bytes;
    this.#all.sessions += sessions;
    this.#all.bytes += bytes;
  }
}
