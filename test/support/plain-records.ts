// What records are, in the plainest way: a list of sessions, each with all of its messages. Against it the real ones
// are compared, and the store in front of them is tried without a database.

import { ProxyError } from '../../src/conversation/errors.ts';
import type { SessionKey, Space } from '../../src/conversation/session.ts';
import { ownerFull } from '../../src/store/owner-full.ts';
import type {
  AppendRecordOptions,
  AppendRecordResult,
  OpenOptions,
  OpenResult,
  OwnerRoom,
  RecalledRecord,
  RecordPage,
  SessionRecord,
  SessionRecords,
  TurnRecord,
} from '../../src/store/records.ts';
import type { Claim, ClaimRequest, Hinted, ListOptions } from '../../src/store/session-store.ts';

interface Kept {
  record: SessionRecord;
  /** Rises with each use. */
  used: number;
  readonly messages: string[];
  readonly hints: Set<string>;
  readonly marks: Map<string, { until: number; recalled: Omit<RecalledRecord, 'id'> }>;
}

interface Held {
  readonly holder: string;
  readonly until: number;
}

export interface PlainOptions {
  readonly now: () => number;
  readonly tombstoneMs: number;
}

const nameOf = ({ owner, user, id }: SessionKey) => JSON.stringify([owner, user ?? null, id]);
const spaceOf = ({ owner, user }: Space) => JSON.stringify([owner, user ?? null]);

/** What several of them share, as nodes share a database. */
export class PlainData {
  kept: Kept[] = [];
  readonly segments = new Map<string, { readonly space: string; readonly messages: readonly string[] }>();
  readonly texts = new Map<string, string>();
  readonly turnIds = new Map<string, Map<string, number>>();
  readonly tombstones = new Map<string, number>();
  readonly holds = new Map<string, Held>();
  readonly claims = new Map<string, { fingerprint: string; held?: Held; text?: string; until: number }>();
  readonly notes = new Map<string, string>();
  made = 0;
}

export class PlainRecords implements SessionRecords {
  readonly #data: PlainData;
  readonly #options: PlainOptions;
  #isClosed = false;

  constructor(options: PlainOptions, data = new PlainData()) {
    this.#options = options;
    this.#data = data;
  }

