// Sessions as JSON lines: out of this proxy, and into it. The paths are beside `/v1/sessions/:id`, not below: a client
// may call a session `export`.
import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ProxyError, toProxyError } from '../conversation/errors.ts';
import type { App } from '../http/app.ts';
import { limitUnread } from '../http/limit-unread.ts';
import { mayRepeat } from '../http/read-repetition.ts';
import type { SessionStore } from '../store/session-store.ts';
import { exportSessions, listForExport } from './export-sessions.ts';
import { findSession } from './find-session.ts';
import { importSessions, readLines } from './import-sessions.ts';
import { readQuery, userField } from './read-fields.ts';
import type { SessionRoutesOptions, Write } from './routes.ts';
import type { TurnMaker } from './turn-maker.ts';

const exportQuery = z.strictObject({
  user: userField.optional(),
  label: z.string().max(128).optional(),
  id: z.string().max(512).optional(),
});

// Whose a session is stands in its line.
const importQuery = z.strictObject({});

const linesType =
  /^application\/(?:x-)?(?:jsonl|jsonlines|ndjson)\s*(?:;\s*charset\s*=\s*"?utf-?8"?\s*)?;?\s*$/i;

export interface TransferRoutesOptions extends SessionRoutesOptions {
  readonly make: TurnMaker;
  readonly opened: () => SessionStore;
  readonly write: Write;
  /** Asks whether the caller may store anything. */
  readonly writes: { readonly onRequest: (request: FastifyRequest) => Promise<void> };
}

export function addTransferRoutes(app: App, options: TransferRoutesOptions): void {
  const { make, opened, write, writes, running, limits } = options;

  // Nobody wants to know how large everything is: asking costs as much as reading it.
  app.get('/v1/session-exports', { exposeHeadRoute: false }, async (request, reply) => {
    const { owner } = request.caller;
    const { id, label, user } = readQuery(exportQuery, request.query);
    if (id !== undefined && label !== undefined)
      throw new ProxyError('invalid_request', 'Give either ?id= or ?label=.', { param: 'label' });
    const store = opened();
    running.watch(reply.raw);
    const keys =
      id === undefined
        ? await listForExport(store, {
            owner,
            ...(user === undefined ? {} : { user }),
            ...(label === undefined ? {} : { label }),
          })
        : [(await findSession(store, { owner, id, user })).key];
    limitUnread(reply.raw, limits.clientWriteTimeoutMs);
    const lines = Readable.from(exportSessions(store, keys), { objectMode: false });
    // The head is out: the connection is broken, so that nobody takes what came for all.
    lines.once('error', error => {
      request.failure = toProxyError(error);
    });
    return reply.type('application/jsonl').send(lines);
  });

  // Only here is a body anything but JSON.
  void app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(linesType, { parseAs: 'buffer' }, (request, body, end) => {
      if (mayRepeat(request.headers)) request.bytes = body as Buffer;
      end(null, body);
    });
    scope.addContentTypeParser('*', (_request, _body, end) => end(notLines()));

    scope.post('/v1/session-imports', writes, (request, reply) =>
      write(request, reply, async store => {
        const { owner } = request.caller;
        const { body } = request;
        readQuery(importQuery, request.query);
        if (!Buffer.isBuffer(body)) throw notLines();
        const brought = await readLines(body, owner, { ...options, ...limits });
        return { object: 'session.import', ...(await importSessions(brought, owner, store, make)) };
      }),
    );
    done();
  });
}

function notLines(): ProxyError {
  return new ProxyError('unsupported_media_type', 'Send JSON lines as application/jsonl.');
}
