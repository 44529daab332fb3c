// Everything that the tables hold, by kind, over one connection.
import { Claims } from './claims.ts';
import type { Clock } from './clock.ts';
import { Hints } from './hints.ts';
import { Leases } from './leases.ts';
import { Marks } from './marks.ts';
import { Segments } from './segments.ts';
import { SessionRows, type StoredSession } from './session-rows.ts';
import { type NumberedSpace, Spaces } from './spaces.ts';
import type { Tables } from './tables.ts';
import { Texts } from './texts.ts';
import { Tombstones } from './tombstones.ts';

export class Shelves {
  readonly clock: Clock;
  readonly spaces: Spaces;
  readonly sessions: SessionRows;
  readonly segments: Segments;
  readonly texts: Texts;
  readonly hints: Hints;
  readonly marks: Marks;
  readonly leases: Leases;
  readonly claims: Claims;
  readonly tombstones: Tombstones;

  constructor(tables: Tables, clock: Clock, tombstoneMs: number) {
    this.clock = clock;
    this.spaces = new Spaces(tables);
    this.sessions = new SessionRows(tables);
    this.segments = new Segments(tables);
    this.texts = new Texts(tables);
    this.hints = new Hints(tables, clock);
    this.marks = new Marks(tables, clock, this.segments, this.texts);
    this.leases = new Leases(tables, clock);
    this.claims = new Claims(tables, clock);
    this.tombstones = new Tombstones(tables, clock, tombstoneMs);
  }

  isDue({ record }: StoredSession): boolean {
    return record.expiresAtMs <= this.clock.nowMs;
  }

  /** With everything that nobody else holds. */
  remove(stored: StoredSession): void {
    this.sessions.delete(stored.no);
    this.marks.deleteOf(stored.no);
    this.hints.deleteOf(stored.no);
    this.texts.release(stored.record.system);
    this.texts.release(stored.record.tools);
    this.segments.leave(stored.segmentNo);
    this.spaces.endIfEmpty(stored);
  }

  /** One whose row cannot be read: which texts it holds is not known, so that they stay. */
  removeDamaged(no: number, space: NumberedSpace): void {
    this.sessions.delete(no);
    this.marks.deleteOf(no);
    this.hints.deleteOf(no);
    this.segments.leaveAll(no);
    this.spaces.endIfEmpty(space);
  }

  /** One of an owner's that expired; false where there is none. */
  buryDueOf(owner: number): boolean {
    const stored = this.sessions.dueOf(owner, this.clock.nowMs);
    if (stored) this.bury(stored);
    return stored !== undefined;
  }

  /** Removes what expired. */
  bury(stored: StoredSession): void {
    this.remove(stored);
    this.tombstones.add(stored.record.key, stored.record.expiresAtMs);
  }
}
