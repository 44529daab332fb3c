// The HTTP edge, once for all doors: limits, one canonical path, who may ask, and what every failure looks like.
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import type { Config } from '../config.ts';
import { ProxyError, toProxyError } from '../conversation/errors.ts';
import { readJson, readSmallJson, smallBody } from '../streams/read-json.ts';
import { answerBrokenRequest, refuseOnSocket } from './broken-request.ts';
import { canonicalPath } from './canonical-path.ts';
import { checkHost, checkOrigin } from './guard-origin.ts';
import { OneAtATime } from './one-at-a-time.ts';
import type { Caller, ResolveOwner } from './owner.ts';
import { mayRepeat } from './read-repetition.ts';
import { checkTransferEncoding } from './transfer-encoding.ts';
import { type Admitted, UnderWay } from './under-way.ts';
import { whenOver } from './when-over.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before the body is read; not on public routes. */
    caller: Caller;
    /** Not on public routes either. */
    admitted: Admitted | undefined;
    /** What the log says of a failure. */
    failure: ProxyError | undefined;
    /** The body as it came, where the request may be a repeat of another. */
    bytes: Buffer | undefined;
  }
  interface FastifyContextConfig {
    /** Answers without a key. */
    isPublic?: boolean;
    /** Counts as a turn of its owner's. */
    isTurn?: boolean;
  }
}

const jsonType = /^application\/(?:[\w.+-]+\+)?json\s*(?:;\s*charset\s*=\s*"?utf-?8"?\s*)?;?\s*$/i;

export interface AppOptions {
  readonly config: Config;
  readonly resolveOwner: ResolveOwner;
  readonly makeId: (prefix: string) => string;
  readonly logger: object;
  /** True once the proxy stops: whoever comes now is sent away. */
  readonly isDraining: () => boolean;
}

export type App = FastifyInstance;

