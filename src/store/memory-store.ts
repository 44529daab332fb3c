// Sessions in this process. Gone with it; durable and shared stores keep the same contract (session-store.ts).
import { ProxyError } from '../conversation/errors.ts';
import { History } from '../conversation/history.ts';
import type { Message } from '../conversation/message.ts';
import type { Session, SessionKey, Space, Turn } from '../conversation/session.ts';
import { HintIndex } from './hint-index.ts';
import { hintOf, hintsOf } from './hint-names.ts';
import { MarkedTurns } from './marked-turns.ts';
import { nameOf, type Resident, type ResidentOptions, ResidentSessions } from './resident-sessions.ts';
import {
  type AppendResult,
  type ListOptions,
  type ReadResult,
  type Recalled,
  type SessionPage,
  type SessionStore,
  summaryOf,
} from './session-store.ts';
import { hintBytes, placeBytes, weighTools } from './weigh.ts';

export interface MemoryStoreOptions {
  readonly limits: ResidentOptions['limits'] & {
    readonly sessionBytes: number;
    readonly sessionMessages: number;
    readonly idempotencyRecords: number;
  };
  readonly now: () => number;
  /** A session whose turn is running is never pushed out to make room. */
  readonly isBusy: (key: SessionKey) => boolean;
}

/** What a turn brings to the session that is there (`resident`), or that goes on (`going`). */
interface Bringing {
  readonly turn: Turn;
  /** What stays before it. */
  readonly base: History;
  readonly said: readonly Message[];
  readonly hints: number;
  readonly resident: Resident | undefined;
  readonly going: Resident | undefined;
}

type Sizes = Pick<Resident, 'messageBytes' | 'toolBytes' | 'hints'>;

const rememberedTurns = 64;
const sweepMs = 30_000;
const maxNotes = 100;

export class MemoryStore implements SessionStore {
  readonly #options: MemoryStoreOptions;
  readonly #sessions: ResidentSessions;
  readonly #hints = new HintIndex<Resident>();
  readonly #marked: MarkedTurns<Resident>;
  readonly #notes = new Map<string, string>();
  readonly #timer: NodeJS.Timeout;
  #isClosed = false;

