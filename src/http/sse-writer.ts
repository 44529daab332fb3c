// The client's end of a stream: head before the first byte, one write a batch, back-pressure, signs of life, and two
// endings: a clean one, and one that no client can take for an answer.
import type { ServerResponse } from 'node:http';
import { setImmediate as otherWork } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import { ProxyError } from '../conversation/errors.ts';
import { onHalfClosed } from './half-closed.ts';
import { limitUnread } from './limit-unread.ts';

export interface SseWriterOptions {
  readonly keepAliveCommentMs: number;
  readonly clientWriteTimeoutMs: number;
}

const comment = ': keep-alive\n\n';
/** Characters: about a millisecond. */
const longWrite = 512 * 1024;

export class SseWriter {
  readonly #reply: FastifyReply;
  readonly #raw: ServerResponse;
  readonly #options: SseWriterOptions;
  readonly #keepAlive: NodeJS.Timeout;
  #isOpen = false;
  /** The last frames are on their way: nothing may come between their pieces. */
  #isEnding = false;

  /** From now on silence is broken by comments; the first one opens the stream, if nothing else has. */
  constructor(reply: FastifyReply, options: SseWriterOptions) {
    this.#reply = reply;
    this.#raw = reply.raw;
    this.#options = options;
    this.#keepAlive = setTimeout(() => this.#comment(), options.keepAliveCommentMs);
    onHalfClosed(this.#raw, () => {
      if (this.#isOpen && !this.#isEnding) this.#comment();
    });
  }

  /** Once true, no status can be sent any more. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Resolves when the client can take more; at once where it can. @throws where it does not take it in time. */
  write(frames: string): Promise<void> | undefined {
    // Its `close` has passed: nobody would tell that nothing more is taken.
    if (this.#raw.destroyed) throw clientHasLeft();
    this.#open();
    this.#keepAlive.refresh();
    return this.#raw.write(frames) ? undefined : this.#drained();
  }

  /**
   * The clean end, in one write with its last frames where these are short; else in many, as the client takes them, with
   * turns for others. @throws as `write`
   */
  async end(frames: string, pieces: Iterable<string>): Promise<void> {
    clearTimeout(this.#keepAlive);
    this.#isEnding = true;
    this.#open();
    let last = frames;
    for (const piece of pieces) {
      last += piece;
      if (last.length < longWrite) continue;
      if (this.#raw.destroyed) throw clientHasLeft();
      if (!this.#raw.write(last)) await this.#drained();
      await otherWork();
      last = '';
    }
    this.#raw.end(last);
    limitUnread(this.#raw, this.#options.clientWriteTimeoutMs);
  }

  /**
   * The broken end: the frame, then the connection without the last chunk of the body. A clean end without `[DONE]`
   * looks like success to the official client.
   */
  fail(error: ProxyError): void {
    clearTimeout(this.#keepAlive);
    if (this.#raw.destroyed || this.#raw.writableEnded) return;
    this.#raw.write(`data: ${JSON.stringify(error.toBody())}\n\n`, () => this.#raw.destroy());
    // A client that does not read never lets the frame out.
    setTimeout(() => this.#raw.destroy(), this.#options.clientWriteTimeoutMs).unref();
  }

  /** Stops the signs of life where the stream was never opened and the answer is an ordinary one. */
  abandon(): void {
    clearTimeout(this.#keepAlive);
  }

  #open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#reply.hijack();
    for (const [name, value] of Object.entries(this.#reply.getHeaders())) {
      if (value !== undefined) this.#raw.setHeader(name, value);
    }
    this.#raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-store',
      // Or nginx collects the events.
      'x-accel-buffering': 'no',
    });
  }

  #comment(): void {
    if (this.#raw.destroyed || this.#raw.writableEnded) return;
    this.#open();
    this.#raw.write(comment);
    this.#keepAlive.refresh();
  }

  #drained(): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer);
        this.#raw.off('drain', onDrain);
        this.#raw.off('close', onClose);
      };
      const onDrain = () => {
        leave();
        resolve();
      };
      const onClose = () => {
        leave();
        reject(clientHasLeft());
      };
      const timer = setTimeout(() => {
        this.#raw.destroy();
        onClose();
      }, this.#options.clientWriteTimeoutMs);
      this.#raw.on('drain', onDrain);
      this.#raw.on('close', onClose);
    });
  }
}

function clientHasLeft(): ProxyError {
  return new ProxyError('client_closed_request', 'The client has left.');
}
