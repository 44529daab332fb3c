// The sessions that are in memory, with limits on their number and their bytes. What is idle expires, each at its time,
// and leaves a tombstone; where there is no room, the longest unused goes first.
import { ProxyError } from '../conversation/errors.ts';
import type { Session, SessionKey } from '../conversation/session.ts';
import { DueTimes } from './due-times.ts';
import { Holdings } from './holdings.ts';
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
}

type Standing = Omit<Resident, 'use'>;

export interface ResidentOptions {
  readonly limits: {
    readonly sessions: number;
    readonly sessionStoreBytes: number;
    readonly sessionIdleMs: number;
    readonly tombstones: number;
    readonly tombstoneMs: number;
  };
  readonly now: () => number;
  /** What is held neither expires nor is pushed out to make room. */
  readonly isHeld: (key: SessionKey) => boolean;
  /** What else is let go of with one that goes. */
  readonly heldBeside: (resident: Resident) => Iterable<Held>;
  /** Bytes that are taken by no session. */
  readonly bytesBeside: () => number;
  /** Told of each that goes. */
  readonly onRemove: (resident: Resident) => void;
}

/** What a turn changes; what it brings is held already. */
export interface RoomNeeded {
  /** The session that it begins is one more. */
  readonly isNew: boolean;
  /** Bytes beside those that are held. */
  readonly bytes: number;
  /** What is let go of for it. */
  readonly replaced: Iterable<Held>;
  /** Stays in any case. */
  readonly kept: Resident | undefined;
}

export class ResidentSessions {
  readonly held = new Holdings();
  readonly #options: ResidentOptions;
  readonly #named = new Map<string, Resident>();
  /** In order of use, the longest unused first. */
  readonly #residents = new Set<Resident>();
  /** When each expires. */
  readonly #due = new DueTimes<Resident>();
  /** In order of use, by owner. */
  readonly #byOwner = new Map<string, Set<Resident>>();
  /** When each expired, the earliest first. */
  readonly #tombstones = new Map<string, number>();
  /** What each takes beside what it may share. */
  #ownBytes = 0;
  #uses = 0;

  constructor(options: ResidentOptions) {
    this.#options = options;
  }

  get bytes(): number {
    return this.held.bytes + this.#ownBytes + this.#options.bytesBeside();
  }

  get(key: SessionKey): Resident | undefined {
    return this.#named.get(nameOf(key));
  }

