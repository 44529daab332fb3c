// An offline stand-in for api.cohere.com: the same paths, the same strictness, a pretended model. For people without
// a key, and for tests.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Chat } from './chat.ts';
import type { CountPrompt } from './count-tokens.ts';
import type { FailedReply } from './faults.ts';
import { type JsonValue, parseJson } from './json.ts';
import { describeModel, listModels } from './models.ts';
import { badRequest, Refusal } from './refusal.ts';

export interface SimulatorOptions {
  /** Default: loopback. */
  readonly host?: string;
  /** 0, the default: any free one. */
  readonly port?: number;
  /** Pause between two events of a stream. Default 0. */
  readonly paceMs?: number;
  /** Default true. Any key is good, except those that begin with `invalid`. */
  readonly requireKey?: boolean;
  /** Counts a request's tokens; undefined, and by default: they are estimated. */
  readonly countPrompt?: CountPrompt;
}

interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  /** Without `authorization`. */
  readonly headers: Readonly<Record<string, string>>;
  /** `undefined` where there was none, or none that is JSON. */
  readonly body: JsonValue | undefined;
}

export interface Simulator {
  readonly url: string;
  /** The last 100, oldest first. */
  readonly requests: readonly RecordedRequest[];
  close(): Promise<void>;
}

const maxRequests = 100;
/** 20 MB of images in base64, and as much text as any model takes. */
const maxBodyBytes = 48 * 1024 * 1024;

export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const {
    host = '127.0.0.1',
    port = 0,
    paceMs = 0,
    requireKey = true,
    countPrompt = () => undefined,
  } = options;
  const requests: RecordedRequest[] = [];
  const chat = new Chat(paceMs, countPrompt);
  const record = (request: RecordedRequest): void => {
    requests.push(request);
    if (requests.length > maxRequests) requests.shift();
  };
  const server = createServer((request, response) => {
    answer(request, response, { chat, record, requireKey }).catch((error: unknown) => fail(response, error));
  });
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  const boundPort = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${boundPort}`,
    requests,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      // Stalled streams would keep it open for ever.
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Service {
  readonly chat: Chat;
  readonly record: (request: RecordedRequest) => void;
  readonly requireKey: boolean;
}

async function answer(request: IncomingMessage, response: ServerResponse, service: Service): Promise<void> {
  response.setHeader('x-debug-trace-id', randomBytes(16).toString('hex'));
  const left = new AbortController();
  response.once('close', () => left.abort());
  // A write that crosses with the client's leaving.
  response.on('error', () => left.abort());
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://simulator');
  const method = request.method ?? 'GET';
  const text = await readText(request);
  const body = parseJson(text);
  service.record({ method, path: request.url ?? '/', headers: readHeaders(request), body });
  const key = readKey(request, service.requireKey);

  if (pathname === '/v2/chat') {
    allow('POST', method);
    if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
      throw badRequest('invalid request: content-type must be application/json');
    }
    if (body === undefined) throw badRequest('invalid json syntax');
    const failure = await service.chat.answer(response, { key, body, signal: left.signal });
    if (failure) sendFailure(response, failure);
  } else if (pathname === '/v1/check-api-key') {
    allow('POST', method);
    sendJson(response, 200, checkedKey);
  } else if (pathname === '/v1/models') {
    allow('GET', method);
    sendJson(response, 200, listModels(searchParams));
  } else if (pathname.startsWith('/v1/models/')) {
    allow('GET', method);
    sendJson(response, 200, describeModel(readName(pathname.slice('/v1/models/'.length))));
  } else {
    throw new Refusal(404, `path '${pathname}' not found`);
  }
}

/** A key that is no good does not get so far: it is 401 here as everywhere. */
const checkedKey = {
  valid: true,
  organization_id: '00000000-0000-4000-8000-000000000001',
  owner_id: '00000000-0000-4000-8000-000000000002',
};

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size > maxBodyBytes) throw new Refusal(413, 'request body is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function readHeaders(request: IncomingMessage): Readonly<Record<string, string>> {
  const headers = Object.entries(request.headersDistinct).filter(([name]) => name !== 'authorization');
  return Object.fromEntries(headers.map(([name, values]) => [name, values?.join(', ') ?? '']));
}

function readKey(request: IncomingMessage, isRequired: boolean): string {
  const key = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (key?.startsWith('invalid')) throw new Refusal(401, 'invalid api token');
  if (key === undefined && isRequired) throw new Refusal(401, 'no api key supplied');
  return key ?? '';
}

function readName(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw badRequest('invalid request: the model name is not properly encoded');
  }
}

function allow(expected: string, method: string): void {
  if (method !== expected) throw new Refusal(405, `method ${method} is not allowed, use ${expected}`);
}

function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const refusal = error instanceof Refusal ? error : new Refusal(500, 'internal server error');
  // After 413 the rest of the body is still on its way: this connection cannot be used again.
  if (refusal.status === 413) response.setHeader('connection', 'close');
  sendJson(response, refusal.status, refusal.toBody());
}

function sendJson(response: ServerResponse, status: number, body: JsonValue): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function sendFailure(response: ServerResponse, failure: FailedReply): void {
  response.writeHead(failure.status, { 'content-type': failure.contentType }).end(failure.body);
}
