// Sessions in this process: a map with limits. Gone with the process; bounded in sessions and bytes; what is idle
// expires, the longest unused first. Durable and shared stores keep the same contract (session-store.ts).
import { ProxyError } from '../conversation/errors.ts';
import type { Message } from '../conversation/message.ts';
import type { Session, SessionKey, Space, Turn } from '../conversation/session.ts';
import {
  type AppendResult,
  type ListOptions,
  type ReadResult,
  type Recalled,
  type SessionPage,
  type SessionStore,
  summaryOf,
} from './session-store.ts';

export interface MemoryStoreOptions {
  readonly limits: {
    readonly sessions: number;
    readonly sessionStoreBytes: number;
    readonly sessionBytes: number;
    readonly sessionMessages: number;
    readonly sessionIdleMs: number;
    readonly tombstones: number;
    readonly tombstoneMs: number;
    readonly idempotencyRecords: number;
  };
  readonly now: () => number;
  /** A session whose turn is running is never pushed out to make room. */
  readonly isBusy: (key: SessionKey) => boolean;
}

interface Entry {
  session: Session;
  /** The sum of the two below. */
  bytes: number;
  messageBytes: number;
  toolBytes: number;
  usedAtMs: number;
  /** The newest are enough: a repeat follows soon or never. */
  readonly turnIds: Map<string, number>;
  readonly marks: Set<string>;
}

interface MarkedTurn {
  readonly name: string;
  readonly turn: Turn;
  readonly version: number;
  readonly expiresAtMs: number;
}

const rememberedTurns = 64;
const sweepMs = 30_000;
/** What a message costs beside its text: object, key names, map entries. Measured at 150–250 bytes. */
const messageOverheadBytes = 200;

export class MemoryStore implements SessionStore {
  readonly #options: MemoryStoreOptions;
  /** In order of use, the longest unused first. */
  readonly #entries = new Map<string, Entry>();
  /** In order of their last turn, by owner. */
  readonly #byOwner = new Map<string, Map<string, Entry>>();
  /** When each expired, the earliest first. */
  readonly #tombstones = new Map<string, number>();
  /** By space and mark, the oldest first. */
  readonly #marked = new Map<string, MarkedTurn>();
  readonly #timer: NodeJS.Timeout;
  #bytes = 0;
  #isClosed = false;

  constructor(options: MemoryStoreOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#sweep(), sweepMs);
    this.#timer.unref();
  }

