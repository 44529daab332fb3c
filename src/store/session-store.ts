// The memory of the house. Every store keeps this contract; test/contract runs one suite on each.
//
// R1  A read after an acknowledged append sees it.
// R2  An append is all or nothing, also across a kill where the store is durable.
// R3  The version rises by exactly one per append.
// R4  A wrong expected version changes nothing and answers `conflict`.
// R5  A known turn id changes nothing and answers `duplicate`.
// R6  Messages come back in order and as they were given.
// R7  One space never sees another's sessions.
// R8  Every limit is an error with a code, never silence; making room frees only what is idle.
// R9  Reads work when writes cannot.
// R10 After close() every call rejects and no timer keeps the process alive.
// R11 A marked turn is recalled by its mark's key until that is too old, or its session is gone.
// R12 An idle session that nobody holds expires, is really freed and leaves a tombstone; a deleted one leaves nothing.
// R13 A session is found by each anchor that its turns left and by the calls of its replies, also of those that it was
//     brought with, while it lives.
//     It is told whether these are all: others are kept back by the limit, forgotten, or cannot be read.
// R14 A branch holds what it shares and what it adds; neither side sees what the other adds, or misses what it deletes.
// R15 A note is read as it was last written.
// R16 A session is held by one at a time, until it is let go of or its holder was silent for too long.
// R17 Of requests with one key one runs; when it is done its answer is kept, when it failed the next one runs.
// R18 A session that was given a time of its own expires by that; a transcript that nobody went on with by the short
//     one, unless its client named it.
// R19 An owner has at most so many sessions and so many bytes: what would be more is refused (`store_full`) and changes
//     nothing; in memory its own longest unused go instead. What was deleted, replaced or expired no longer counts.
// R20 Where room is made for all, it is made by owners that take more than their share of it; no owner loses anything to
//     one that has more.
import type { Reply } from '../conversation/reply.ts';
import type { Session, SessionKey, Space, Turn } from '../conversation/session.ts';

export interface Hinted {
  readonly ids: readonly string[];
  /** No other was left out. */
  readonly isAll: boolean;
}

export type ReadResult =
  | { readonly status: 'found'; readonly session: Session }
  | { readonly status: 'missing' }
  | { readonly status: 'expired' };

/** Who holds, and for how long without another word. */
export interface Lease {
  /** Unique among all that share the store. */
  readonly holder: string;
  readonly ttlMs: number;
}

export interface ClaimRequest extends Lease {
  /** A digest of the request. */
  readonly fingerprint: string;
}

export type Claim =
  | { readonly status: 'claimed' }
  | { readonly status: 'running'; readonly fingerprint: string }
  | { readonly status: 'answered'; readonly fingerprint: string; readonly text: string };

export type AppendResult =
  | { readonly status: 'appended'; readonly version: number }
  | { readonly status: 'duplicate'; readonly version: number }
  | { readonly status: 'conflict' };

/** A turn with an answer. */
export type AnsweredTurn = Turn & { readonly reply: Reply };

export interface Recalled {
  readonly turn: AnsweredTurn;
  /** The session's version with that turn. */
  readonly version: number;
  /** As it stands now. */
  readonly session: Session;
}

export interface SessionSummary {
  readonly id: string;
  readonly user: string | undefined;
  readonly model: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly expiresAtMs: number;
  readonly messageCount: number;
  readonly label: string | undefined;
  readonly parentId: string | undefined;
}

export interface SessionPage {
  readonly sessions: readonly SessionSummary[];
  readonly hasMore: boolean;
}

export interface ListOptions {
  readonly owner: string;
  /** Narrows to one space; the empty string is the space without `user`. */
  readonly user?: string;
  /** Narrows to sessions that a client began under its own id. */
  readonly label?: string;
  /** All of a family, not only the newest. */
  readonly branches?: boolean;
  readonly limit: number;
  /** Exclusive: the last session seen, which may since have gone behind a newer one of its family. */
  readonly after?: { readonly id: string; readonly user: string | undefined };
}

export interface AppendOptions {
  /** 0 begins the session. */
  readonly expectedVersion: number;
  /** Who holds the session, where somebody does: it is let go of with the append. Another's hold is a conflict. */
  readonly holder?: string | undefined;
}

/** Everything may be refused with `store_unavailable`, and what is damaged with `store_corrupt`. */
export interface SessionStore {
  read(key: SessionKey): Promise<ReadResult>;
  /** Holds a session, whether it is there or not, and reads it; renews what the same holder holds. */
  hold(key: SessionKey, lease: Lease): Promise<ReadResult | { readonly status: 'busy' }>;
  /** Nothing where another holds it. */
  letGo(key: SessionKey, holder: string): Promise<void>;
  /**
   * Appends one whole turn. A `leftBehindId` that is taken is a conflict.
   * @throws ProxyError `store_full` where a limit is reached.
   */
  append(key: SessionKey, turn: Turn, options: AppendOptions): Promise<AppendResult>;
  /** For how long the session lives after its last turn; undefined as all do. False if there is none. */
  setIdle(key: SessionKey, idleMs: number | undefined): Promise<boolean>;
  /** The turn that was stored under this mark. */
  recall(space: Space, markKey: string): Promise<Recalled | undefined>;
  /** Claims a key for a request, or says what became of the one that came first; renews what the same holder claimed. */
  claim(space: Space, key: string, request: ClaimRequest): Promise<Claim>;
  /** Ends a claim. An answer is kept for so long; without one the next request may claim. Nothing where another claims. */
  settle(
    space: Space,
    key: string,
    holder: string,
    answer?: { readonly text: string; readonly ttlMs: number },
  ): Promise<void>;
  /** For each anchor sessions that hold it, the latest used first. A hint: whoever uses it compares. */
  findIdsByAnchors(space: Space, anchors: readonly string[], limit: number): Promise<readonly Hinted[]>;
  /** Sessions in which a reply made one of these calls, in the order of the ids. A hint as well. */
  findByCallIds(space: Space, ids: readonly string[], limit: number): Promise<readonly Session[]>;
  /** An owner's sessions, newest first; of each family the newest. */
  list(options: ListOptions): Promise<SessionPage>;
  /** The owner's sessions of that id, one for each `user` that used it. */
  find(owner: string, id: string): Promise<readonly Space[]>;
  /** Small things that belong to the proxy itself and to no owner. */
  readNote(name: string): Promise<string | undefined>;
  writeNote(name: string, text: string): Promise<void>;
  /** True if there was one. */
  delete(key: SessionKey): Promise<boolean>;
  /** Resolves if reads and writes work now; rejects with `store_unavailable` otherwise. */
  check(): Promise<void>;
  close(): Promise<void>;
}

type Summarized = Omit<SessionSummary, 'id' | 'user' | 'messageCount' | 'label' | 'parentId'> &
  Pick<Session, 'key' | 'label' | 'parentId'>;

export function summaryOf(session: Session): SessionSummary {
  return summarize(session, session.system.length + session.messages.length);
}

/** Whatever else is known of a session. */
export function summarize(session: Summarized, messageCount: number): SessionSummary {
  const { key, model, createdAtMs, updatedAtMs, expiresAtMs, label, parentId } = session;
  const { id, user } = key;
  return { id, user, model, createdAtMs, updatedAtMs, expiresAtMs, messageCount, label, parentId };
}
