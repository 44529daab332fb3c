// The session that a path names, among all of its owner's spaces.
import { ProxyError } from '../conversation/errors.ts';
import { isSessionId, type Session, type SessionKey, sessionNotFound } from '../conversation/session.ts';
import type { SessionStore } from '../store/session-store.ts';

export interface NamedSession {
  readonly owner: string;
  readonly id: string;
  /** Narrows to one space; the empty string is the space without `user`. */
  readonly user: string | undefined;
}

/**
 * Where it is, without reading it: what is damaged is found, too.
 * @throws ProxyError `session_not_found`; `invalid_request` where it must be said whose is meant
 */
export async function findKey(store: SessionStore, { owner, id, user }: NamedSession): Promise<SessionKey> {
  if (!isSessionId(id)) throw sessionNotFound(id.slice(0, 128));
  const spaces = (await store.find(owner, id)).filter(
    space => user === undefined || (space.user ?? '') === user,
  );
  const [space, ...others] = spaces;
  if (!space) {
    const { status } = await store.read({ owner, user: user || undefined, id });
    throw sessionNotFound(id, status === 'expired');
  }
  // A client's own name may be used once for each `user`; which one is meant must be said, not guessed.
  if (others.length > 0) {
    throw new ProxyError('invalid_request', 'Several users have a session of this name: add ?user=.', {
      param: 'user',
    });
  }
  return { owner: space.owner, user: space.user, id };
}

/** @throws ProxyError as `findKey` */
export async function findSession(store: SessionStore, named: NamedSession): Promise<Session> {
  const key = await findKey(store, named);
  const found = await store.read(key);
  if (found.status !== 'found') throw sessionNotFound(key.id, found.status === 'expired');
  return found.session;
}
