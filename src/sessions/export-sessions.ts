// All sessions of an owner as JSON lines, one after the other: what is held meanwhile is their names, about a hundred
// bytes each, and one session.
import { setImmediate as otherWork } from 'node:timers/promises';
import { ProxyError } from '../conversation/errors.ts';
import type { SessionKey } from '../conversation/session.ts';
import type { ListOptions, SessionPage, SessionStore, SessionSummary } from '../store/session-store.ts';
import { jsonBytes } from '../streams/write-json.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { writeExport } from './write-session.ts';

export type Exported = Pick<ListOptions, 'owner' | 'user' | 'label'>;

const pageSize = 100;
/** So many times the list is begun anew because all of a page is gone. */
const maxRestarts = 10;

/** Those that have not been used for the longest time first: most often a branch comes after what it branched off. */
export async function listForExport(store: SessionStore, exported: Exported): Promise<SessionKey[]> {
  const names = new Set<string>();
  await walk(store, exported, names, false);
  // What was used meanwhile went to the front, past the walk.
  await walk(store, exported, names, true);
  return [...names].reverse().map(name => ({ owner: exported.owner, ...readCursor(name) }));
}

/**
 * What is gone by the time that it is read is left out. One that is damaged is passed over at first, and fails the
 * whole at the end, so that nobody takes it for complete.
 */
export async function* exportSessions(
  store: SessionStore,
  keys: Iterable<SessionKey>,
): AsyncGenerator<Buffer | string, void, void> {
  let damage: ProxyError | undefined;
  for (const key of keys) {
    try {
      const read = await store.read(key);
      // A store that answers at once would leave no time for anything else.
      await otherWork();
      if (read.status !== 'found') continue;
      yield* jsonBytes(writeExport(read.session));
      yield '\n';
    } catch (error) {
      if (!(error instanceof ProxyError) || error.code !== 'store_corrupt') throw error;
      damage ??= error;
    }
  }
  if (damage) throw damage;
}

/** Goes through the list, or through as much of it as is not known. */
async function walk(
  store: SessionStore,
  exported: Exported,
  names: Set<string>,
  untilKnown: boolean,
): Promise<void> {
  const list = (after?: SessionSummary) =>
    store.list({ ...exported, branches: true, limit: pageSize, ...(after ? { after } : {}) });
  let restarts = 0;
  let page = await list();
  while (true) {
    const before = names.size;
    for (const session of page.sessions) names.add(writeCursor(session));
    if (!page.hasMore || (untilKnown && names.size === before)) return;
    const next = await pageAfter(page.sessions, list);
    if (!next && restarts >= maxRestarts)
      throw new ProxyError('store_unavailable', 'Sessions are deleted faster than they can be listed.');
    restarts += next ? 0 : 1;
    page = next ?? (await list());
  }
}

/** After the last one that is still there. */
async function pageAfter(
  sessions: readonly SessionSummary[],
  list: (after: SessionSummary) => Promise<SessionPage>,
): Promise<SessionPage | undefined> {
  for (const session of sessions.toReversed()) {
    try {
      return await list(session);
    } catch (error) {
      if (!(error instanceof ProxyError) || error.code !== 'invalid_value') throw error;
    }
  }
  return undefined;
}
