// What a durable store keeps: plain values and JSON texts. `DurableStore` makes sessions of them and keeps those in use
// in memory; whoever implements this decides versions, holds and expiry, each call all or nothing, by one clock.
//
// Messages stand in segments. A segment only grows at its end; it begins where its parent segment is left, at a place
// that never changes afterwards. So a segment and a length name the same messages for ever, sessions share what they
// begin with, and a history that is cut goes on in a segment of its own. What no session, branch or mark reaches any
// more is deleted.
import type { SessionKey, Space } from '../conversation/session.ts';
import type { Claim, ClaimRequest, Hinted, Lease, ListOptions } from './session-store.ts';

/** The first so many messages of a segment, with those of the segments that it goes on from. */
export interface Stretch {
  readonly segment: string;
  readonly length: number;
}

/** A text that many sessions hold: stored once, named by its digest. */
export interface SharedText {
  readonly digest: string;
  readonly json: string;
}

/** Without the text where the session that a turn is appended to holds it already. */
export interface TextToHold {
  readonly digest: string;
  readonly json?: string | undefined;
}

export interface SessionRecord extends Stretch {
  /** Whose it is, as it stands inside the record. */
  readonly key: SessionKey;
  /** Unique for ever; stays when the session is left behind under another id. */
  readonly handle: string;
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly expiresAtMs: number;
  readonly idleMs?: number | undefined;
  readonly model: string;
  readonly dialect: 'session' | 'transcript';
  readonly label?: string | undefined;
  readonly parentId?: string | undefined;
  readonly rootId: string;
  /** Digests of shared texts. */
  readonly system: string;
  readonly tools: string;
  /** How many leading system messages there are. */
  readonly systemLength: number;
  /** Of the latest turns, as JSON. */
  readonly cuts?: string | undefined;
}

/** What the reader has already. */
export interface Known extends Stretch {
  readonly texts: readonly string[];
}

export interface FoundRecord {
  readonly status: 'found';
  readonly record: SessionRecord;
  /** The place of the first of `messages`: `known.length` where the segment is the known one, else 0. */
  readonly from: number;
  /** JSON, in order, up to the session's end. */
  readonly messages: readonly string[];
  /** The record's system text and tools, unless they are known. */
  readonly texts: readonly SharedText[];
}

export type OpenResult = FoundRecord | { readonly status: 'missing' | 'expired' | 'busy' };

export interface OpenOptions {
  readonly known?: Known | undefined;
  /** Holds the session as well, also one that is not there (R16). */
  readonly lease?: Lease | undefined;
}

export interface MarkRecord {
  readonly key: string;
  readonly ttlMs: number;
  /** All of the turn but its messages, system text and tools, as JSON. */
  readonly turn: string;
}

export interface TurnRecord {
  readonly id: string;
  readonly model: string;
  readonly dialect: 'session' | 'transcript';
  readonly label?: string | undefined;
  readonly system: TextToHold;
  readonly systemLength: number;
  readonly tools: TextToHold;
  readonly cuts?: string | undefined;
  /** How many messages stay before `messages`; all where there are not so many. */
  readonly keep: number;
  /** A session that begins as a branch. */
  readonly parent?: { readonly id: string; readonly rootId: string } | undefined;
  /** Where the first `keep` messages of a session that begins are stored already, as far as is known. */
  readonly shared?: Stretch | undefined;
  /** In place of `shared`: with the first `keep` messages in front. */
  readonly messages: readonly string[];
  readonly leftBehindId?: string | undefined;
  /** Digests (base64url, 128 bits or more) of names by which the session can be found, each with its space and kind. */
  readonly hints: readonly string[];
  readonly mark?: MarkRecord | undefined;
  /** Sets the session's own time where it begins. */
  readonly idleMs?: number | undefined;
  /** For how long it lives from now on, unless it has a time of its own. */
  readonly livesMs: number;
  /** Too large for a session: refused as `too-large`, unless it is a duplicate or in conflict. */
  readonly isTooLarge: boolean;
}

export interface AppendRecordOptions {
  readonly expectedVersion: number;
  /** The session that is meant; another one that took its name is a conflict. */
  readonly handle?: string | undefined;
  readonly holder?: string | undefined;
  /** More its owner may not have (R19). */
  readonly room?: OwnerRoom | undefined;
}

export interface OwnerRoom {
  readonly sessions: number;
  /** As they are stored; roughly, where nobody counts them. */
  readonly bytes: number;
}

export type AppendRecordResult =
  | { readonly status: 'appended'; readonly record: SessionRecord }
  | { readonly status: 'duplicate'; readonly version: number }
  | { readonly status: 'conflict' | 'too-large' }
  /** What was to be shared is not there as a whole: to be sent again with all messages. */
  | { readonly status: 'unshared' };

export interface RecalledRecord {
  readonly turn: string;
  /** The session's version with that turn. */
  readonly version: number;
  /** As the session is called now. */
  readonly id: string;
  readonly keep: number;
  /** What the turn added, its reply last. */
  readonly messages: readonly string[];
  readonly system: string;
}

export interface RecordPage {
  readonly records: readonly SessionRecord[];
  readonly hasMore: boolean;
}

/** Failures are ProxyErrors: `store_unavailable`, `store_full` (no room at all, or none for this owner), `store_corrupt` (of one session). */
export interface SessionRecords {
  open(key: SessionKey, options?: OpenOptions): Promise<OpenResult>;
  letGo(key: SessionKey, holder: string): Promise<void>;
  append(key: SessionKey, turn: TurnRecord, options: AppendRecordOptions): Promise<AppendRecordResult>;
  /** From its last turn on; `livesMs` where it is to have no time of its own. */
  setIdle(key: SessionKey, idleMs: number | undefined, livesMs: number): Promise<boolean>;
  recall(space: Space, markKey: string): Promise<RecalledRecord | undefined>;
  claim(space: Space, key: string, request: ClaimRequest): Promise<Claim>;
  settle(
    space: Space,
    key: string,
    holder: string,
    answer?: { readonly text: string; readonly ttlMs: number },
  ): Promise<void>;
  /** For each hint living sessions that left it, the latest used first, at most `limit`. */
  findByHints(space: Space, hints: readonly string[], limit: number): Promise<readonly Hinted[]>;
  /** @throws ProxyError `invalid_value` where `after` is no place in the list. */
  list(options: ListOptions): Promise<RecordPage>;
  find(owner: string, id: string): Promise<readonly Space[]>;
  readNote(name: string): Promise<string | undefined>;
  writeNote(name: string, text: string): Promise<void>;
  delete(key: SessionKey): Promise<boolean>;
  check(): Promise<void>;
  close(): Promise<void>;
}