export function createApp({ config, resolveOwner, makeId, logger, isDraining }: AppOptions): App {
  const { limits } = config;
  const connections = new OneAtATime(limits.requestsAhead, refuseOnSocket);
  const app = Fastify({
    logger,
    // One line a request, at its end, is written below.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => makeId('req_'),
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestTimeoutMs,
    http: {
      headersTimeout: limits.headersTimeoutMs,
      // Node looks only so often whether a request is late; by default every 30 s.
      connectionsCheckingInterval: Math.min(5_000, limits.headersTimeoutMs, limits.requestTimeoutMs),
      // Refused by the guard, in our words.
      requireHostHeader: false,
    },
    routerOptions: { maxParamLength: 512 },
    rewriteUrl: request => canonicalPath(request.url ?? '/'),
    return503OnClosing: false,
    clientErrorHandler: (error, socket) => answerBrokenRequest(error, socket, connections),
    frameworkErrors: (error, request, reply) => sendError(request, reply, error),
  });

  // Who has sent all that it wants to send is answered all the same. Node has no option for it but this property.
  Object.assign(app.server, { httpAllowHalfOpen: true });
  // `Expect:` anything but 100-continue; Node would answer without a body.
  app.server.on('checkExpectation', (_request, response) => {
    const refusal = new ProxyError('expectation_failed', 'The header Expect asks for what is not done here.');
    response.writeHead(refusal.status, { 'content-type': 'application/json', connection: 'close' });
    response.end(JSON.stringify(refusal.toBody()));
  });
  // What goes wrong while it listens concerns connections that are not there yet, such as one that no file handle is
  // left for. An `error` event that nobody hears would end the process.
  app.server.once('listening', () => {
    app.server.on('error', error => app.log.error({ err: error }, 'no connection can be accepted'));
  });
  const underWay = new UnderWay({ limits, nowMs: () => performance.now() });
  app.decorateRequest('failure', undefined);
  app.decorateRequest('admitted', undefined);
  app.decorateRequest('bytes', undefined);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(jsonType, { parseAs: 'buffer' }, (request, body, done) => {
    const bytes = body as Buffer;
    const fail = (error: unknown) => done(toProxyError(error));
    if (mayRepeat(request.headers)) request.bytes = bytes;
    // SDKs send the JSON content type with an empty body on DELETE.
    if (bytes.length === 0 && request.method === 'DELETE') return done(null, undefined);
    if (bytes.length > smallBody) return void readJson(bytes, limits).then(value => done(null, value), fail);
    try {
      done(null, readSmallJson(bytes, limits));
    } catch (error) {
      fail(error);
    }
  });

  const begin = (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => {
    // Not `onResponse`: that is not called for answers that were broken off, which are the ones to know about.
    reply.raw.once('close', () => logRequest(app, request, reply));
    reply.header('x-request-id', request.id);
    reply.header('x-content-type-options', 'nosniff');
    reply.header('cache-control', 'no-store');
    try {
      checkTransferEncoding(request, reply);
      const host = checkHost(everyHeader(request, 'host'), config);
      checkOrigin(request.headers.origin, host, config);
      allowOrigin(request, reply, config.allowedOrigins);
      if (isDraining())
        throw new ProxyError('shutting_down', 'The proxy is stopping. Try again in a moment.');
      if (!request.routeOptions.config.isPublic)
        request.caller = resolveOwner(everyHeader(request, 'authorization'));
      const encoding = request.headers['content-encoding'];
      if (encoding !== undefined && encoding !== 'identity') {
        throw new ProxyError('unsupported_media_type', 'Compressed request bodies are not taken.');
      }
      // The handler of unknown routes runs only after the body was read.
      if (request.is404) throw notFound(app, request, reply);
      if (request.caller) admit(request, reply, underWay, config.ownerMode !== 'local');
      done();
    } catch (error) {
      done(toProxyError(error));
    }
  };
  app.addHook('onRequest', (request, reply, done) => {
    // A write that crosses with the client's leaving; `close` tells of that.
    reply.raw.on('error', () => {});
    connections.run(request.raw, reply.raw, () => begin(request, reply, done));
  });
  app.addHook('preParsing', (request, _reply, body, done) => {
    const { admitted } = request;
    if (admitted) countBytes(body, admitted);
    done(null, body);
  });
  if (config.allowedOrigins.length > 0) answerPreflights(app);

  app.setErrorHandler((error, request, reply) => sendError(request, reply, error));
  app.setNotFoundHandler((request, reply) => sendError(request, reply, notFound(app, request, reply)));

  return app;
}

/** What the limits of its owner and of the process have room for, before its body is read. */
function admit(request: FastifyRequest, reply: FastifyReply, underWay: UnderWay, hasOwners: boolean): void {
  const { caller, headers, routeOptions } = request;
  const owner = hasOwners ? caller.owner : undefined;
  const admitted = underWay.admit(owner, routeOptions.config.isTurn === true);
  request.admitted = admitted;
  whenOver(request.raw, reply.raw, () => admitted.end());
  admitted.expect(Number(headers['content-length'] ?? 0));
}

/** Stops where it is too much; then the rest is thrown away unread. */
function countBytes(body: NodeJS.ReadableStream, admitted: Admitted): void {
  const count = (data: Buffer | string) => {
    try {
      admitted.take(data.length);
    } catch (error) {
      body.removeListener('data', count);
      // Whoever reads the body listens. Where it was refused meanwhile nobody does, which would end the process.
      if (body.listenerCount('error') > 0) body.emit('error', error);
    }
  };
  body.on('data', count);
}

/** One line a request, whatever became of it. */
function logRequest(app: App, request: FastifyRequest, reply: FastifyReply): void {
  const { failure, routeOptions } = request;
  const { raw } = reply;
  const line = {
    reqId: request.id,
    owner: request.caller?.owner,
    method: request.method,
    route: routeOptions.url,
    // As nginx says it: the client left before its answer was complete.
    status: raw.writableFinished || failure ? raw.statusCode : 499,
    ms: Math.round(reply.elapsedTime),
    code: failure?.code,
    // In short: its answer may say less.
    ...(failure?.upstream && {
      upstream: { ...failure.upstream, said: failure.upstream.said?.slice(0, 200) },
    }),
  };
  // The message is the client's: it may quote what was said.
  if (failure && failure.status >= 500) app.log.error({ ...line, err: failure.cause }, 'request failed');
  else app.log.info(line, 'request');
}

/** Every failure before the first byte of an answer, in OpenAI's shape with the headers that clients act on. */
function sendError(request: FastifyRequest, reply: FastifyReply, thrown: unknown): void {
  const error = readFastifyError(thrown);
  request.failure = error;
  if (error.status === 401) reply.header('www-authenticate', 'Bearer');
  if (error.retryAfterS !== undefined) reply.header('retry-after', String(error.retryAfterS));
  if (error.shouldRetry !== undefined) reply.header('x-should-retry', String(error.shouldRetry));
  // Whoever keeps the connection reads the rest of the body, only to throw it away.
  if (!request.raw.complete) reply.header('connection', 'close');
  reply.code(error.status).type('application/json').send(JSON.stringify(error.toBody()));
}

/** Fastify's own refusals → ours. */
function readFastifyError(thrown: unknown): ProxyError {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new ProxyError('request_too_large', 'The request body is larger than the proxy takes.');
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
    case 'FST_ERR_CTP_EMPTY_TYPE':
      return new ProxyError(
        'unsupported_media_type',
        'The request must have the content type application/json.',
      );
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new ProxyError('invalid_request', 'The body is not as long as the Content-Length says.');
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new ProxyError('route_not_found', 'This URL cannot be read.');
    default:
      return toProxyError(thrown);
  }
}

