// The requests of one connection are handled one after another, however many a client has sent ahead (pipelining).
// Node parses them all and would have all of them run at once. Those of a client that has left by then never run.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { ProxyError } from '../conversation/errors.ts';
import { stopReading } from './half-closed.ts';

/** Without request and response: what ends the connection. */
interface Asked {
  readonly request?: IncomingMessage;
  readonly response?: ServerResponse;
  readonly start: () => void;
}

interface Connection {
  current: Asked;
  readonly waiting: Asked[];
  isEnding: boolean;
}

export class OneAtATime {
  readonly #maxWaiting: number;
  readonly #refuse: (refusal: ProxyError, socket: Socket) => void;
  readonly #connections = new WeakMap<Socket, Connection>();

  /** @param refuse says why, and hangs up */
  constructor(maxWaiting: number, refuse: (refusal: ProxyError, socket: Socket) => void) {
    this.#maxWaiting = maxWaiting;
    this.#refuse = refuse;
  }

  /**
   * Handles a request when those before it on its connection have been answered. Where too many wait, the connection
   * ends behind them: nothing more is read, and the rest is not handled.
   */
  run(request: IncomingMessage, response: ServerResponse, handle: () => void): void {
    const { socket } = request;
    const start = () => {
      response.once('close', () => this.#next(socket));
      handle();
    };
    const asked = { request, response, start };
    const connection = this.#connections.get(socket);
    if (!connection) {
      this.#connections.set(socket, { current: asked, waiting: [], isEnding: false });
      start();
    } else if (connection.isEnding) return;
    else if (connection.waiting.length < this.#maxWaiting) connection.waiting.push(asked);
    else {
      stopReading(socket);
      const why = 'Too many requests were sent ahead on this connection.';
      this.#endBehind(connection, new ProxyError('overloaded', why), socket);
    }
  }

  /** What came last on a connection is no request: refused, once, when all that was asked before has been answered. */
  end(socket: Socket, refusal: ProxyError): void {
    const connection = this.#connections.get(socket);
    if (connection?.isEnding) return;
    if (!connection) {
      const start = () => this.#refuse(refusal, socket);
      this.#connections.set(socket, { current: { start }, waiting: [], isEnding: true });
      start();
      return;
    }
    const { current, waiting } = connection;
    // The fault is in the body of the last request, which will never be complete.
    if ((waiting.at(-1) ?? current).request?.complete === false) {
      if (waiting.pop() === undefined) {
        connection.isEnding = true;
        if (current.response?.headersSent) socket.destroy();
        else this.#refuse(refusal, socket);
        return;
      }
    }
    this.#endBehind(connection, refusal, socket);
  }

  #endBehind(connection: Connection, refusal: ProxyError, socket: Socket): void {
    connection.isEnding = true;
    connection.waiting.push({ start: () => this.#refuse(refusal, socket) });
  }

  #next(socket: Socket): void {
    const connection = this.#connections.get(socket);
    const next = socket.destroyed ? undefined : connection?.waiting.shift();
    if (!connection || !next) {
      this.#connections.delete(socket);
      return;
    }
    connection.current = next;
    next.start();
  }
}