  async open(key: SessionKey, { known, lease }: OpenOptions = {}): Promise<OpenResult> {
    this.#sweep();
    const name = nameOf(key);
    if (lease) {
      if (this.#isHeldByOther(name, lease.holder)) return { status: 'busy' };
      this.#data.holds.set(name, { holder: lease.holder, until: this.#options.now() + lease.ttlMs });
    }
    const kept = this.#get(key);
    if (!kept) return { status: this.#data.tombstones.has(name) ? 'expired' : 'missing' };
    if (lease) {
      const expiresAtMs = Math.max(kept.record.expiresAtMs, this.#options.now() + lease.ttlMs);
      kept.record = { ...kept.record, expiresAtMs };
    }
    const { record, messages } = kept;
    const from = known?.segment === record.segment && known.length <= messages.length ? known.length : 0;
    const texts = [...new Set([record.system, record.tools])]
      .filter(digest => !known?.texts.includes(digest))
      .map(digest => ({ digest, json: this.#data.texts.get(digest) ?? '' }));
    return { status: 'found', record, from, messages: messages.slice(from), texts };
  }

  #hasRoom({ owner }: SessionKey, turn: TurnRecord, kept: Kept | undefined, room: OwnerRoom): boolean {
    const bytesIn = (messages: readonly string[]) => messages.reduce((sum, json) => sum + json.length, 0);
    const owned = this.#data.kept.filter(one => one.record.key.owner === owner);
    const bytes = owned.reduce((sum, one) => sum + bytesIn(one.messages), bytesIn(turn.messages));
    const freed = kept ? bytesIn(kept.messages.slice(turn.keep)) : 0;
    return owned.length + (kept ? 0 : 1) <= room.sessions && bytes - freed <= room.bytes;
  }

  async letGo(key: SessionKey, holder: string): Promise<void> {
    this.#sweep();
    if (this.#data.holds.get(nameOf(key))?.holder === holder) this.#data.holds.delete(nameOf(key));
  }

  async append(key: SessionKey, turn: TurnRecord, options: AppendRecordOptions): Promise<AppendRecordResult> {
    this.#sweep();
    const data = this.#data;
    const name = nameOf(key);
    const kept = this.#get(key);
    const turnIds = kept ? (data.turnIds.get(name) ?? new Map<string, number>()) : new Map<string, number>();
    const version = turnIds.get(turn.id);
    if (version !== undefined) {
      if (options.holder !== undefined) await this.letGo(key, options.holder);
      return { status: 'duplicate', version };
    }
    if ((kept?.record.version ?? 0) !== options.expectedVersion) return { status: 'conflict' };
    if (options.handle !== undefined && kept?.record.handle !== options.handle) return { status: 'conflict' };
    if (this.#isHeldByOther(name, options.holder)) return { status: 'conflict' };
    const left = turn.leftBehindId === undefined ? undefined : { ...key, id: turn.leftBehindId };
    const isCut = kept !== undefined && turn.keep < kept.messages.length;
    if (left && isCut && this.#get(left)) return { status: 'conflict' };
    if (turn.isTooLarge) return { status: 'too-large' };
    let base: readonly string[] = kept?.messages.slice(0, turn.keep) ?? [];
    if (!kept && turn.shared) {
      const segment = data.segments.get(turn.shared.segment);
      if (!segment || segment.space !== spaceOf(key) || segment.messages.length < turn.shared.length)
        return { status: 'unshared' };
      base = segment.messages.slice(0, turn.shared.length);
    }
    if (options.room && !this.#hasRoom(key, turn, kept, options.room)) throw ownerFull();
    for (const text of [turn.system, turn.tools])
      if (text.json !== undefined) data.texts.set(text.digest, text.json);

    const atMs = this.#options.now();
    const messages = [...base, ...turn.messages];
    const goesOn = kept && !isCut;
    const segment = goesOn ? kept.record.segment : `g${++data.made}`;
    const before = kept?.record;
    const idleMs = before ? before.idleMs : turn.idleMs;
    const record: SessionRecord = {
      key,
      handle: kept && !(left && isCut) ? kept.record.handle : `h${++data.made}`,
      version: (before?.version ?? 0) + 1,
      createdAtMs: before?.createdAtMs ?? atMs,
      updatedAtMs: atMs,
      expiresAtMs: atMs + (idleMs ?? turn.livesMs),
      idleMs,
      model: turn.model,
      dialect: before?.dialect ?? turn.dialect,
      label: before ? before.label : turn.label,
      parentId: left && isCut ? left.id : before ? before.parentId : turn.parent?.id,
      rootId: before?.rootId ?? turn.parent?.rootId ?? key.id,
      system: turn.system.digest,
      tools: turn.tools.digest,
      systemLength: turn.systemLength,
      cuts: turn.cuts,
      segment,
      length: messages.length,
    };
    let next: Kept;
    if (kept && !(left && isCut)) {
      kept.record = record;
      kept.messages.splice(0, Number.POSITIVE_INFINITY, ...messages);
      next = kept;
    } else {
      if (kept && left) kept.record = { ...kept.record, key: left };
      next = { record, used: 0, messages, hints: new Set(), marks: new Map() };
      data.kept.push(next);
    }
    data.segments.set(segment, { space: spaceOf(key), messages: [...messages] });
    data.made += 1;
    next.used = data.made;
    for (const hint of turn.hints) next.hints.add(hint);
    if (turn.mark) {
      const recalled = {
        turn: turn.mark.turn,
        version: record.version,
        keep: base.length,
        messages: messages.slice(kept || turn.shared ? base.length : turn.keep),
        system: data.texts.get(turn.system.digest) ?? '',
      };
      for (const other of data.kept)
        if (spaceOf(other.record.key) === spaceOf(key)) other.marks.delete(turn.mark.key);
      next.marks.set(turn.mark.key, { until: atMs + turn.mark.ttlMs, recalled });
    }
    turnIds.set(turn.id, record.version);
    data.turnIds.set(name, turnIds);
    data.tombstones.delete(name);
    if (options.holder !== undefined) await this.letGo(key, options.holder);
    return { status: 'appended', record };
  }

  async setIdle(key: SessionKey, idleMs: number | undefined, livesMs: number): Promise<boolean> {
    this.#sweep();
    const kept = this.#get(key);
    if (!kept) return false;
    const expiresAtMs = kept.record.updatedAtMs + livesMs;
    kept.record = { ...kept.record, idleMs, expiresAtMs };
    return true;
  }

  async recall(space: Space, markKey: string): Promise<RecalledRecord | undefined> {
    this.#sweep();
    for (const { record, marks } of this.#data.kept) {
      const mark = spaceOf(record.key) === spaceOf(space) ? marks.get(markKey) : undefined;
      if (mark && mark.until > this.#options.now()) return { ...mark.recalled, id: record.key.id };
    }
    return undefined;
  }

  async claim(space: Space, key: string, { holder, ttlMs, fingerprint }: ClaimRequest): Promise<Claim> {
    this.#sweep();
    const name = nameOf({ ...space, id: key });
    const nowMs = this.#options.now();
    const claim = this.#data.claims.get(name);
    if (claim?.text !== undefined && claim.until > nowMs)
      return { status: 'answered', fingerprint: claim.fingerprint, text: claim.text };
    if (claim?.held && claim.held.holder !== holder && claim.held.until > nowMs)
      return { status: 'running', fingerprint: claim.fingerprint };
    this.#data.claims.set(name, { fingerprint, held: { holder, until: nowMs + ttlMs }, until: 0 });
    return { status: 'claimed' };
  }

  async settle(
    space: Space,
    key: string,
    holder: string,
    answer?: { readonly text: string; readonly ttlMs: number },
  ): Promise<void> {
    this.#sweep();
    const name = nameOf({ ...space, id: key });
    const claim = this.#data.claims.get(name);
    if (claim?.held?.holder !== holder) return;
    const until = this.#options.now() + (answer?.ttlMs ?? 0);
    if (answer) this.#data.claims.set(name, { fingerprint: claim.fingerprint, text: answer.text, until });
    else this.#data.claims.delete(name);
  }

  async findByHints(space: Space, hints: readonly string[], limit: number): Promise<Hinted[]> {
    this.#sweep();
    const inSpace = this.#latest().filter(({ record }) => spaceOf(record.key) === spaceOf(space));
    return hints.map(hint => {
      const ids = inSpace.filter(kept => kept.hints.has(hint)).map(({ record }) => record.key.id);
      return { ids: ids.slice(0, limit), isAll: ids.length <= limit };
    });
  }

  async list({ owner, user, label, branches, limit, after }: ListOptions): Promise<RecordPage> {
    this.#sweep();
    const families = new Set<string>();
    const records: SessionRecord[] = [];
    let isBehind = after === undefined;
    for (const { record } of this.#latest()) {
      const { key, rootId } = record;
      if (key.owner !== owner || (user !== undefined && (key.user ?? '') !== user)) continue;
      if (label !== undefined && record.label !== label) continue;
      const family = nameOf({ ...key, id: rootId });
      if (isBehind && (branches || !families.has(family))) records.push(record);
      families.add(family);
      if (key.id === after?.id && key.user === after.user) isBehind = true;
    }
    if (!isBehind)
      throw new ProxyError('invalid_value', 'No session stands at this place of the list.', {
        param: 'after',
      });
    return { records: records.slice(0, limit), hasMore: records.length > limit };
  }

  async find(owner: string, id: string): Promise<Space[]> {
    this.#sweep();
    const found = this.#data.kept.filter(({ record: { key } }) => key.owner === owner && key.id === id);
    return found.map(({ record: { key } }) => ({ owner, user: key.user }));
  }

  async readNote(name: string): Promise<string | undefined> {
    this.#sweep();
    return this.#data.notes.get(name);
  }

  async writeNote(name: string, text: string): Promise<void> {
    this.#sweep();
    this.#data.notes.set(name, text);
  }

  async delete(key: SessionKey): Promise<boolean> {
    this.#sweep();
    const kept = this.#get(key);
    this.#remove(kept);
    return kept !== undefined;
  }

  async check(): Promise<void> {
    this.#sweep();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  #get(key: SessionKey): Kept | undefined {
    return this.#data.kept.find(({ record }) => nameOf(record.key) === nameOf(key));
  }

  #latest(): Kept[] {
    return this.#data.kept.toSorted((a, b) => b.used - a.used);
  }

  #remove(kept: Kept | undefined): void {
    if (!kept) return;
    this.#data.kept = this.#data.kept.filter(other => other !== kept);
    this.#data.turnIds.delete(nameOf(kept.record.key));
  }

  #isHeldByOther(name: string, holder: string | undefined): boolean {
    const held = this.#data.holds.get(name);
    return held !== undefined && held.holder !== holder && held.until > this.#options.now();
  }

  #sweep(): void {
    if (this.#isClosed) throw new ProxyError('store_unavailable', 'The session store is closed.');
    const nowMs = this.#options.now();
    for (const kept of this.#data.kept) {
      if (kept.record.expiresAtMs > nowMs) continue;
      this.#remove(kept);
      this.#data.tombstones.set(nameOf(kept.record.key), kept.record.expiresAtMs + this.#options.tombstoneMs);
    }
    for (const [name, until] of this.#data.tombstones) if (until <= nowMs) this.#data.tombstones.delete(name);
  }
}
