// A scripted Cohere on a real socket. It is written on `node:net` and not on an HTTP server, so that a script can
// end, reset or garble a connection wherever it likes. Nothing waits on a clock: scripts wait at gates.
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { modelList } from './model-list.ts';
import { type ReadRequest, RequestReader } from './request-reader.ts';
import type { SplitAt } from './split-bytes.ts';
import { error, type Framing, json, type Step, sse } from './upstream-script.ts';

export interface UpstreamRequest extends ReadRequest {
  /** The body, undefined if it is no JSON. */
  readonly json: unknown;
  /** Counts the connections from 1: tells whether one was used again. */
  readonly connection: number;
  /** Resolves when the connection has closed, with `performance.now()`. */
  readonly closed: Promise<number>;
  /** `answered`: the script ran to its end. `aborted`: the other side went away before. */
  readonly outcome: Promise<'answered' | 'aborted'>;
}

export type Answer = (request: UpstreamRequest) => readonly Step[];

interface ReplyOptions {
  readonly splitAt?: SplitAt;
}

export class FakeCohere {
  /** `POST /v2/chat`, in the order of arrival. */
  readonly chatRequests: UpstreamRequest[] = [];
  /** `GET /v1/models…`, apart, since the proxy asks for the list whenever it likes. */
  readonly modelRequests: UpstreamRequest[] = [];
  /** What Cohere's chat API does not have; always answered with 404. */
  readonly otherRequests: UpstreamRequest[] = [];
  /** Questions whether a key is valid. */
  readonly keyRequests: UpstreamRequest[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #scripts: (readonly Step[])[] = [];
  readonly #modelScripts: (readonly Step[])[] = [];
  #keyAnswer: Answer = () => json({ valid: true });
  #defaultAnswer: Answer = () => error(500, { message: 'fake: nothing was scripted for this request' });
  #connections = 0;
  #arrival = Promise.withResolvers<void>();
  #taken = 0;

  private constructor() {
    this.#server = createServer({ noDelay: true }, socket => this.#serve(socket));
  }

  static async start(): Promise<FakeCohere> {
    const fake = new FakeCohere();
    await new Promise<void>(resolve => fake.#server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  /** Scripts that no request has taken yet. */
  get pendingScripts(): number {
    return this.#scripts.length;
  }

  /** For the next chat request that has no script yet. */
  script(...steps: readonly Step[]): void {
    this.#scripts.push(steps);
  }

  /** For the next request to `/v1/models…`, in place of the list of all chat models. */
  scriptModels(...steps: readonly Step[]): void {
    this.#modelScripts.push(steps);
  }

  /** For all questions whether a key is valid; they all are otherwise. */
  setKeyAnswer(answer: Answer): void {
    this.#keyAnswer = answer;
  }

  /** For all chat requests that have no script of their own. */
  setDefault(answer: Answer): void {
    this.#defaultAnswer = answer;
  }

  replyJson(body: unknown, options: ReplyOptions = {}): void {
    this.script(...json(body, options));
  }

  replySse(text: string, options: ReplyOptions = {}): void {
    this.script(...sse(text, options));
  }

  replyError(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
    this.script(...error(status, body, headers));
  }

  /** The chat requests one by one, each once; waits where there is none yet. */
  async nextChatRequest(): Promise<UpstreamRequest> {
    for (;;) {
      const request = this.chatRequests[this.#taken];
      if (request) {
        this.#taken += 1;
        return request;
      }
      await this.#arrival.promise;
    }
  }

  async close(): Promise<void> {
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #serve(socket: Socket): void {
    this.#connections += 1;
    const connection = this.#connections;
    this.#sockets.add(socket);
    const closed = new Promise<number>(resolve => {
      socket.once('close', () => {
        this.#sockets.delete(socket);
        resolve(performance.now());
      });
    });
    // A reset by the other side is a close like any other here.
    socket.on('error', () => {});

    const reader = new RequestReader();
    let turn = Promise.resolve();
    socket.on('data', data => {
      for (const read of reader.push(data)) {
        const { promise: outcome, resolve } = Promise.withResolvers<'answered' | 'aborted'>();
        const request: UpstreamRequest = { ...read, json: parseJson(read.body), connection, closed, outcome };
        const steps = this.#take(request);
        turn = turn.then(async () => resolve(await runScript(socket, steps, closed)));
      }
    });
  }

  #take(request: UpstreamRequest): readonly Step[] {
    const { pathname } = new URL(request.path, 'http://fake');
    if (request.method === 'POST' && pathname === '/v2/chat') {
      this.chatRequests.push(request);
      this.#arrival.resolve();
      this.#arrival = Promise.withResolvers();
      return this.#scripts.shift() ?? this.#defaultAnswer(request);
    }
    if (request.method === 'GET' && pathname.startsWith('/v1/models')) {
      this.modelRequests.push(request);
      return this.#modelScripts.shift() ?? answerModels(pathname);
    }
    if (request.method === 'POST' && pathname === '/v1/check-api-key') {
      this.keyRequests.push(request);
      return this.#keyAnswer(request);
    }
    this.otherRequests.push(request);
    return error(404, { message: 'fake: there is no such endpoint' });
  }
}

function answerModels(pathname: string): Step[] {
  if (pathname === '/v1/models') return json(modelList);
  const name = decodeURIComponent(pathname.slice('/v1/models/'.length));
  const model = modelList.models.find(known => known.name === name);
  return model ? json(model) : error(404, { message: `model '${name}' not found` });
}

async function runScript(
  socket: Socket,
  steps: readonly Step[],
  closed: Promise<number>,
): Promise<'answered' | 'aborted'> {
  let framing: Framing = 'close';
  // From here on each write is made in the same phase of the event loop: one turn apart is a whole turn apart.
  await nextTurn();
  for (const step of steps) {
    switch (step.type) {
      case 'head':
        framing = step.framing;
        await write(socket, writeHead(step.status, step.headers, framing));
        break;
      case 'body':
        for (const piece of step.pieces) {
          await write(socket, framing === 'chunked' ? frame(piece) : piece);
          if (socket.destroyed) break;
        }
        break;
      case 'bytes':
        for (const piece of step.pieces) {
          await write(socket, piece);
          if (socket.destroyed) break;
        }
        break;
      case 'gate':
        await Promise.race([step.gate.arrive(), closed]);
        break;
      case 'end':
        if (framing === 'chunked') await write(socket, Buffer.from('0\r\n\r\n'));
        if (framing === 'close') socket.end();
        break;
      case 'fin':
        if (step.data) socket.write(step.data);
        socket.end();
        return 'answered';
      case 'rst':
        socket.resetAndDestroy();
        return 'answered';
      case 'hang':
        await closed;
        break;
      default:
        step satisfies never;
    }
    if (socket.destroyed) return 'aborted';
  }
  return 'answered';
}

/** One segment: the bytes are with the kernel, and whoever reads has had a turn of the event loop to take them. */
async function write(socket: Socket, data: Uint8Array): Promise<void> {
  if (socket.destroyed) return;
  await new Promise<void>(resolve => {
    socket.write(data, () => resolve());
  });
  await nextTurn();
}

function writeHead(status: number, headers: Readonly<Record<string, string>>, framing: Framing): Buffer {
  const lines = [
    `HTTP/1.1 ${status} Scripted`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  if (framing === 'chunked') lines.push('transfer-encoding: chunked');
  else if (framing === 'close') lines.push('connection: close');
  else lines.push(`content-length: ${framing}`);
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

function frame(piece: Uint8Array): Buffer {
  // An empty chunk would be the last one.
  if (piece.length === 0) return Buffer.alloc(0);
  return Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]);
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
