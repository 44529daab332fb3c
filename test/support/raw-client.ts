// A client on a bare socket. It may be rude: send half a request, or byte by byte, stop reading, vanish.
import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { splitBytes } from './split-bytes.ts';

export interface RawResponse {
  readonly status: number;
  /** Names in lower case; repeated ones joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** Without chunk frames. */
  readonly body: string;
  /** `complete`: ended as its head announced. `cut`: the connection ended before. */
  readonly ending: 'complete' | 'cut';
}

interface ConnectOptions {
  /** Keeps reading after the other side's FIN, and may send FIN itself while it waits for an answer. */
  readonly allowHalfOpen?: boolean;
}

export class RawClient {
  /** Resolves when the connection is gone: by FIN or by RST of either side. */
  readonly closed: Promise<'end' | 'reset'>;
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #isOver = false;
  #news = Promise.withResolvers<void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    let how: 'end' | 'reset' = 'end';
    socket.on('data', data => {
      this.#received = Buffer.concat([this.#received, data]);
      this.#tell();
    });
    socket.on('error', () => {
      how = 'reset';
    });
    socket.on('end', () => {
      this.#isOver = true;
      this.#tell();
    });
    this.closed = new Promise(resolve => {
      socket.once('close', () => {
        this.#isOver = true;
        this.#tell();
        resolve(how);
      });
    });
  }

  static async connect(url: string, { allowHalfOpen = false }: ConnectOptions = {}): Promise<RawClient> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true, allowHalfOpen });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new RawClient(socket);
  }

  /** All that has come and was not yet taken by `readResponse`. */
  get received(): string {
    return this.#received.toString();
  }

  /** Its own port, by which a server tells connections apart. */
  get port(): number {
    return this.#socket.localPort ?? 0;
  }

  async send(data: string | Uint8Array): Promise<void> {
    await new Promise<void>(resolve => {
      this.#socket.write(data, () => resolve());
    });
  }

  /** Each byte a segment of its own. */
  async sendBytewise(data: string | Uint8Array): Promise<void> {
    for (const piece of splitBytes(Buffer.from(data), 'every-byte')) {
      await this.send(piece);
      await nextTurn();
    }
  }

  /** Stops reading: what the other side sends piles up in the kernel, then at its end. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** FIN. */
  end(): void {
    this.#socket.end();
  }

  /** RST. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Waits until the text has come. @throws if the connection ends before. */
  async waitFor(text: string): Promise<void> {
    const wanted = Buffer.from(text);
    while (!this.#received.includes(wanted)) {
      if (this.#isOver) throw new Error(`the connection ended before ${JSON.stringify(text)} came`);
      await this.#news.promise;
    }
  }

  /** The next response, once it is complete or the connection has ended. */
  async readResponse(): Promise<RawResponse> {
    for (;;) {
      const read = readResponse(this.#received, this.#isOver);
      if (read) {
        this.#received = this.#received.subarray(read.length);
        return read.response;
      }
      if (this.#isOver) throw new Error('the connection ended before the head of a response was complete');
      await this.#news.promise;
    }
  }

  #tell(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }
}

/** The text of a POST with a JSON body. */
export function postText(
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const all = {
    host: '127.0.0.1',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(text)),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${text}`;
}

function readResponse(
  received: Buffer,
  isOver: boolean,
): { response: RawResponse; length: number } | undefined {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const [statusLine = '', ...lines] = received.toString('latin1', 0, headEnd).split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  const status = Number(statusLine.split(' ')[1]);
  const rest = received.subarray(headEnd + 4);
  const body = readBody(rest, headers, isOver);
  if (!body.isComplete && !isOver) return undefined;
  return {
    response: { status, headers, body: body.data.toString(), ending: body.isComplete ? 'complete' : 'cut' },
    length: headEnd + 4 + body.length,
  };
}

interface ReadBody {
  readonly data: Buffer;
  readonly length: number;
  readonly isComplete: boolean;
}

function readBody(rest: Buffer, headers: Readonly<Record<string, string>>, isOver: boolean): ReadBody {
  if (headers['transfer-encoding'] === 'chunked') return readChunks(rest);
  const announced = headers['content-length'];
  if (announced === undefined) return { data: rest, length: rest.length, isComplete: isOver };
  const data = rest.subarray(0, Number(announced));
  return { data, length: data.length, isComplete: data.length === Number(announced) };
}

function readChunks(rest: Buffer): ReadBody {
  const parts: Buffer[] = [];
  let position = 0;
  for (;;) {
    const lineEnd = rest.indexOf('\r\n', position);
    const size = lineEnd < 0 ? Number.NaN : Number.parseInt(rest.toString('latin1', position, lineEnd), 16);
    const end = lineEnd + 2 + size;
    if (Number.isNaN(size) || rest.length < end + 2) {
      // What has come of a cut chunk counts as received.
      if (!Number.isNaN(size)) parts.push(rest.subarray(lineEnd + 2));
      return { data: Buffer.concat(parts), length: rest.length, isComplete: false };
    }
    if (size === 0) return { data: Buffer.concat(parts), length: end + 2, isComplete: true };
    parts.push(rest.subarray(lineEnd + 2, end));
    position = end + 2;
  }
}
