// Looking at sessions, branching off from them, letting them expire, and deleting them. All of the owner's spaces are
// shown; `?user=` narrows to one.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ProxyError } from '../conversation/errors.ts';
import type { Message } from '../conversation/message.ts';
import { type Session, sessionNotFound } from '../conversation/session.ts';
import type { App } from '../http/app.ts';
import { readIdempotencyKey } from '../http/read-repetition.ts';
import type { RunningRequests } from '../http/running-requests.ts';
import { sendJson } from '../http/send-json.ts';
import type { SessionStore, SessionSummary } from '../store/session-store.ts';
import type { JsonLimits } from '../streams/read-json.ts';
import { inSlices } from '../streams/slices.ts';
import { answerOnce, type ClaimLeases } from './answer-once.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { deleteSessions } from './delete-sessions.ts';
import { findKey, findSession, type NamedSession } from './find-session.ts';
import { forkBody, forkSession } from './fork-session.ts';
import type { ReadExportOptions } from './read-export.ts';
import { expiresAfter, readFields, readQuery, userField } from './read-fields.ts';
import { addTransferRoutes } from './transfer-routes.ts';
import { createTurnMaker, type TurnMakerOptions } from './turn-maker.ts';
import { messagesOf, writeHead, writeNative, writeSummary } from './write-session.ts';

const yesOrNo = z.enum(['true', 'false']);

const listQuery = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  after: z.string().max(2048).optional(),
  user: userField.optional(),
  label: z.string().max(128).optional(),
  branches: yesOrNo.optional(),
});

const oneQuery = z.object({ user: userField.optional() });
const seenQuery = oneQuery.extend({ format: z.enum(['openai', 'native']).default('openai') });
// A misspelt parameter must not delete more than was meant.
const deleteQuery = z.strictObject({ user: userField.optional(), all: yesOrNo.optional() });
export const changeBody = z.strictObject({ expires_after: expiresAfter.nullable() });

export interface SessionRoutesOptions extends TurnMakerOptions, ReadExportOptions {
  /** Undefined where the proxy keeps no sessions. */
  readonly store: SessionStore | undefined;
  /** The shape in which messages are shown. */
  readonly writeMessage: (message: Message) => object;
  /** Rejects whoever may not store anything. */
  readonly checkWriter: (caller: FastifyRequest['caller']) => Promise<void>;
  readonly running: RunningRequests;
  readonly leases: ClaimLeases;
  readonly limits: JsonLimits & {
    readonly sessionsPerImport: number;
    readonly clientWriteTimeoutMs: number;
  };
}

/** What a request does to sessions, once. */
export type Write = (
  request: FastifyRequest,
  reply: FastifyReply,
  run: (store: SessionStore) => Promise<object>,
) => Promise<FastifyReply>;

export function addSessionRoutes(app: App, options: SessionRoutesOptions): void {
  const { writeMessage, makeId, running, leases, checkWriter } = options;
  // Before the body is read.
  const writes = { onRequest: (request: FastifyRequest) => checkWriter(request.caller) };
  // What is only deleted needs no leave; an answer that is kept does.
  const deletes = {
    onRequest: async (request: FastifyRequest) => {
      if (request.headers['idempotency-key'] !== undefined) await checkWriter(request.caller);
    },
  };
  const make = createTurnMaker(options);

  app.get('/v1/sessions', async (request, reply) => {
    const { limit, after, user, label, branches } = readQuery(listQuery, request.query);
    const { sessions, hasMore } = await opened().list({
      owner: request.caller.owner,
      limit,
      branches: branches === 'true',
      ...(label === undefined ? {} : { label }),
      ...(user === undefined ? {} : { user }),
      ...(after === undefined ? {} : { after: readCursor(after) }),
    });
    const placeOf = (session: SessionSummary | undefined) => (session ? writeCursor(session) : null);
    return reply.send({
      object: 'list',
      data: sessions.map(writeSummary),
      first_id: placeOf(sessions[0]),
      last_id: placeOf(sessions.at(-1)),
      has_more: hasMore,
    });
  });

  app.get('/v1/sessions/:id', async (request, reply) => {
    const { format } = readQuery(seenQuery, request.query);
    const session = await named(request);
    if (format === 'native') return sendJson(reply, writeNative(session));
    return sendJson(reply, { ...writeHead(session), messages: messagesOf(session).map(writeMessage) });
  });

  app.post('/v1/sessions/:id', writes, (request, reply) =>
    write(request, reply, async store => {
      const { expires_after: expiry } = readFields(changeBody, request.body ?? {});
      const session = await named(request);
      const idleMs = expiry === null ? undefined : expiry.seconds * 1000;
      if (!(await store.setIdle(session.key, idleMs))) throw sessionNotFound(session.key.id);
      const read = await store.read(session.key);
      if (read.status === 'found') return writeHead(read.session);
      // The time that it was given has passed: it was the last that is heard of it.
      return writeHead({ ...session, idleMs, expiresAtMs: session.updatedAtMs + (idleMs ?? 0) });
    }),
  );

  app.post('/v1/sessions/:id/fork', writes, (request, reply) =>
    write(request, reply, async store => {
      const body = readFields(forkBody, request.body ?? {});
      const key = await forkSession(await named(request), body, store, make);
      return writeHead(await findSession(store, { ...key, user: key.user ?? '' }));
    }),
  );

  app.delete('/v1/sessions/:id', deletes, (request, reply) =>
    write(request, reply, async store => {
      const key = await findKey(store, readNamed(request));
      if (!(await store.delete(key))) throw sessionNotFound(key.id);
      return { id: key.id, object: 'session.deleted', deleted: true };
    }),
  );

  app.delete('/v1/sessions', deletes, (request, reply) =>
    write(request, reply, async store => {
      const { user, all } = readQuery(deleteQuery, request.query);
      if ((user === undefined) === (all !== 'true')) {
        throw new ProxyError(
          user === undefined ? 'missing_required_parameter' : 'invalid_request',
          'Give either ?user=, whose sessions are deleted (empty for those without), or ?all=true.',
          { param: 'user' },
        );
      }
      const { owner } = request.caller;
      const deleted = await deleteSessions(store, { owner, ...(user === undefined ? {} : { user }) });
      return { object: 'session.list.deleted', deleted };
    }),
  );

  addTransferRoutes(app, { ...options, make, opened, write, writes });

  function opened(): SessionStore {
    if (!options.store) throw new ProxyError('sessions_disabled', 'This proxy keeps no sessions.');
    return options.store;
  }

  function readNamed(request: FastifyRequest): NamedSession {
    const { id } = request.params as { id: string };
    const { user } = readQuery(oneQuery, request.query);
    return { owner: request.caller.owner, id, user };
  }

  function named(request: FastifyRequest): Promise<Session> {
    return findSession(opened(), readNamed(request));
  }

  /** What begins before the proxy is stopped has time to end. With an `Idempotency-Key` it runs once. */
  async function write(...[request, reply, run]: Parameters<Write>): Promise<FastifyReply> {
    const store = opened();
    running.watch(reply.raw);
    const { headers, method, url, bytes = Buffer.alloc(0) } = request;
    const { status, body, isReplayed } = await answerOnce(
      {
        store,
        // A key is the owner's, whose session it may be about.
        space: { owner: request.caller.owner, user: undefined },
        repetition: await inSlices(readIdempotencyKey(headers, bytes, `${method} ${url}`)),
        makeId,
        leases,
        log: request.log,
      },
      async () => ({ status: 200, body: await run(store) }),
    );
    if (isReplayed) reply.header('idempotent-replayed', 'true');
    return sendJson(reply.code(status), body);
  }
}
