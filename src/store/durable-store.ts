// Sessions on disk or on another machine, with those in use in memory: what is kept elsewhere is texts, what is worked
// with stays here from turn to turn. Each call asks the records once, and is sent only what is new since then; they
// alone say what is, so that several processes can use one store.
import { digestOf } from '../conversation/digest.ts';
import { ProxyError } from '../conversation/errors.ts';
import { History } from '../conversation/history.ts';
import type { Message } from '../conversation/message.ts';
import { passOverDamaged } from '../conversation/pass-over-damaged.ts';
import type { Session, SessionKey, Space, Turn } from '../conversation/session.ts';
import { hintOf } from './hint-names.ts';
import { type Hot, type HotLimits, HotSessions } from './hot-sessions.ts';
import type { FoundRecord, OpenOptions, SessionRecord, SessionRecords, Stretch } from './records.ts';
import {
  type AppendOptions,
  type AppendResult,
  type Claim,
  type ClaimRequest,
  type Hinted,
  type Lease,
  type ListOptions,
  type ReadResult,
  type Recalled,
  type SessionPage,
  type SessionStore,
  summarize,
} from './session-store.ts';
import { bytesOf, bytesOfAll, corrupt, readMessages, SharedLists, writeMessages } from './stored-text.ts';
import { readCuts, readMarked, sessionOf, writeTurn } from './write-turn.ts';

export interface DurableStoreOptions {
  readonly limits: HotLimits & {
    readonly sessionBytes: number;
    readonly sessionMessages: number;
    readonly sessionIdleMs: number;
    readonly transcriptIdleMs: number;
    readonly ownerSessions: number;
    readonly ownerStoredBytes: number;
  };
}

export class DurableStore implements SessionStore {
  readonly #records: SessionRecords;
  readonly #limits: DurableStoreOptions['limits'];
  readonly #hot: HotSessions;
  readonly #lists = new SharedLists();
  /** Where lists of messages are stored, and how far. */
  readonly #stretches = new WeakMap<object, Stretch>();
  #isClosed = false;

  constructor(records: SessionRecords, { limits }: DurableStoreOptions) {
    this.#records = records;
    this.#limits = limits;
    this.#hot = new HotSessions(limits);
  }

  async read(key: SessionKey): Promise<ReadResult> {
    const opened = await this.#open(key);
    if (opened.status === 'busy') throw new Error('only who wants to hold a session is told that it is busy');
    return opened;
  }

  hold(key: SessionKey, lease: Lease): Promise<ReadResult | { readonly status: 'busy' }> {
    return this.#open(key, { lease });
  }

  async letGo(key: SessionKey, holder: string): Promise<void> {
    await this.#opened().letGo(key, holder);
  }

  async append(
    key: SessionKey,
    turn: Turn,
    { expectedVersion, holder }: AppendOptions,
  ): Promise<AppendResult> {
    const before = expectedVersion === 0 ? undefined : await this.#standing(key, expectedVersion);
    // Somebody was faster, or this turn is known: the records say which.
    const isKnown = expectedVersion === 0 || before !== undefined;
    const from = before?.session.messages ?? (expectedVersion === 0 ? turn.parent?.messages : undefined);
    const base = (from ?? History.empty).take(turn.keep);
    const said = [...turn.added, ...(turn.reply ? [turn.reply.message] : [])];
    const shared = expectedVersion === 0 ? this.#stretchOf(base) : undefined;
    const texts = await writeMessages(said);
    const record = writeTurn(key, turn, {
      before: before?.record,
      keep: before || !isKnown ? turn.keep : base.length,
      messages: before || shared || !isKnown ? texts : [...(await writeMessages(base)), ...texts],
      shared,
      lists: this.#lists,
      limits: this.#limits,
      isTooLarge: isKnown && this.#isTooLarge(base, said, turn),
    });
    const { ownerSessions, ownerStoredBytes } = this.#limits;
    const room = { sessions: ownerSessions, bytes: ownerStoredBytes };
    const options = { expectedVersion, holder, handle: before?.record.handle, room };
    let result = await this.#opened().append(key, record, options);
    if (result.status === 'unshared') {
      const messages = [...(await writeMessages(base)), ...texts];
      result = await this.#opened().append(key, { ...record, shared: undefined, messages }, options);
    }
    switch (result.status) {
      case 'appended':
        if (isKnown) this.#keep(key, turn, before, { base, said, record: result.record });
        else this.#hot.drop(key);
        return { status: 'appended', version: result.record.version };
      case 'duplicate':
        return result;
      case 'conflict':
        this.#hot.drop(key);
        return { status: 'conflict' };
      case 'too-large':
        throw new ProxyError('store_full', 'This session has reached its size limit. Start a new one.');
      case 'unshared':
        throw new Error('a turn that shares nothing was refused for what it shares');
    }
  }