  constructor(options: MemoryStoreOptions) {
    this.#options = options;
    this.#sessions = new ResidentSessions({
      ...options,
      heldBeside: resident => this.#marked.heldFor(resident),
      onRemove: resident => {
        this.#hints.remove(resident);
        this.#marked.forgetAll(resident);
      },
    });
    this.#marked = new MarkedTurns(options.limits.idempotencyRecords, this.#sessions.held);
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
    // Whoever asks for a turn holds the session already, so that the sweep took it for busy.
    if (sessions.isDue(resident)) return { status: 'expired' };
    if (!resident) return { status: sessions.isBuried(key) ? 'expired' : 'missing' };
    return { status: 'found', session: resident.session };
  }

  async append(
    key: SessionKey,
    turn: Turn,
    { expectedVersion }: { readonly expectedVersion: number },
  ): Promise<AppendResult> {
    const sessions = this.#opened();
    // Begun anew over one that expired: the sweep took it for busy, since this turn holds it.
    if (expectedVersion === 0 && sessions.isDue(sessions.get(key))) sessions.bury(key);
    const resident = sessions.get(key);
    const knownVersion = resident?.turnIds.get(turn.id);
    if (knownVersion !== undefined) return { status: 'duplicate', version: knownVersion };
    const before = resident?.session;
    if ((before?.version ?? 0) !== expectedVersion) return { status: 'conflict' };

    const base = (before?.messages ?? turn.parent?.messages ?? History.empty).take(turn.keep);
    const isCut = before !== undefined && base.length < before.messages.length;
    const leftBehindId = isCut ? turn.leftBehindId : undefined;
    if (leftBehindId !== undefined && sessions.get({ ...key, id: leftBehindId }))
      return { status: 'conflict' };
    // The one that is there goes on; where its messages stay behind, another one begins.
    const going = leftBehindId === undefined ? resident : undefined;
    const said = [...turn.added, turn.reply.message];
    const hints = hintsOf(key, turn);
    const sizes = this.#hold({ turn, base, said, hints: hints.length, resident, going });

    const turnIds = rememberTurn(resident?.turnIds ?? new Map(), turn.id, expectedVersion + 1);
    if (resident && leftBehindId !== undefined) sessions.rename(resident, leftBehindId);
    // A branch has a list of its own: what it adds would stay in its parent's for as long as that lives.
    const messages = going ? base.append(said) : History.of([...base, ...said]);
    const session = this.#next(key, turn, before, messages, leftBehindId);
    const used = sessions.put(going, { session, turnIds, ...sizes });
    this.#mark(used, turn);
    this.#hints.add(used, hints);
    return { status: 'appended', version: session.version };
  }

  async recall(space: Space, markKey: string): Promise<Recalled | undefined> {
    this.#opened();
    const marked = this.#marked.find(nameOf({ ...space, id: markKey }), this.#options.now());
    return marked && { turn: marked.turn, version: marked.version, session: marked.owner.session };
  }

  async findByAnchor(space: Space, anchor: string, limit: number): Promise<readonly Session[]> {
    return this.#find(hintOf(space, 'anchor', anchor), limit);
  }

  async findByCallIds(space: Space, ids: readonly string[], limit: number): Promise<readonly Session[]> {
    const found = new Set<Session>();
    for (const id of ids) {
      for (const session of this.#find(hintOf(space, 'call', id), limit)) found.add(session);
      if (found.size >= limit) break;
    }
    return [...found].slice(0, limit);
  }

  async list({ owner, user, label, branches, limit, after }: ListOptions): Promise<SessionPage> {
    const families = new Set<string>();
    const listed: Session[] = [];
    let isBehind = after === undefined;
    for (const session of this.#opened().ofOwner(owner)) {
      const { key, rootId } = session;
      if (user !== undefined && (key.user ?? '') !== user) continue;
      if (label !== undefined && session.label !== label) continue;
      const family = nameOf({ ...key, id: rootId });
      if (isBehind && (branches || !families.has(family))) listed.push(session);
      families.add(family);
      if (key.id === after?.id && key.user === after.user) isBehind = true;
    }
    if (!isBehind) {
      throw new ProxyError('invalid_value', 'No session stands at this place of the list.', {
        param: 'after',
      });
    }
    return { sessions: listed.slice(0, limit).map(summaryOf), hasMore: listed.length > limit };
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
    this.#notes.clear();
  }

  #opened(): ResidentSessions {
    if (this.#isClosed) throw new ProxyError('store_unavailable', 'The session store is closed.');
    this.#sessions.sweep();
    this.#marked.sweep(this.#options.now());
    return this.#sessions;
  }

  /** Holds what a turn brings, lets go of what it replaces, and makes room; or nothing of all this. */
  #hold({ turn, base, said, hints, resident, going }: Bringing): Sizes {
    const { held } = this.#sessions;
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
      if (mark && reply.logprobs) bytes += held.bytesOf([reply.logprobs]);
      this.#sessions.makeRoom({ isNew: going === undefined, bytes, replaced, kept: resident });
      held.release(replaced);
      return { messageBytes, toolBytes, hints: hints + (going?.hints ?? 0) };
    } catch (error) {
      held.release(brought);
      throw error;
    }
  }

  #checkSize(messages: number, bytes: number): void {
    const { limits } = this.#options;
    if (messages > limits.sessionMessages || bytes > limits.sessionBytes)
      throw new ProxyError('store_full', 'This session has reached its size limit. Start a new one.');
  }

  #next(
    key: SessionKey,
    turn: Turn,
    before: Session | undefined,
    messages: History,
    leftBehindId: string | undefined,
  ): Session {
    const { model, system, tools, cut, parent } = turn;
    const first = before ?? turn;
    const atMs = this.#options.now();
    return {
      key,
      version: (before?.version ?? 0) + 1,
      createdAtMs: before?.createdAtMs ?? atMs,
      updatedAtMs: atMs,
      model,
      dialect: first.dialect,
      label: first.label,
      parentId: leftBehindId ?? (before ? before.parentId : parent?.id),
      rootId: before?.rootId ?? parent?.rootId ?? key.id,
      system,
      messages,
      tools,
      cut,
    };
  }

  /** The latest used first. Very many may have begun alike, so that they are not sorted. */
  #find(hint: string, limit: number): Session[] {
    this.#opened();
    const latest: Resident[] = [];
    let earliest = 0;
    for (const resident of this.#hints.find(hint)) {
      if (resident.use < earliest) continue;
      latest.push(resident);
      latest.sort((a, b) => b.use - a.use).splice(limit);
      if (latest.length === limit) earliest = latest.at(-1)?.use ?? 0;
    }
    return latest.map(({ session }) => session);
  }

  #mark(owner: Resident, turn: Turn): void {
    if (!turn.mark) return;
    const { key, version } = owner.session;
    const expiresAtMs = this.#options.now() + turn.mark.ttlMs;
    this.#marked.add(nameOf({ ...key, id: turn.mark.key }), { owner, turn, version, expiresAtMs });
  }
}

function rememberTurn(turnIds: Map<string, number>, id: string, version: number): Map<string, number> {
  turnIds.set(id, version);
  for (const oldest of turnIds.keys()) {
    if (turnIds.size <= rememberedTurns) break;
    turnIds.delete(oldest);
  }
  return turnIds;
}
