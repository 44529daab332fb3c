// A session: one conversation of one owner.

import type { Tool } from './chat-request.ts';
import { ProxyError } from './errors.ts';
import type { History } from './history.ts';
import type { Message, SystemMessage } from './message.ts';
import type { RememberedCut } from './remembered-cuts.ts';
import type { Reply } from './reply.ts';

/** Whose names these are. The OpenAI field `user` (else `safety_identifier`) parts an owner's sessions; absent is a space of its own. */
export interface Space {
  readonly owner: string;
  readonly user: string | undefined;
}

/** A session cannot be asked for without saying whose it is. */
export interface SessionKey extends Space {
  readonly id: string;
}

export interface Session {
  readonly key: SessionKey;
  /** 0 before the first turn, then +1 for each. */
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  /** Unless it is used before. */
  readonly expiresAtMs: number;
  /** How long it lives after its last turn, where that is not as long as all do. */
  readonly idleMs?: number | undefined;
  /** The last turn's. */
  readonly model: string;
  /** Which dialect began it. */
  readonly dialect: 'session' | 'transcript';
  /** The client's own session id, where its first turn came with one. */
  readonly label?: string | undefined;
  /** The session that it branched off from, or that it goes on in other words. */
  readonly parentId?: string | undefined;
  /** Of the first session of the family: its own id where it has no parent. */
  readonly rootId: string;
  /** The leading system messages, replaced as a whole. */
  readonly system: readonly SystemMessage[];
  /** Everything after them, in order. */
  readonly messages: History;
  /** The tools last offered. */
  readonly tools: readonly Tool[];
  /** What of `messages` the latest turns left out of their prompts. */
  readonly cuts?: readonly RememberedCut[] | undefined;
}

/** One exchange, stored whole or not at all. */
export interface Turn {
  /** Unique; appending the same one again changes nothing. */
  readonly id: string;
  readonly model: string;
  readonly dialect: 'session' | 'transcript';
  readonly system: readonly SystemMessage[];
  readonly tools: readonly Tool[];
  readonly cuts?: readonly RememberedCut[] | undefined;
  /** How many of the session's messages stay before `added`: all to append, 0 to replace the history. */
  readonly keep: number;
  /** Begins the session as a branch of another one, whose first `keep` messages it shares. */
  readonly parent?: Parent | undefined;
  /** Where the session was longer than `keep`: the id under which it stays as it was. */
  readonly leftBehindId?: string | undefined;
  readonly label?: string | undefined;
  /** The client gave the session its name, so that it will come back to it. */
  readonly isNamed?: boolean;
  /** Digests by which the session can be found from now on (anchor.ts). */
  readonly anchors?: readonly string[] | undefined;
  /** What the client said. */
  readonly added: readonly Message[];
  /** Absent where nobody was asked: a branch that only shares, a conversation that was brought from elsewhere. */
  readonly reply?: Reply;
  /** How long a session that this turn begins lives after its last one; undefined as all do. */
  readonly idleMs?: number | undefined;
  /** The id under which the answer was given out, and when. */
  readonly answerId: string;
  readonly createdAtMs: number;
  readonly mark?: TurnMark;
}

export interface Parent {
  readonly id: string;
  readonly rootId: string;
  readonly messages: History;
}

/** Makes a turn's answer recognisable when its request comes again. */
export interface TurnMark {
  /** The client's idempotency key, or one made of the request; unique in the space. */
  readonly key: string;
  /** A digest of the request. */
  readonly fingerprint: string;
  /** How long the answer can be given again. */
  readonly ttlMs: number;
}

/** What a request says about being a repeat. */
export interface Repetition extends TurnMark {
  /** `key`: the client's own idempotency key. `client`: a key made of the request, for the client's own repeats. */
  readonly source: 'key' | 'client';
  /** Whether this is a repeat, as far as the client tells; with a key of its own any request may be one. */
  readonly isRepeat: boolean;
}

/** `sess_…` are made by us; every other name is the client's own. */
export function isMadeSessionId(id: string): boolean {
  return id.startsWith('sess_');
}

/** Safe in a header, a path and a log line. */
export function isSessionId(id: string): boolean {
  return /^[A-Za-z0-9_-]{1,128}$/.test(id);
}

/** The same words whether a session never was, was deleted, or is another's. */
export function sessionNotFound(id: string, isExpired = false, param = 'sessionId'): ProxyError {
  return new ProxyError(
    'session_not_found',
    isExpired
      ? `Session '${id}' has expired. Start a new one, or send the whole conversation.`
      : `Session '${id}' not found.`,
    { param, ...(isExpired ? { details: { expired: true } } : {}) },
  );
}
