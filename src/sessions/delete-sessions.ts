// All sessions of an owner, or of one `user`, page by page; branches as well.
import { ProxyError, toProxyError } from '../conversation/errors.ts';
import type { ListOptions, SessionStore } from '../store/session-store.ts';

/** Also how many are deleted at the same time: a durable store writes them to disk together. */
const pageSize = 100;
/** Somebody else may be deleting the same, or a list may lag behind. */
const maxVainPages = 5;

/** @returns how many there were. @throws ProxyError with `details.deleted`; the same request goes on from there */
export async function deleteSessions(
  store: SessionStore,
  whose: Pick<ListOptions, 'owner' | 'user'>,
): Promise<number> {
  let deleted = 0;
  let vainPages = 0;
  const failed = (code: ProxyError['code'], cause?: unknown) =>
    new ProxyError(code, `Not all sessions could be deleted, only ${deleted}. Repeat the request to go on.`, {
      details: { deleted },
      cause,
      shouldRetry: true,
    });
  while (vainPages < maxVainPages) {
    const before = deleted;
    const errors: unknown[] = [];
    try {
      const { sessions } = await store.list({ ...whose, branches: true, limit: pageSize });
      if (sessions.length === 0) return deleted;
      const deletions = sessions.map(async ({ id, user }) => {
        if (await store.delete({ owner: whose.owner, user, id })) deleted += 1;
      });
      for (const { status, ...end } of await Promise.allSettled(deletions))
        if (status === 'rejected' && 'reason' in end) errors.push(end.reason);
    } catch (error) {
      errors.push(error);
    }
    if (errors.length > 0) throw failed(toProxyError(errors[0]).code, errors[0]);
    vainPages = deleted === before ? vainPages + 1 : 0;
  }
  throw failed('store_unavailable');
}
