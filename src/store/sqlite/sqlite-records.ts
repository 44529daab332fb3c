// Sessions in one file. Whoever asks waits for the thread that has it, and nobody else does.
import type { SessionRecords } from '../records.ts';
import type { StoreProblem } from './calls.ts';
import { DatabaseThread } from './database-thread.ts';

export interface SqliteOptions {
  readonly path: string;
  readonly now: () => number;
  readonly tombstoneMs: number;
  /** How large the file may become. */
  readonly maxBytes?: number | undefined;
  /** Told what whoever runs the proxy should know. */
  readonly onProblem?: ((problem: StoreProblem) => void) | undefined;
}

type Given<Name extends keyof SessionRecords> = Parameters<SessionRecords[Name]>;

const sweepMs = 30_000;

export class SqliteRecords implements SessionRecords {
  readonly #thread: DatabaseThread;
  readonly #timer: NodeJS.Timeout;

  /** @throws StoreStartError with a text that says what to do. */
  static async open(options: SqliteOptions): Promise<SqliteRecords> {
    const thread = new DatabaseThread(options);
    await thread.start();
    return new SqliteRecords(thread);
  }

  private constructor(thread: DatabaseThread) {
    this.#thread = thread;
    this.#timer = setInterval(() => thread.sweep(), sweepMs);
    this.#timer.unref();
  }

  open(...given: Given<'open'>) {
    return this.#thread.ask('open', given);
  }

  letGo(...given: Given<'letGo'>) {
    return this.#thread.ask('letGo', given);
  }

  append(...given: Given<'append'>) {
    return this.#thread.ask('append', given);
  }

  setIdle(...given: Given<'setIdle'>) {
    return this.#thread.ask('setIdle', given);
  }

  recall(...given: Given<'recall'>) {
    return this.#thread.ask('recall', given);
  }

  claim(...given: Given<'claim'>) {
    return this.#thread.ask('claim', given);
  }

  settle(...given: Given<'settle'>) {
    return this.#thread.ask('settle', given);
  }

  findByHints(...given: Given<'findByHints'>) {
    return this.#thread.ask('findByHints', given);
  }

  list(...given: Given<'list'>) {
    return this.#thread.ask('list', given);
  }

  find(...given: Given<'find'>) {
    return this.#thread.ask('find', given);
  }

  readNote(...given: Given<'readNote'>) {
    return this.#thread.ask('readNote', given);
  }

  writeNote(...given: Given<'writeNote'>) {
    return this.#thread.ask('writeNote', given);
  }

  delete(...given: Given<'delete'>) {
    return this.#thread.ask('delete', given);
  }

  check() {
    return this.#thread.ask('check', []);
  }

  /** Removes what is due and gives the room back; otherwise done every half a minute. */
  sweep(): Promise<void> {
    return this.#thread.sweep();
  }

  /** What was asked before is done first. */
  close(): Promise<void> {
    clearInterval(this.#timer);
    return this.#thread.close();
  }
}