  async read(key: SessionKey): Promise<ReadResult> {
    this.#checkOpen();
    this.#sweep();
    const name = nameOf(key);
    const entry = this.#entries.get(name);
    // Whoever asks for a turn holds the session already, so that the sweep took it for busy.
    if (this.#isDue(entry)) {
      return { status: 'expired' };
    }
    if (!entry) return { status: this.#tombstones.has(name) ? 'expired' : 'missing' };
    return { status: 'found', session: entry.session };
  }

  async append(
    key: SessionKey,
    turn: Turn,
    options: { readonly expectedVersion: number },
  ): Promise<AppendResult> {
    this.#checkOpen();
    const { limits, now } = this.#options;
    const name = nameOf(key);
    // Begun anew over one that expired: the sweep took it for busy, since this turn holds it.
    if (options.expectedVersion === 0 && this.#isDue(this.#entries.get(name))) this.#bury(name);
    const entry = this.#entries.get(name);
    const knownVersion = entry?.turnIds.get(turn.id);
    if (knownVersion !== undefined) return { status: 'duplicate', version: knownVersion };
    const before = entry?.session;
    if ((before?.version ?? 0) !== options.expectedVersion) return { status: 'conflict' };

    const said = [...turn.added, turn.reply.message];
    const messages = [...(before?.messages ?? []).slice(0, turn.keep), ...said];
    const isGrown =
      before !== undefined && turn.keep === before.messages.length && before.system === turn.system;
    const added = isGrown ? said : [...turn.system, ...messages];
    const messageBytes = sizeOf(added) + (isGrown && entry ? entry.messageBytes : 0);
    const toolBytes =
      entry && turn.tools === before?.tools ? entry.toolBytes : Buffer.byteLength(JSON.stringify(turn.tools));
    const bytes = messageBytes + toolBytes;
    if (bytes > limits.sessionBytes || messages.length > limits.sessionMessages) {
      throw new ProxyError('store_full', 'This session has reached its size limit. Start a new one.');
    }
    this.#makeRoom(name, bytes - (entry?.bytes ?? 0), entry === undefined);

    const atMs = now();
    const session: Session = {
      key,
      version: options.expectedVersion + 1,
      createdAtMs: before?.createdAtMs ?? atMs,
      updatedAtMs: atMs,
      model: turn.model,
      dialect: before?.dialect ?? turn.dialect,
      system: turn.system,
      messages,
      tools: turn.tools,
      cut: turn.cut,
    };
    const next = entry ?? {
      session,
      bytes: 0,
      messageBytes: 0,
      toolBytes: 0,
      usedAtMs: atMs,
      turnIds: new Map<string, number>(),
      marks: new Set<string>(),
    };
    this.#bytes += bytes - next.bytes;
    next.session = session;
    next.bytes = bytes;
    next.messageBytes = messageBytes;
    next.toolBytes = toolBytes;
    next.turnIds.set(turn.id, session.version);
    for (const oldest of next.turnIds.keys()) {
      if (next.turnIds.size <= rememberedTurns) break;
      next.turnIds.delete(oldest);
    }
    this.#touch(name, next);
    const owned = this.#byOwner.get(key.owner) ?? new Map<string, Entry>();
    owned.delete(name);
    owned.set(name, next);
    this.#byOwner.set(key.owner, owned);
    this.#tombstones.delete(name);
    // A mark keeps its turn: with a history or a system text that was replaced, that would be counted nowhere.
    const isReplaced =
      before && (turn.keep < before.messages.length || !isSameText(before.system, turn.system));
    if (isReplaced) this.#forgetMarks(next);
    this.#mark(name, next, turn);
    return { status: 'appended', version: session.version };
  }

  async recall(space: Space, markKey: string): Promise<Recalled | undefined> {
    this.#checkOpen();
    this.#sweep();
    const marked = this.#marked.get(nameOf({ ...space, id: markKey }));
    const session = marked && this.#entries.get(marked.name)?.session;
    if (!marked || !session || marked.expiresAtMs <= this.#options.now()) return undefined;
    return { turn: marked.turn, version: marked.version, session };
  }

  async list({ owner, user, limit, after }: ListOptions): Promise<SessionPage> {
    this.#checkOpen();
    this.#sweep();
    const newestFirst = [...(this.#byOwner.get(owner)?.values() ?? [])]
      .reverse()
      .map(entry => entry.session)
      .filter(session => user === undefined || (session.key.user ?? '') === user);
    let start = 0;
    if (after) {
      const last = newestFirst.findIndex(({ key }) => key.id === after.id && key.user === after.user);
      if (last === -1) {
        throw new ProxyError('invalid_value', 'No session stands at this place of the list.', {
          param: 'after',
        });
      }
      start = last + 1;
    }
    return {
      sessions: newestFirst.slice(start, start + limit).map(summaryOf),
      hasMore: newestFirst.length > start + limit,
    };
  }

  async find(owner: string, id: string): Promise<readonly Space[]> {
    this.#checkOpen();
    this.#sweep();
    const spaces: Space[] = [];
    for (const { session } of this.#byOwner.get(owner)?.values() ?? [])
      if (session.key.id === id) spaces.push(session.key);
    return spaces;
  }

  async delete(key: SessionKey): Promise<boolean> {
    this.#checkOpen();
    return this.#remove(nameOf(key));
  }

  async check(): Promise<void> {
    this.#checkOpen();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#entries.clear();
    this.#byOwner.clear();
    this.#tombstones.clear();
    this.#marked.clear();
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new ProxyError('store_unavailable', 'The session store is closed.');
  }

  #mark(name: string, entry: Entry, turn: Turn): void {
    if (!turn.mark) return;
    const { limits, now } = this.#options;
    const key = nameOf({ ...entry.session.key, id: turn.mark.key });
    this.#forgetMark(key);
    const { version } = entry.session;
    // Nobody asks an old answer for its tools.
    this.#marked.set(key, {
      name,
      turn: { ...turn, tools: [] },
      version,
      expiresAtMs: now() + turn.mark.ttlMs,
    });
    entry.marks.add(key);
    for (const oldest of this.#marked.keys()) {
      if (this.#marked.size <= limits.idempotencyRecords) break;
      this.#forgetMark(oldest);
    }
  }

  #forgetMark(key: string): void {
    const marked = this.#marked.get(key);
    if (!marked) return;
    this.#marked.delete(key);
    this.#entries.get(marked.name)?.marks.delete(key);
  }

  #forgetMarks({ marks }: Entry): void {
    for (const key of marks) this.#marked.delete(key);
    marks.clear();
  }

  #isDue(entry: Entry | undefined): boolean {
    const { limits, now } = this.#options;
    return entry !== undefined && now() - entry.usedAtMs >= limits.sessionIdleMs;
  }

  #touch(name: string, entry: Entry): void {
    entry.usedAtMs = this.#options.now();
    this.#entries.delete(name);
    this.#entries.set(name, entry);
  }

