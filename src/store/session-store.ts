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
}

export interface SessionPage {
  readonly sessions: readonly SessionSummary[];
  readonly hasMore: boolean;
}

export interface ListOptions {
  readonly owner: string;
  /** Narrows to one space; the empty string is the space without `user`. */
  readonly user?: string;
  readonly limit: number;
  /** Exclusive: the last session seen. */
  readonly after?: { readonly id: string; readonly user: string | undefined };
}

export interface SessionStore {
  read(key: SessionKey): Promise<ReadResult>;
  /**
   * Appends one whole turn. `expectedVersion` 0 makes the session.
   * @throws ProxyError `store_full` where a limit is reached, `store_unavailable` where the store is broken.
   */
  append(key: SessionKey, turn: Turn, options: { readonly expectedVersion: number }): Promise<AppendResult>;
  /** The turn that was stored under this mark. */
  recall(space: Space, markKey: string): Promise<Recalled | undefined>;
  /** All of an owner's sessions, newest first. */
  list(options: ListOptions): Promise<SessionPage>;
  /** The owner's sessions of that id, one for each `user` that used it. */
  find(owner: string, id: string): Promise<readonly Space[]>;
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
}: Session): SessionSummary {
  const messageCount = system.length + messages.length;
  return { id: key.id, user: key.user, model, createdAtMs, updatedAtMs, messageCount };
}
