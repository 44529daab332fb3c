// One server: a connection for everything, and where replicas must have what is appended another one for that, since
// nothing else goes through a connection that waits for them.
import { Connection, type ConnectionOptions, type Reply } from './connection.ts';
import { RedisFailure } from './failure.ts';
import type { SendOptions } from './route.ts';

export interface NodeOptions extends ConnectionOptions {
  readonly replicas: number;
  readonly waitMs: number;
}

interface Waiter {
  resolve(): void;
  reject(failure: unknown): void;
}

export class Node {
  readonly #options: NodeOptions;
  readonly #main: Connection;
  readonly #keeping: Connection | undefined;
  /** Appends that no replica was asked for yet. */
  #waiters: Waiter[] = [];
  #isAsking = false;

  constructor(options: NodeOptions) {
    this.#options = options;
    this.#main = new Connection(options);
    this.#keeping = options.replicas > 0 ? new Connection(options) : undefined;
  }

  get isReady(): boolean {
    return this.#main.isReady;
  }

  get hasBegun(): boolean {
    return this.#main.hasBegun;
  }

  async connect(): Promise<void> {
    await Promise.all([this.#main.connect(), this.#keeping?.connect()]);
  }

  async send(command: readonly string[], options: SendOptions): Promise<Reply> {
    const keeping = options.isKept ? this.#keeping : undefined;
    if (!keeping) return this.#main.send(command, options);
    const reply = await keeping.send(command, options);
    await new Promise<void>((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      void this.#askReplicas(keeping);
    });
    return reply;
  }

  /** The next command goes where a slot is moving to. */
  async sendAsking(command: readonly string[], options: SendOptions): Promise<Reply> {
    // One after the other, with nothing between them.
    const asking = this.#main.send(['ASKING'], { isAnswer: value => value === 'OK' });
    const sent = this.#main.send(command, options);
    const [, reply] = await Promise.all([asking, sent]);
    return reply;
  }

  async ping(): Promise<void> {
    await Promise.all([this.#main.ping(), this.#keeping?.ping()]);
  }

  close(): void {
    this.#main.close();
    this.#keeping?.close();
  }

  /** One question for all that were appended until then: what came first is with a replica that has what came last. */
  async #askReplicas(keeping: Connection): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const isAnswer = (value: unknown) => typeof value === 'number';
    while (this.#waiters.length > 0) {
      const waiters = this.#waiters.splice(0);
      try {
        const { replicas, waitMs } = this.#options;
        const { value } = await keeping.send(['WAIT', String(replicas), String(waitMs)], { isAnswer });
        if (Number(value) < replicas)
          throw new RedisFailure('lost', `only ${Number(value)} of ${replicas} replicas have it`);
        for (const { resolve } of waiters) resolve();
      } catch (failure) {
        for (const { reject } of waiters) reject(failure);
      }
    }
    this.#isAsking = false;
  }
}
