// A place in the list: an id, and its `user` where there is one. `@` stands in no id. UTF-16, since 0.1 took users of
// halves of surrogate pairs, which UTF-8 does not have.
import type { SessionSummary } from '../store/session-store.ts';

export interface Place {
  readonly id: string;
  readonly user: string | undefined;
}

export function writeCursor({ id, user }: Pick<SessionSummary, 'id' | 'user'>): string {
  return user === undefined ? id : `${id}@${Buffer.from(user, 'utf16le').toString('base64url')}`;
}

export function readCursor(cursor: string): Place {
  const [id = '', user] = cursor.split('@');
  return { id, user: user === undefined ? undefined : Buffer.from(user, 'base64url').toString('utf16le') };
}
