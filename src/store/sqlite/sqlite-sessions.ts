// What `SessionRecords` promises, one call at a time and at once. Whoever calls keeps each call in a transaction.
import type { SessionKey, Space } from '../../conversation/session.ts';
import type {
  AppendRecordOptions,
  AppendRecordResult,
  Known,
  OpenOptions,
  OpenResult,
  RecalledRecord,
  RecordPage,
  SharedText,
  TurnRecord,
} from '../records.ts';
import type { Claim, ClaimRequest, Hinted, Lease, ListOptions } from '../session-store.ts';
import { appendTurn } from './append-turn.ts';
import type { SynchronousRecords } from './calls.ts';
import type { Clock } from './clock.ts';
import type { DiskRoom } from './disk-room.ts';
import { listSessions } from './list-sessions.ts';
import { decodeUser, encodeName } from './names.ts';
import { readFailure } from './read-failure.ts';
import { text } from './rows.ts';
import type { StoredSession } from './session-rows.ts';
import type { Shelves } from './shelves.ts';
import type { Tables } from './tables.ts';

export class SqliteSessions implements SynchronousRecords {
  readonly #tables: Tables;
  readonly #shelves: Shelves;
  readonly #clock: Clock;
  readonly #room: DiskRoom;

  constructor(tables: Tables, shelves: Shelves, room: DiskRoom) {
    this.#tables = tables;
    this.#room = room;
    this.#shelves = shelves;
    this.#clock = shelves.clock;
  }

  open(key: SessionKey, { known, lease }: OpenOptions = {}): OpenResult {
    const { leases, tombstones } = this.#shelves;
    if (lease && !leases.take(key, lease)) return { status: 'busy' };
    const stored = this.#find(key);
    if (!stored) return { status: tombstones.has(key) ? 'expired' : 'missing' };
    if (!this.#shelves.isDue(stored))
      return this.#read(lease ? this.#postpone(stored, lease) : stored, known);
    return { status: tombstones.isRecent(stored.record.expiresAtMs) ? 'expired' : 'missing' };
  }

  /** What is held does not expire meanwhile. */
  #postpone(stored: StoredSession, { ttlMs }: Lease): StoredSession {
    const { sessions, clock } = this.#shelves;
    const expiresAtMs = clock.nowMs + ttlMs;
    const { no, record } = stored;
    if (record.expiresAtMs >= expiresAtMs) return stored;
    sessions.setIdle(no, record.idleMs, expiresAtMs);
    return { ...stored, record: { ...record, expiresAtMs } };
  }

  letGo(key: SessionKey, holder: string): void {
    this.#shelves.leases.letGo(key, holder);
  }

  append(key: SessionKey, turn: TurnRecord, options: AppendRecordOptions): AppendRecordResult {
    return appendTurn(this.#shelves, key, turn, options);
  }

  setIdle(key: SessionKey, idleMs: number | undefined, livesMs: number): boolean {
    const stored = this.#find(key);
    if (!stored || this.#shelves.isDue(stored)) return false;
    this.#shelves.sessions.setIdle(stored.no, idleMs, stored.record.updatedAtMs + livesMs);
    return true;
  }

  recall(space: Space, markKey: string): RecalledRecord | undefined {
    return this.#shelves.marks.recall(space, markKey);
  }

  claim(space: Space, key: string, request: ClaimRequest): Claim {
    return this.#shelves.claims.claim(space, key, request);
  }

  settle(
    space: Space,
    key: string,
    holder: string,
    answer?: { readonly text: string; readonly ttlMs: number },
  ): void {
    this.#shelves.claims.settle(space, key, holder, answer);
  }

  findByHints(space: Space, hints: readonly string[], limit: number): Hinted[] {
    const numbered = this.#shelves.spaces.find(space);
    return hints.map(hint =>
      numbered ? this.#shelves.hints.find(numbered, hint, limit) : { ids: [], isAll: true },
    );
  }

  list(options: ListOptions): RecordPage {
    return listSessions(this.#tables, this.#shelves.spaces, this.#clock, options);
  }

  find(owner: string, id: string): Space[] {
    return this.#tables
      .all(
        `SELECT spaces.user FROM owners CROSS JOIN sessions ON sessions.owner = owners.no
         JOIN spaces ON spaces.no = sessions.space
         WHERE owners.name = ? AND sessions.id = ? AND expires_ms > ? ORDER BY +used`,
        encodeName(owner),
        encodeName(id),
        this.#clock.nowMs,
      )
      .map(row => ({ owner, user: decodeUser(text(row, 'user')) }));
  }

  readNote(name: string): string | undefined {
    const row = this.#tables.get('SELECT text FROM notes WHERE name = ?', encodeName(name));
    return row && text(row, 'text');
  }

  writeNote(name: string, note: string): void {
    this.#tables.run('INSERT OR REPLACE INTO notes (name, text) VALUES (?, ?)', encodeName(name), note);
  }

  delete(key: SessionKey): boolean {
    const stored = this.#findIntact(key);
    if (!stored) return this.#deleteDamaged(key);
    const isDue = this.#shelves.isDue(stored);
    if (isDue) this.#shelves.bury(stored);
    else this.#shelves.remove(stored);
    return !isDue;
  }

  /** Whoever calls has begun to write. */
  check(): void {
    this.#tables.exec('SELECT 1 FROM sessions LIMIT 1');
    this.#room.check();
  }

  #findIntact(key: SessionKey): StoredSession | undefined {
    try {
      return this.#find(key);
    } catch (error) {
      if (readFailure(error).code === 'store_corrupt') return undefined;
      throw error;
    }
  }

  /** Where nothing could be read there is nothing, or a row that is damaged. */
  #deleteDamaged(key: SessionKey): boolean {
    const space = this.#shelves.spaces.find(key);
    const no = space && this.#shelves.sessions.numberOf(space, key);
    if (!space || no === undefined) return false;
    this.#shelves.removeDamaged(no, space);
    return true;
  }

  #find(key: SessionKey): StoredSession | undefined {
    const space = this.#shelves.spaces.find(key);
    return space && this.#shelves.sessions.find(space, key);
  }

  #read(stored: StoredSession, known: Known | undefined): OpenResult {
    const { record, segmentNo } = stored;
    const isKnown = known?.segment === record.segment && known.length <= record.length;
    const from = isKnown ? known.length : 0;
    const texts: SharedText[] = [];
    if (!known?.texts.includes(record.system))
      texts.push({ digest: record.system, json: this.#shelves.texts.read(record.system) });
    if (record.tools !== record.system && !known?.texts.includes(record.tools))
      texts.push({ digest: record.tools, json: this.#shelves.texts.read(record.tools) });
    const messages = this.#shelves.segments.read(segmentNo, from, record.length);
    return { status: 'found', record, from, messages, texts };
  }
}