  async setIdle(key: SessionKey, idleMs: number | undefined): Promise<boolean> {
    return this.#opened().setIdle(key, idleMs, idleMs ?? this.#limits.sessionIdleMs);
  }

  async recall(space: Space, markKey: string): Promise<Recalled | undefined> {
    const recalled = await this.#opened().recall(space, markKey);
    if (!recalled) return undefined;
    const [said, read] = await Promise.all([
      readMessages(recalled.messages),
      this.read({ ...space, id: recalled.id }),
    ]);
    if (read.status !== 'found') return undefined;
    return { turn: readMarked(recalled, said), version: recalled.version, session: read.session };
  }

  async claim(space: Space, key: string, request: ClaimRequest): Promise<Claim> {
    return this.#opened().claim(space, key, request);
  }

  async settle(
    space: Space,
    key: string,
    holder: string,
    answer?: { readonly text: string; readonly ttlMs: number },
  ): Promise<void> {
    await this.#opened().settle(space, key, holder, answer);
  }

  async findIdsByAnchors(
    space: Space,
    anchors: readonly string[],
    limit: number,
  ): Promise<readonly Hinted[]> {
    const hints = anchors.map(anchor => digestOf(hintOf(space, 'anchor', anchor)));
    const records = this.#opened();
    return hints.length === 0 ? [] : records.findByHints(space, hints, limit);
  }

  async findByCallIds(space: Space, ids: readonly string[], limit: number): Promise<readonly Session[]> {
    const records = this.#opened();
    if (ids.length === 0) return [];
    const hints = [...new Set(ids)].map(id => digestOf(hintOf(space, 'call', id)));
    const found = await records.findByHints(space, hints, limit);
    const sessions = [...new Set(found.flatMap(one => one.ids))].slice(0, limit);
    const read = await Promise.all(sessions.map(id => this.read({ ...space, id }).catch(passOverDamaged)));
    return read.flatMap(one => (one.status === 'found' ? [one.session] : []));
  }

  async list(options: ListOptions): Promise<SessionPage> {
    const { records, hasMore } = await this.#opened().list(options);
    const sessions = records.map(record => summarize(record, record.systemLength + record.length));
    return { sessions, hasMore };
  }

  async find(owner: string, id: string): Promise<readonly Space[]> {
    return this.#opened().find(owner, id);
  }

  async readNote(name: string): Promise<string | undefined> {
    return this.#opened().readNote(name);
  }

  async writeNote(name: string, text: string): Promise<void> {
    await this.#opened().writeNote(name, text);
  }

  async delete(key: SessionKey): Promise<boolean> {
    this.#hot.drop(key);
    return this.#opened().delete(key);
  }

  async check(): Promise<void> {
    await this.#opened().check();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#hot.clear();
    await this.#records.close();
  }

  #opened(): SessionRecords {
    if (this.#isClosed) throw new ProxyError('store_unavailable', 'The session store is closed.');
    return this.#records;
  }