/** Node keeps the first of two such headers and drops the other without a word: both have to be seen. */
function everyHeader(request: FastifyRequest, name: string): string[] {
  const { rawHeaders } = request.raw;
  const values: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const header = rawHeaders[index];
    if (header?.length === name.length && header.toLowerCase() === name)
      values.push(rawHeaders[index + 1] ?? '');
  }
  return values;
}

const methods = ['GET', 'POST', 'DELETE', 'PUT', 'PATCH'] as const;

function notFound(app: App, request: FastifyRequest, reply: FastifyReply): ProxyError {
  const path = request.url.split('?')[0] ?? '';
  const allowed = methods.filter(method => app.findRoute({ method, url: path }) !== null).join(', ');
  if (allowed === '') {
    return new ProxyError('route_not_found', `Invalid URL (${request.method} ${path.slice(0, 200)})`);
  }
  reply.header('allow', allowed);
  return new ProxyError('method_not_allowed', `${request.method} is not allowed here.`);
}

const exposedHeaders = [
  'x-request-id',
  'x-session-id',
  'x-session-state',
  'x-dropped-parameters',
  'x-clamped-parameters',
  'x-context-truncated',
  'idempotent-replayed',
  'retry-after',
  'x-should-retry',
].join(', ');

/** CORS, for listed pages only; all others were refused before. */
function allowOrigin(request: FastifyRequest, reply: FastifyReply, origins: readonly string[]): void {
  const { origin } = request.headers;
  if (origin === undefined || !origins.includes(origin.toLowerCase())) return;
  reply.header('access-control-allow-origin', origin).header('vary', 'Origin');
  reply.header('access-control-expose-headers', exposedHeaders);
}

function answerPreflights(app: App): void {
  app.options('/*', { config: { isPublic: true } }, (_request, reply) => {
    reply
      .header('access-control-allow-methods', 'GET, POST, DELETE')
      .header('access-control-allow-headers', '*, Authorization')
      .header('access-control-max-age', '600')
      .code(204)
      .send();
  });
}
