// Keeps connections busy: each asks again as soon as it was answered. Never more connections than it was given.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, Connection } from './connection.ts';

/** Undefined: this connection has done its part. */
type Next = (connection: number) => Buffer | undefined;
type Seen = (connection: number, answer: Answer) => void;

export interface Load {
  readonly connections: number;
  readonly next: Next;
  readonly seen?: Seen;
  /** Connection n begins n times this after the first one. */
  readonly staggerMs?: number;
}

export interface Done {
  readonly answers: number;
  readonly wallMs: number;
}

/** Open connections to one port, kept for the next load. */
export class Connections {
  readonly #port: number;
  #open: Connection[] = [];

  constructor(port: number) {
    this.#port = port;
  }

  async run({ connections, next, seen, staggerMs = 0 }: Load): Promise<Done> {
    const open = await this.#take(connections);
    const startMs = performance.now();
    let answers = 0;
    const keepBusy = async (connection: Connection, index: number) => {
      if (staggerMs > 0) await sleep(index * staggerMs);
      for (let request = next(index); request; request = next(index)) {
        const answer = await connection.send(request);
        answers += 1;
        seen?.(index, answer);
      }
    };
    await Promise.all(open.map(keepBusy));
    return { answers, wallMs: performance.now() - startMs };
  }

  close(): void {
    for (const connection of this.#open) connection.close();
    this.#open = [];
  }

  async #take(count: number): Promise<Connection[]> {
    this.#open = this.#open.filter(connection => connection.isOpen);
    while (this.#open.length < count) this.#open.push(await Connection.open(this.#port));
    return this.#open.slice(0, count);
  }
}

/** The same request until the time is over. */
export function repeatFor(seconds: number, next: (connection: number) => Buffer): Next {
  const endMs = performance.now() + seconds * 1000;
  return connection => (performance.now() < endMs ? next(connection) : undefined);
}

/** So many requests on each connection. */
export function repeatTimes(times: number, next: (connection: number) => Buffer): Next {
  const counts = new Map<number, number>();
  return connection => {
    const count = counts.get(connection) ?? 0;
    counts.set(connection, count + 1);
    return count < times ? next(connection) : undefined;
  };
}
