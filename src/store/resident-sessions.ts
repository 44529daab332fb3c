// The sessions that are in memory, with limits on their number and their bytes. What is idle expires, each at its time,
// and leaves a tombstone.
import type { Session, SessionKey } from '../conversation/session.ts';
import { DueTimes } from './due-times.ts';
import type { Holdings, Total } from './holdings.ts';
import { makeRoom, type RoomLimits, type RoomNeeded } from './make-room.ts';
import { OwnedQueue } from './owned-queue.ts';
import { heldBy, OwnerShare, ownBytesOf, type Resident, type Standing } from './resident.ts';
import type { Held } from './weigh.ts';

export interface ResidentOptions {
  readonly limits: RoomLimits & {
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

export class ResidentSessions {
  readonly #options: ResidentOptions;
  readonly #named = new Map<string, Resident>();
  /** When each expires. */
  readonly #due = new DueTimes<Resident>();
  readonly #shares = new Map<string, OwnerShare>();
  /** Of all shares. */
  readonly #total: Total = { bytes: 0 };
  /** When each expired, the earliest first. */
  readonly #tombstones = new OwnedQueue<number>();
  #uses = 0;

  constructor(options: ResidentOptions) {
    this.#options = options;
  }

  get bytes(): number {
    return this.#total.bytes + this.#options.bytesBeside();
  }

  get(key: SessionKey): Resident | undefined {
    return this.#named.get(nameOf(key));
  }

  /** The latest used first. */
  ofOwner(owner: string): Session[] {
    return [...(this.#shares.get(owner)?.residents ?? [])].reverse().map(({ session }) => session);
  }

  /** What an owner's sessions hold. */
  heldOf(owner: string): Holdings {
    return this.#shareOf(owner).held;
  }

  isBuried(key: SessionKey): boolean {
    return this.#tombstones.has(nameOf(key));
  }

  /** How a session stands after a turn. What it holds is held already. */
  put(going: Resident | undefined, standing: Standing): Resident {
    const share = this.#shareOf(standing.session.key.owner);
    share.addOwn(ownBytesOf(standing) - (going ? ownBytesOf(going) : 0));
    this.#uses += 1;
    const used = { ...standing, use: this.#uses };
    const resident: Resident = going ? Object.assign(going, used) : { ...used, place: undefined };
    const { key, expiresAtMs } = standing.session;
    this.#due.set(resident, expiresAtMs);
    if (resident.place) share.residents.delete(resident.place);
    resident.place = share.residents.add(resident);
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
    this.#due.delete(resident);
    const share = this.#shareOf(key.owner);
    if (resident.place) share.residents.delete(resident.place);
    share.addOwn(-ownBytesOf(resident));
    share.held.release(heldBy(resident.session));
    this.#options.onRemove(resident);
    this.endIfEmpty(key.owner);
    return true;
  }

  /** Nothing tells of owners who have nothing any more. */
  endIfEmpty(owner: string): void {
    if (this.#shares.get(owner)?.isEmpty) this.#shares.delete(owner);
  }

  bury(key: SessionKey): void {
    const { limits, now } = this.#options;
    this.remove(key);
    this.#tombstones.set(key.owner, nameOf(key), now());
    while (this.#tombstones.size > limits.tombstones)
      this.#tombstones.delete(this.#tombstones.surplus() ?? '');
  }

  /** Looks only at what is due. */
  sweep(): void {
    const { limits, now, isHeld } = this.#options;
    const atMs = now();
    for (const { session } of this.#due.due(atMs)) {
      if (!isHeld(session.key)) this.bury(session.key);
    }
    let { oldest } = this.#tombstones;
    while (oldest && atMs - oldest.value >= limits.tombstoneMs) {
      this.#tombstones.delete(oldest.name);
      oldest = this.#tombstones.oldest;
    }
  }

  /** @throws ProxyError `store_full`; then nothing went. */
  makeRoom(needed: RoomNeeded): void {
    const { limits, isHeld, heldBeside } = this.#options;
    this.#shareOf(needed.owner);
    const room = {
      limits,
      shares: this.#shares,
      sessions: this.#named.size,
      bytes: this.bytes,
      isHeld: ({ session }: Resident) => isHeld(session.key),
      heldBeside,
    };
    for (const { session } of makeRoom(room, needed)) this.bury(session.key);
  }

  clear(): void {
    this.#named.clear();
    this.#due.clear();
    this.#shares.clear();
    this.#tombstones.clear();
    this.#total.bytes = 0;
  }

  #shareOf(owner: string): OwnerShare {
    const known = this.#shares.get(owner);
    if (known) return known;
    const share = new OwnerShare(this.#total);
    this.#shares.set(owner, share);
    return share;
  }
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