  #remove(name: string): boolean {
    const entry = this.#entries.get(name);
    if (!entry) return false;
    const { owner } = entry.session.key;
    this.#entries.delete(name);
    this.#bytes -= entry.bytes;
    const owned = this.#byOwner.get(owner);
    owned?.delete(name);
    if (owned?.size === 0) this.#byOwner.delete(owner);
    this.#forgetMarks(entry);
    return true;
  }

  #bury(name: string): void {
    const { limits, now } = this.#options;
    this.#remove(name);
    this.#tombstones.set(name, now());
    for (const oldest of this.#tombstones.keys()) {
      if (this.#tombstones.size <= limits.tombstones) break;
      this.#tombstones.delete(oldest);
    }
  }

  /** Both maps are in order of time, so that this looks only at what is due and at one more. */
  #sweep(): void {
    const { limits, now, isBusy } = this.#options;
    const atMs = now();
    for (const [name, { usedAtMs, session }] of this.#entries) {
      if (atMs - usedAtMs < limits.sessionIdleMs) break;
      if (!isBusy(session.key)) this.#bury(name);
    }
    for (const [name, expiredAtMs] of this.#tombstones) {
      if (atMs - expiredAtMs < limits.tombstoneMs) break;
      this.#tombstones.delete(name);
    }
  }

  /** The longest unused go, as few as will do; nobody goes for what does not fit all the same. */
  #makeRoom(name: string, addedBytes: number, isNew: boolean): void {
    const { limits, isBusy } = this.#options;
    let bytes = this.#bytes + addedBytes;
    let sessions = this.#entries.size + (isNew ? 1 : 0);
    const fits = () => bytes <= limits.sessionStoreBytes && sessions <= limits.sessions;
    const leaving: string[] = [];
    for (const [other, entry] of this.#entries) {
      if (fits()) break;
      if (other === name || isBusy(entry.session.key)) continue;
      leaving.push(other);
      bytes -= entry.bytes;
      sessions -= 1;
    }
    if (!fits()) {
      throw new ProxyError('store_full', 'The session store is full, and every session in it is in use.');
    }
    for (const other of leaving) this.#bury(other);
  }
}

/** Ids, marks and owners hold no line break; `user` may hold anything, so it comes last. */
function nameOf({ owner, user, id }: SessionKey): string {
  return `${owner}\n${id}\n${user === undefined ? '' : `u${user}`}`;
}

/** Bytes in memory, roughly: strings at their UTF-8 length, and what carries them. */
function sizeOf(messages: readonly Message[]): number {
  let bytes = 0;
  for (const message of messages) bytes += Buffer.byteLength(JSON.stringify(message)) + messageOverheadBytes;
  return bytes;
}

function isSameText(before: readonly Message[], now: readonly Message[]): boolean {
  return before === now || (before.length === 0 && now.length === 0);
}
