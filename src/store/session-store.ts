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
// R12 An idle session expires, is really freed and leaves a tombstone; a deleted one leaves nothing.
// R13 A session is found by each anchor that its turns left and by the ids of the calls of its replies, while it lives.
// R14 A branch holds what it shares and what it adds; neither side sees what the other adds, or misses what it deletes.
// R15 A note is read as it was last written.
import type { Session, SessionKey, Space, Turn } from '../conversation/session.ts';

export type ReadResult =
  | { readonly status: 'found'; readonly session: Session }
  | { readonly status: 'missing' }
  | { readonly status: 'expired' };

export type AppendResult =
  | { readonly status: 'appended'; readonly version: number }
  | { readonly status: 'duplicate'; readonly version: number }
  | { readonly status: 'conflict' };

export interface Recalled {
  readonly turn: Turn;
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

export interface SessionStore {
  read(key: SessionKey): Promise<ReadResult>;
  /**
   * Appends one whole turn. `expectedVersion` 0 makes the session. A `leftBehindId` that is taken is a conflict.
   * @throws ProxyError `store_full` where a limit is reached, `store_unavailable` where the store is broken.
   */
  append(key: SessionKey, turn: Turn, options: { readonly expectedVersion: number }): Promise<AppendResult>;
  /** The turn that was stored under this mark. */
  recall(space: Space, markKey: string): Promise<Recalled | undefined>;
  /** Sessions that hold this anchor, the latest used first. A hint: whoever uses it compares. */
  findByAnchor(space: Space, anchor: string, limit: number): Promise<readonly Session[]>;
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

export function summaryOf({
  key,
  model,
  createdAtMs,
  updatedAtMs,
  messages,
  system,
  label,
  parentId,
}: Session): SessionSummary {
  const messageCount = system.length + messages.length;
  return { id: key.id, user: key.user, model, createdAtMs, updatedAtMs, messageCount, label, parentId };
}
