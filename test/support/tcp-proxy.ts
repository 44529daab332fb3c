// Stands between a client and a server, and does what networks do: delays, swallows answers, cuts, refuses.
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

export interface Rules {
  /** Each piece of an answer comes so much later. */
  delayMs: number;
  /** Answers are not handed on; what was asked still reaches the server. */
  isSwallowing: boolean;
  /** After so many bytes of answers a connection is reset. */
  cutAfterBytes: number;
  /** New connections are reset. */
  isRefusing: boolean;
  /** Told of every piece that a client sends, before it goes on; may change the rules. */
  onAsked: (text: string) => void;
}

const noRules: Rules = {
  delayMs: 0,
  isSwallowing: false,
  cutAfterBytes: Number.POSITIVE_INFINITY,
  isRefusing: false,
  onAsked: () => undefined,
};

export class TcpProxy {
  readonly rules: Rules = { ...noRules };
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  accepted = 0;

  private constructor(targetPort: number) {
    this.#server = createServer(client => this.#accept(client, targetPort));
  }

  static async start(targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort);
    await new Promise<void>(resolve => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    return address && typeof address === 'object' ? address.port : 0;
  }

  /** From now on nothing goes wrong. */
  behave(): void {
    Object.assign(this.rules, noRules);
  }

  /** All connections, now. */
  reset(): void {
    for (const socket of this.#open) socket.resetAndDestroy();
  }

  async stop(): Promise<void> {
    this.reset();
    await new Promise(resolve => this.#server.close(resolve));
  }

  #accept(client: Socket, targetPort: number): void {
    if (this.rules.isRefusing) {
      client.resetAndDestroy();
      return;
    }
    this.accepted += 1;
    const server = createConnection({ port: targetPort, host: '127.0.0.1', noDelay: true });
    for (const socket of [client, server]) {
      this.#open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#open.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    client.on('data', asked => {
      this.rules.onAsked(asked.toString('latin1'));
      server.write(asked);
    });
    let answered = 0;
    server.on('data', async answer => {
      const { delayMs, isSwallowing } = this.rules;
      if (delayMs > 0) await pause(delayMs);
      if (isSwallowing || client.destroyed) return;
      const left = this.rules.cutAfterBytes - answered;
      answered += answer.length;
      client.write(answer.subarray(0, Math.max(0, left)));
      if (answer.length > left) client.resetAndDestroy();
    });
  }
}
