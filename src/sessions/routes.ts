// Looking at sessions and deleting them. All of the owner's spaces are shown; `?user=` narrows to one.
import { z } from 'zod';
import { ProxyError } from '../conversation/errors.ts';
import type { Message } from '../conversation/message.ts';
import { isSessionId, type Session, type SessionKey, sessionNotFound } from '../conversation/session.ts';
import type { App } from '../http/app.ts';
import { type SessionStore, type SessionSummary, summaryOf } from '../store/session-store.ts';

const listQuery = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  after: z.string().max(1024).optional(),
  user: z.string().max(512).optional(),
  label: z.string().max(128).optional(),
  branches: z.enum(['true', 'false']).optional(),
});

export interface SessionRoutesOptions {
  /** Undefined where the proxy keeps no sessions. */
  readonly store: SessionStore | undefined;
  /** The shape in which messages are shown. */
  readonly writeMessage: (message: Message) => object;
}

export function addSessionRoutes(app: App, { store, writeMessage }: SessionRoutesOptions): void {
  app.get('/v1/sessions', async (request, reply) => {
    const query = listQuery.safeParse(request.query);
    if (!query.success) {
      const param = String(query.error.issues[0]?.path[0] ?? 'query');
      throw new ProxyError('invalid_value', `Invalid '${param}'.`, { param });
    }
    const { limit, after, user, label, branches } = query.data;
    const { sessions, hasMore } = await opened().list({
      owner: request.caller.owner,
      limit,
      branches: branches === 'true',
      ...(label === undefined ? {} : { label }),
      ...(user === undefined ? {} : { user }),
      ...(after === undefined ? {} : { after: readCursor(after) }),
    });
    return reply.send({
      object: 'list',
      data: sessions.map(writeSummary),
      first_id: writeCursor(sessions[0]),
      last_id: writeCursor(sessions.at(-1)),
      has_more: hasMore,
    });
  });

  app.get('/v1/sessions/:id', async (request, reply) => {
    const session = await read(request.caller.owner, request.params, request.query);
    const messages = [...session.system, ...session.messages].map(writeMessage);
    return reply.send({ ...writeSummary(summaryOf(session)), messages });
  });

  app.delete('/v1/sessions/:id', async (request, reply) => {
    const { key } = await read(request.caller.owner, request.params, request.query);
    if (!(await opened().delete(key))) throw sessionNotFound(key.id);
    return reply.send({ id: key.id, object: 'session.deleted', deleted: true });
  });

  function opened(): SessionStore {
    if (!store) throw new ProxyError('sessions_disabled', 'This proxy keeps no sessions.');
    return store;
  }

  async function read(owner: string, params: unknown, query: unknown): Promise<Session> {
    const { id } = params as { id: string };
    const { user } = query as { user?: unknown };
    if (user !== undefined && typeof user !== 'string') {
      throw new ProxyError('invalid_value', "Invalid 'user'.", { param: 'user' });
    }
    if (!isSessionId(id)) throw sessionNotFound(id.slice(0, 128));
    const spaces = (await opened().find(owner, id)).filter(
      space => user === undefined || (space.user ?? '') === user,
    );
    const [space, ...others] = spaces;
    if (!space) {
      const { status } = await opened().read({ owner, user: user || undefined, id });
      throw sessionNotFound(id, status === 'expired');
    }
    // A client's own name may be used once for each `user`; which one is meant must be said, not guessed.
    if (others.length > 0) {
      throw new ProxyError('invalid_request', 'Several users have a session of this name: add ?user=.', {
        param: 'user',
      });
    }
    const key: SessionKey = { owner: space.owner, user: space.user, id };
    const found = await opened().read(key);
    if (found.status !== 'found') throw sessionNotFound(id, found.status === 'expired');
    return found.session;
  }
}

function writeSummary(summary: SessionSummary) {
  const { id, user, label, parentId, model, createdAtMs, updatedAtMs, messageCount } = summary;
  return {
    id,
    object: 'session',
    user: user ?? null,
    label: label ?? null,
    parent_id: parentId ?? null,
    model,
    created_at: Math.floor(createdAtMs / 1000),
    updated_at: Math.floor(updatedAtMs / 1000),
    message_count: messageCount,
  };
}

// A place in the list is an id, and its `user` where there is one: `@` stands in no id.
function writeCursor(session: SessionSummary | undefined): string | null {
  if (!session) return null;
  return session.user === undefined
    ? session.id
    : `${session.id}@${Buffer.from(session.user).toString('base64url')}`;
}

function readCursor(cursor: string): { id: string; user: string | undefined } {
  const [id = '', user] = cursor.split('@');
  return { id, user: user === undefined ? undefined : Buffer.from(user, 'base64url').toString() };
}
