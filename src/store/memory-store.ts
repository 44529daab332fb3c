// Sessions in this process. Gone with it; durable and shared stores keep the same contract (session-store.ts).
import { ProxyError } from '../conversation/errors.ts';
import { History } from '../conversation/history.ts';
import type { Message } from '../conversation/message.ts';
import type { Session, SessionKey, Space, Turn } from '../conversation/session.ts';
import { Claims } from './claims.ts';
import { HintIndex } from './hint-index.ts';
import { hintOf, hintsOf } from './hint-names.ts';
import { Holds } from './holds.ts';
import { rememberTurn } from './known-turns.ts';
import { MarkedTurns } from './marked-turns.ts';
import { nextSession } from './next-session.ts';
import { pageOf } from './page-of.ts';
import type { Resident } from './resident.ts';
import { latestUsed, nameOf, type ResidentOptions, ResidentSessions } from './resident-sessions.ts';
import type {
  AppendOptions,
  AppendResult,
  Claim,
  ClaimRequest,
  Hinted,
  Lease,
  ListOptions,
  ReadResult,
  Recalled,
  SessionPage,
  SessionStore,
} from './session-store.ts';
import { hintBytes, placeBytes, weighTools } from './weigh.ts';

export interface MemoryStoreOptions {
  readonly limits: ResidentOptions['limits'] & {
    readonly sessionBytes: number;
    readonly sessionMessages: number;
    readonly transcriptIdleMs: number;
    readonly idempotencyRecords: number;
  };
  readonly now: () => number;
}

/** What a turn brings to the session that is there (`resident`), or that goes on (`going`). */
interface Bringing {
  readonly key: SessionKey;
  readonly turn: Turn;
  /** What stays before it. */
  readonly base: History;
  readonly said: readonly Message[];
  readonly hints: number;
  readonly resident: Resident | undefined;
  readonly going: Resident | undefined;
}

type Sizes = Pick<Resident, 'messageBytes' | 'toolBytes' | 'hints'>;

const sweepMs = 30_000;
const maxNotes = 100;
/** How much of all bytes answers to claims may take. */
const claimShare = 1 / 8;

export class MemoryStore implements SessionStore {
  readonly #options: MemoryStoreOptions;
  readonly #sessions: ResidentSessions;
  readonly #hints = new HintIndex<Resident>();
  readonly #marked: MarkedTurns<Resident>;
  readonly #holds: Holds;
  readonly #claims: Claims;
  readonly #notes = new Map<string, string>();
  readonly #timer: NodeJS.Timeout;
  #isClosed = false;

