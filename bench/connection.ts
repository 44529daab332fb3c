// One keep-alive connection that asks and waits, with as little HTTP as the answers need, so that the load costs less
// than what it is put upon.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly head: string;
  /** From the request to the first byte of the body. */
  readonly firstByteMs: number;
}

const tailLength = 32;

export class Connection {
  readonly #socket: Socket;
  #waiting: { resolve(answer: Answer): void; reject(error: Error): void } | undefined;
  #head = '';
  #hasHead = false;
  /** Bytes of the body still to come; undefined where it comes in chunks. */
  #left: number | undefined;
  /** The last bytes of a body in chunks. */
  #tail = '';
  #sentAtMs = 0;
  #firstByteMs = 0;

  static async open(port: number): Promise<Connection> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new Connection(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', chunk => this.#read(chunk));
    socket.on('error', error => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('The connection was closed within an answer.')));
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.readable;
  }

  /** @throws where the answer is no 200, or a stream that does not end as it should. */
  send(request: Buffer): Promise<Answer> {
    this.#head = '';
    this.#hasHead = false;
    this.#tail = '';
    this.#firstByteMs = 0;
    this.#sentAtMs = performance.now();
    this.#socket.write(request);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    let body = chunk;
    if (!this.#hasHead) {
      this.#head += chunk.toString('latin1');
      const end = this.#head.indexOf('\r\n\r\n');
      if (end === -1) return;
      body = chunk.subarray(chunk.length - (this.#head.length - end - 4));
      if (!this.#head.startsWith('HTTP/1.1 200 ')) {
        this.#fail(new Error(`An answer that was not expected: ${this.#head.slice(0, 1000)}`));
        return;
      }
      this.#head = this.#head.slice(0, end);
      this.#hasHead = true;
      const length = /^content-length: *(\d+)/im.exec(this.#head)?.[1];
      this.#left = length === undefined ? undefined : Number(length);
    }
    if (body.length === 0) return;
    if (this.#firstByteMs === 0) this.#firstByteMs = performance.now() - this.#sentAtMs;
    if (this.#left !== undefined) {
      this.#left -= body.length;
      if (this.#left <= 0) this.#done();
      return;
    }
    const last = body.toString('latin1', Math.max(0, body.length - tailLength));
    this.#tail = (this.#tail + last).slice(-tailLength);
    if (!this.#tail.endsWith('\r\n0\r\n\r\n')) return;
    if (this.#tail.includes('data: [DONE]')) this.#done();
    else this.#fail(new Error(`A stream that ends with ${JSON.stringify(this.#tail)}`));
  }

  #done(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve({ head: this.#head, firstByteMs: this.#firstByteMs });
  }

  #fail(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#socket.destroy();
    waiting?.reject(error);
  }
}