  /** The latest used first. */
  ofOwner(owner: string): Session[] {
    return [...(this.#byOwner.get(owner) ?? [])].reverse().map(({ session }) => session);
  }

  isBuried(key: SessionKey): boolean {
    return this.#tombstones.has(nameOf(key));
  }

  /** How a session stands after a turn. What it holds is held already. */
  put(going: Resident | undefined, standing: Standing): Resident {
    if (going) this.#ownBytes -= ownBytesOf(going);
    this.#ownBytes += ownBytesOf(standing);
    this.#uses += 1;
    const used = { ...standing, use: this.#uses };
    const resident: Resident = going ? Object.assign(going, used) : used;
    const { key, expiresAtMs } = standing.session;
    this.#due.set(resident, expiresAtMs);
    const owned = this.#byOwner.get(key.owner) ?? new Set();
    this.#byOwner.set(key.owner, owned);
    for (const ordered of [this.#residents, owned]) {
      ordered.delete(resident);
      ordered.add(resident);
    }
    const name = nameOf(key);
    this.#named.set(name, resident);
    this.#tombstones.delete(name);
    return resident;
  }

  /** No use of it: it keeps its place. */
  rename(resident: Resident, id: string): void {
    const key = { ...resident.session.key, id };
    this.#named.delete(nameOf(resident.session.key));
    this.#named.set(nameOf(key), resident);
    Object.assign(resident, { session: { ...resident.session, key }, turnIds: new Map() });
  }

  /** No use of it either. */
  setIdle(resident: Resident, idleMs: number | undefined): void {
    const { session } = resident;
    const expiresAtMs = session.updatedAtMs + (idleMs ?? this.#options.limits.sessionIdleMs);
    Object.assign(resident, { session: { ...session, idleMs, expiresAtMs } });
    this.#due.set(resident, expiresAtMs);
  }

  remove(key: SessionKey): boolean {
    const resident = this.get(key);
    if (!resident) return false;
    this.#named.delete(nameOf(key));
    this.#residents.delete(resident);
    this.#due.delete(resident);
    const owned = this.#byOwner.get(key.owner);
    owned?.delete(resident);
    if (owned?.size === 0) this.#byOwner.delete(key.owner);
    this.#ownBytes -= ownBytesOf(resident);
    this.held.release(heldBy(resident.session));
    this.#options.onRemove(resident);
    return true;
  }

  bury(key: SessionKey): void {
    const { limits, now } = this.#options;
    this.remove(key);
    this.#tombstones.set(nameOf(key), now());
    for (const oldest of this.#tombstones.keys()) {
      if (this.#tombstones.size <= limits.tombstones) break;
      this.#tombstones.delete(oldest);
    }
  }

  /** Looks only at what is due. */
  sweep(): void {
    const { limits, now, isHeld } = this.#options;
    const atMs = now();
    for (const { session } of this.#due.due(atMs)) {
      if (!isHeld(session.key)) this.bury(session.key);
    }
    for (const [name, expiredAtMs] of this.#tombstones) {
      if (atMs - expiredAtMs < limits.tombstoneMs) break;
      this.#tombstones.delete(name);
    }
  }

  /** The longest unused go, as few as will do; nobody goes for what does not fit all the same. */
  makeRoom({ isNew, bytes, replaced, kept }: RoomNeeded): void {
    const { limits, isHeld, heldBeside } = this.#options;
    const trial = this.held.trial();
    trial.release(replaced);
    let needed = this.bytes + bytes;
    let sessions = this.#residents.size + (isNew ? 1 : 0);
    const fits = () => needed - trial.bytes <= limits.sessionStoreBytes && sessions <= limits.sessions;
    const leaving: Session[] = [];
    for (const resident of this.#residents) {
      if (fits()) break;
      const { session } = resident;
      if (resident === kept || isHeld(session.key)) continue;
      leaving.push(session);
      sessions -= 1;
      needed -= ownBytesOf(resident);
      trial.release(heldBy(session));
      trial.release(heldBeside(resident));
    }
    if (!fits()) {
      throw new ProxyError('store_full', 'The session store is full, and every session in it is in use.');
    }
    for (const { key } of leaving) this.bury(key);
  }

  clear(): void {
    this.held.clear();
    this.#named.clear();
    this.#residents.clear();
    this.#due.clear();
    this.#byOwner.clear();
    this.#tombstones.clear();
    this.#ownBytes = 0;
  }
}

/** What a session holds and may share. */
function* heldBy({ messages, system }: Session): Generator<Held> {
  yield* messages;
  yield* system;
}

function ownBytesOf({ session, toolBytes, hints }: Standing): number {
  return session.messages.length * placeBytes + toolBytes + hints * hintBytes;
}

/** Very many may have begun alike, so that they are not sorted. */
export function latestUsed(residents: Iterable<Resident>, limit: number): Resident[] {
  const latest: Resident[] = [];
  let earliest = 0;
  for (const resident of residents) {
    if (resident.use < earliest) continue;
    latest.push(resident);
    latest.sort((a, b) => b.use - a.use).splice(limit);
    if (latest.length === limit) earliest = latest.at(-1)?.use ?? 0;
  }
  return latest;
}

/** Ids, marks and owners hold no line break; `user` may hold anything, so it comes last. */
export function nameOf({ owner, user, id }: SessionKey): string {
  return `${owner}\n${id}\n${user === undefined ? '' : `u${user}`}`;
}