  constructor(options: MemoryStoreOptions) {
    this.#options = options;
    const { limits, now } = options;
    this.#holds = new Holds(now);
    this.#sessions = new ResidentSessions({
      limits,
      now,
      isHeld: key => this.#holds.isHeld(nameOf(key)),
      bytesBeside: () => this.#claims.bytes,
      heldBeside: resident => this.#marked.heldFor(resident),
      onRemove: resident => {
        this.#hints.remove(resident);
        this.#marked.forgetAll(resident);
      },
    });
    this.#marked = new MarkedTurns(limits.idempotencyRecords, ({ session }) => ({
      owner: session.key.owner,
      held: this.#sessions.heldOf(session.key.owner),
    }));
    this.#claims = new Claims({
      max: limits.idempotencyRecords,
      maxBytes: limits.sessionStoreBytes * claimShare,
      now,
      makeRoom: (owner, bytes) => this.#makeRoomBeside(owner, bytes),
    });
    this.#timer = setInterval(() => this.#opened(), sweepMs);
    this.#timer.unref();
  }

  /** As limited by `sessionStoreBytes`. */
  get bytes(): number {
    return this.#sessions.bytes;
  }

  async read(key: SessionKey): Promise<ReadResult> {
    const sessions = this.#opened();
    const resident = sessions.get(key);
    if (!resident) return { status: sessions.isBuried(key) ? 'expired' : 'missing' };
    return { status: 'found', session: resident.session };
  }

  async hold(key: SessionKey, lease: Lease): Promise<ReadResult | { readonly status: 'busy' }> {
    this.#opened();
    return this.#holds.take(nameOf(key), lease) ? this.read(key) : { status: 'busy' };
  }

  async letGo(key: SessionKey, holder: string): Promise<void> {
    this.#opened();
    this.#holds.letGo(nameOf(key), holder);
  }

  async append(key: SessionKey, turn: Turn, options: AppendOptions): Promise<AppendResult> {
    const { expectedVersion, holder } = options;
    const sessions = this.#opened();
    const name = nameOf(key);
    const resident = sessions.get(key);
    const knownVersion = resident?.turnIds.get(turn.id);
    if (knownVersion !== undefined) {
      this.#holds.letGo(name, holder);
      return { status: 'duplicate', version: knownVersion };
    }
    const before = resident?.session;
    if (this.#holds.isHeld(name, holder) || (before?.version ?? 0) !== expectedVersion)
      return { status: 'conflict' };

    const base = (before?.messages ?? turn.parent?.messages ?? History.empty).take(turn.keep);
    const isCut = before !== undefined && base.length < before.messages.length;
    const leftBehindId = isCut ? turn.leftBehindId : undefined;
    if (leftBehindId !== undefined && sessions.get({ ...key, id: leftBehindId }))
      return { status: 'conflict' };
    // The one that is there goes on; where its messages stay behind, another one begins.
    const going = leftBehindId === undefined ? resident : undefined;
    const said = [...turn.added, ...(turn.reply ? [turn.reply.message] : [])];
    const hints = hintsOf(key, turn);
    const sizes = this.#hold({ key, turn, base, said, hints: hints.length, resident, going });

    const turnIds = rememberTurn(resident?.turnIds ?? new Map(), turn.id, expectedVersion + 1);
    if (resident && leftBehindId !== undefined) sessions.rename(resident, leftBehindId);
    // A branch has a list of its own: what it adds would stay in its parent's for as long as that lives.
    const messages = going ? base.append(said) : History.of([...base, ...said]);
    const { limits, now } = this.#options;
    const session = nextSession(key, { turn, before, messages, leftBehindId, atMs: now(), limits });
    const used = sessions.put(going, { session, turnIds, ...sizes });
    this.#mark(used, turn);
    this.#hints.add(used, hints);
    this.#holds.letGo(name, holder);
    return { status: 'appended', version: session.version };
  }

  async setIdle(key: SessionKey, idleMs: number | undefined): Promise<boolean> {
    const sessions = this.#opened();
    const resident = sessions.get(key);
    if (resident) sessions.setIdle(resident, idleMs);
    return resident !== undefined;
  }

  async recall(space: Space, markKey: string): Promise<Recalled | undefined> {
    this.#opened();
    const marked = this.#marked.find(nameOf({ ...space, id: markKey }), this.#options.now());
    return marked && { turn: marked.turn, version: marked.version, session: marked.owner.session };
  }

  async claim(space: Space, key: string, request: ClaimRequest): Promise<Claim> {
    this.#opened();
    return this.#claims.claim(nameOf({ ...space, id: key }), request);
  }

  async settle(
    space: Space,
    key: string,
    holder: string,
    answer?: { readonly text: string; readonly ttlMs: number },
  ): Promise<void> {
    this.#opened();
    this.#claims.settle(space.owner, nameOf({ ...space, id: key }), holder, answer);
  }

  async findIdsByAnchors(space: Space, anchors: readonly string[], limit: number): Promise<Hinted[]> {
    this.#opened();
    return anchors.map(anchor => {
      const found = this.#find(hintOf(space, 'anchor', anchor), limit + 1);
      return { ids: found.slice(0, limit).map(({ key }) => key.id), isAll: found.length <= limit };
    });
  }

  async findByCallIds(space: Space, ids: readonly string[], limit: number): Promise<readonly Session[]> {
    this.#opened();
    const found = new Set<Session>();
    for (const id of ids) {
      for (const session of this.#find(hintOf(space, 'call', id), limit)) found.add(session);
      if (found.size >= limit) break;
    }
    return [...found].slice(0, limit);
  }

  async list(options: ListOptions): Promise<SessionPage> {
    return pageOf(this.#opened().ofOwner(options.owner), options);
  }

  async find(owner: string, id: string): Promise<readonly Space[]> {
    return this.#opened()
      .ofOwner(owner)
      .map(({ key }) => key)
      .filter(key => key.id === id)
      .reverse();
  }

  async delete(key: SessionKey): Promise<boolean> {
    return this.#opened().remove(key);
  }

  async readNote(name: string): Promise<string | undefined> {
    this.#opened();
    return this.#notes.get(name);
  }

  async writeNote(name: string, text: string): Promise<void> {
    this.#opened();
    if (!this.#notes.has(name) && this.#notes.size >= maxNotes)
      throw new ProxyError('store_full', 'The session store holds too many notes.');
    this.#notes.set(name, text);
  }

  async check(): Promise<void> {
    this.#opened();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#sessions.clear();
    this.#hints.clear();
    this.#marked.clear();
    this.#holds.clear();
    this.#claims.clear();
    this.#notes.clear();
  }

  #opened(): ResidentSessions {
    if (this.#isClosed) throw new ProxyError('store_unavailable', 'The session store is closed.');
    this.#holds.sweep();
    this.#claims.sweep();
    this.#sessions.sweep();
    this.#marked.sweep(this.#options.now());
    return this.#sessions;
  }

  /** Holds what a turn brings, lets go of what it replaces, and makes room; or nothing of all this. */
  #hold({ key, turn, base, said, hints, resident, going }: Bringing): Sizes {
    const { owner } = key;
    const held = this.#sessions.heldOf(owner);
    const { system, tools, mark, reply } = turn;
    const brought = [...(going ? [] : base), ...said, ...system];
    const cut = going?.session.messages.slice(base.length) ?? [];
    const replaced = [...cut, ...(going?.session.system ?? [])];
    held.hold(brought);
    try {
      const baseBytes = going ? going.messageBytes - held.bytesOf(cut) : held.bytesOf(base);
      const messageBytes = baseBytes + held.bytesOf(said);
      const toolBytes = going?.session.tools === tools ? going.toolBytes : weighTools(tools);
      const places = base.length + said.length;
      this.#checkSize(places, messageBytes + toolBytes + held.bytesOf(system));
      let bytes = (places - (going?.session.messages.length ?? 0)) * placeBytes + hints * hintBytes;
      bytes += toolBytes - (going?.toolBytes ?? 0);
      if (mark && reply?.logprobs) bytes += held.bytesOf([reply.logprobs]);
      this.#sessions.makeRoom({ owner, isNew: going === undefined, bytes, replaced, kept: resident });
      held.release(replaced);
      return { messageBytes, toolBytes, hints: hints + (going?.hints ?? 0) };
    } catch (error) {
      held.release(brought);
      this.#sessions.endIfEmpty(owner);
      throw error;
    }
  }

  /** For what is kept of an owner's requests and is no session. */
  #makeRoomBeside(owner: string, bytes: number): void {
    try {
      this.#sessions.makeRoom({ owner, isNew: false, bytes, replaced: [], kept: undefined });
    } finally {
      this.#sessions.endIfEmpty(owner);
    }
  }

  #checkSize(messages: number, bytes: number): void {
    const { limits } = this.#options;
    if (messages > limits.sessionMessages || bytes > limits.sessionBytes)
      throw new ProxyError('store_full', 'This session has reached its size limit. Start a new one.');
  }

  #find(hint: string, limit: number): Session[] {
    return latestUsed(this.#hints.find(hint), limit).map(({ session }) => session);
  }

  #mark(owner: Resident, turn: Turn): void {
    const { mark, reply } = turn;
    if (!mark || !reply) return;
    const { key, version } = owner.session;
    const expiresAtMs = this.#options.now() + mark.ttlMs;
    const answered = { ...turn, reply };
    this.#marked.add(nameOf({ ...key, id: mark.key }), { owner, turn: answered, version, expiresAtMs });
  }
}
