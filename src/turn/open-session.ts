// Which session a request speaks to: found, begun, or refused. Never silent amnesia, never another's.
import type { SessionChoice } from '../conversation/chat-request.ts';
import { ProxyError } from '../conversation/errors.ts';
import {
  isMadeSessionId,
  type Session,
  type SessionKey,
  type Space,
  sessionNotFound,
} from '../conversation/session.ts';
import type { SessionStore } from '../store/session-store.ts';
import type { SessionGate } from './session-gate.ts';

export type SessionState = 'new' | 'continued' | 'forked' | 'none';

export interface OpenSession {
  readonly state: SessionState;
  /** Where the turn will be stored; undefined where nothing is. */
  readonly key: SessionKey | undefined;
  /** As it stands; undefined where the turn begins it. */
  readonly session: Session | undefined;
  /** Whether the client counts on the session: it named one, or speaks its dialect. */
  readonly isNeeded: boolean;
  /** Lets the session's next turn in. To be called however the turn ends. */
  readonly release: () => void;
}

export interface OpenSessionOptions {
  readonly store: SessionStore | undefined;
  readonly gate: SessionGate;
  readonly makeSessionId: () => string;
  readonly signal: AbortSignal;
}

/** @throws ProxyError `session_not_found`, `conversation_locked`, `sessions_disabled`, `store_unavailable` */
export async function openSession(
  choice: SessionChoice,
  space: Space,
  { store, gate, makeSessionId, signal }: OpenSessionOptions,
): Promise<OpenSession> {
  const isNeeded = choice.id !== undefined || choice.dialect === 'session';
  if (!store) {
    if (isNeeded) {
      throw new ProxyError(
        'sessions_disabled',
        'This proxy keeps no sessions. Send the whole conversation instead.',
        {
          param: choice.id === undefined ? 'message' : 'sessionId',
        },
      );
    }
    return { state: 'none', key: undefined, session: undefined, isNeeded, release: () => {} };
  }
  const fresh = (): OpenSession => {
    const key = { owner: space.owner, user: space.user, id: makeSessionId() };
    // Nobody else knows the id yet, so nobody can be in the way.
    return { state: 'new', key, session: undefined, isNeeded, release: () => {} };
  };
  if (choice.id === undefined) return fresh();

  const key: SessionKey = { owner: space.owner, user: space.user, id: choice.id };
  const release = await gate.enter(key, signal);
  try {
    signal.throwIfAborted();
    const read = await store.read(key);
    if (read.status === 'found') return { state: 'continued', key, session: read.session, isNeeded, release };
    if (!isBegunBy(choice, read.status)) throw sessionNotFound(choice.id, read.status === 'expired');
    if (!isMadeSessionId(choice.id)) return { state: 'new', key, session: undefined, isNeeded, release };
  } catch (error) {
    release();
    throw error;
  }
  release();
  return fresh();
}

/** Nothing is lost where the client brings the whole conversation; a name of its own that is unused is free. */
export function isBegunBy({ dialect, id }: SessionChoice, status: 'missing' | 'expired' | 'found'): boolean {
  return dialect === 'transcript' || (status === 'missing' && id !== undefined && !isMadeSessionId(id));
}