  async #open(
    key: SessionKey,
    options: Pick<OpenOptions, 'lease'> = {},
  ): Promise<ReadResult | { readonly status: 'busy' }> {
    const hot = this.#hot.get(key);
    const opened = await this.#opened().open(key, { ...options, known: hot && knownOf(hot) });
    if (opened.status !== 'found') {
      if (opened.status !== 'busy') this.#hot.drop(key);
      return { status: opened.status };
    }
    const { session } = await this.#take(key, opened, hot);
    return { status: 'found', session };
  }

  /** The session as it stands at that version; nothing where it stands at another. */
  async #standing(key: SessionKey, version: number): Promise<Hot | undefined> {
    const hot = this.#hot.get(key);
    if (hot?.session.version === version) return hot;
    const opened = await this.#opened().open(key, { known: hot && knownOf(hot) });
    if (opened.status !== 'found') return undefined;
    const taken = await this.#take(key, opened, hot);
    return taken.session.version === version ? taken : undefined;
  }

  /** What the records say, and what is here of it already. */
  async #take(key: SessionKey, found: FoundRecord, hot: Hot | undefined): Promise<Hot> {
    const { record, from } = found;
    const isKnown = hot?.record.segment === record.segment && hot.session.messages.length === from;
    if (!isSameKey(record.key, key) || (from > 0 && !isKnown)) throw corrupt();
    if (hot && isSame(hot.record, record)) return hot;
    const rest = await readMessages(found.messages);
    const messages = isKnown && from > 0 ? hot.session.messages.append(rest) : History.of(rest);
    if (messages.length !== record.length) throw corrupt();
    const system = this.#list(record.system, found, hot) as Session['system'];
    const tools = this.#list(record.tools, found, hot) as Session['tools'];
    const cuts = hot && record.cuts === hot.record.cuts ? hot.session.cuts : readCuts(record);
    const session = sessionOf(record, { key, system, tools, cuts, messages });
    return this.#remember({ session, record });
  }

  /** Texts are known by their digests alone: no tools are the same text as no system messages. */
  #list(digest: string, { texts }: FoundRecord, hot: Hot | undefined): readonly unknown[] {
    const text = texts.find(one => one.digest === digest);
    if (text) return this.#lists.read(text);
    if (hot?.record.system === digest) return hot.session.system;
    if (hot?.record.tools === digest) return hot.session.tools;
    throw corrupt();
  }

  /** After an append, what was appended is what is stored. */
  #keep(
    key: SessionKey,
    { system, tools, cuts, leftBehindId }: Turn,
    before: Hot | undefined,
    { base, said, record }: { base: History; said: readonly Message[]; record: SessionRecord },
  ): void {
    const isLeft =
      before && leftBehindId !== undefined && before.session.messages.length > base.length
        ? { ...key, id: leftBehindId }
        : undefined;
    // A branch has a list of its own: what it adds would stay in its parent's for as long as that lives.
    const messages = before ? base.append(said) : History.of([...base, ...said]);
    if (messages.length !== record.length) {
      this.#hot.drop(key);
      return;
    }
    if (before && isLeft) {
      const left = { ...before.record, key: isLeft };
      this.#remember({ record: left, session: { ...before.session, key: isLeft } });
    }
    this.#remember({ record, session: sessionOf(record, { key, system, tools, cuts, messages }) });
  }

  #remember(hot: Hot): Hot {
    const { segment, length } = hot.record;
    this.#stretches.set(hot.session.messages.origin, { segment, length });
    this.#hot.put(hot);
    return hot;
  }

  #stretchOf(base: History): Stretch | undefined {
    const stretch = base.length > 0 ? this.#stretches.get(base.origin) : undefined;
    return stretch && stretch.length >= base.length ? { ...stretch, length: base.length } : undefined;
  }

  #isTooLarge(base: History, said: readonly Message[], { system, tools }: Turn): boolean {
    const { sessionBytes, sessionMessages } = this.#limits;
    if (base.length + said.length > sessionMessages) return true;
    const listBytes = this.#lists.bytesOf(system) + this.#lists.bytesOf(tools);
    const saidBytes = said.reduce((bytes, message) => bytes + bytesOf(message), 0);
    return bytesOfAll(base) + saidBytes + listBytes > sessionBytes;
  }
}

function knownOf({ session, record }: Hot) {
  const { segment, system, tools } = record;
  return { segment, length: session.messages.length, texts: [system, tools] };
}

function isSameKey(one: SessionKey, other: SessionKey): boolean {
  return one.owner === other.owner && one.user === other.user && one.id === other.id;
}

/** A session that was not used meanwhile; only its time may have been set. */
function isSame(one: SessionRecord, other: SessionRecord): boolean {
  return (
    one.handle === other.handle && one.version === other.version && one.expiresAtMs === other.expiresAtMs
  );
}
