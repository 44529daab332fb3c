// Sessions, the newest first → one page of a list.
import { ProxyError } from '../conversation/errors.ts';
import type { Session } from '../conversation/session.ts';
import { nameOf } from './resident-sessions.ts';
import { type ListOptions, type SessionPage, summaryOf } from './session-store.ts';

/** @throws ProxyError `invalid_value` where `after` is no place in the list. */
export function pageOf(
  sessions: Iterable<Session>,
  { user, label, branches, limit, after }: ListOptions,
): SessionPage {
  const families = new Set<string>();
  const listed: Session[] = [];
  let isBehind = after === undefined;
  for (const session of sessions) {
    const { key, rootId } = session;
    if (user !== undefined && (key.user ?? '') !== user) continue;
    if (label !== undefined && session.label !== label) continue;
    const family = nameOf({ ...key, id: rootId });
    if (isBehind && (branches || !families.has(family))) listed.push(session);
    families.add(family);
    if (key.id === after?.id && key.user === after.user) isBehind = true;
  }
  if (!isBehind) {
    throw new ProxyError('invalid_value', 'No session stands at this place of the list.', {
      param: 'after',
    });
  }
  return { sessions: listed.slice(0, limit).map(summaryOf), hasMore: listed.length > limit };
}
