// The session that a path names, among all of its owner's spaces.
import { ProxyError } from '../conversation/errors.ts';
import { isSessionId, type Session, sessionNotFound } from '../conversation/session.ts';
import type { SessionStore } from '../store/session-store.ts';

export interface NamedSession {
  readonly owner: string;
  readonly id: string;
  /** Narrows to one space; the empty string is the space without `user`. */
  readonly user: string | undefined;
}

/** @throws ProxyError `session_not_found`; `invalid_request` where it must be said whose is meant */
export async function findSession(store: SessionStore, { owner, id, user }: NamedSession): Promise<Session> {
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
  const found = await store.read({ owner: space.owner, user: space.user, id });
  if (found.status !== 'found') throw sessionNotFound(id, found.status === 'expired');
  return found.session;
}
