// The thread that has the database, as the event loop sees it. All calls of one turn of the loop go in one message.
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { ProxyError, toProxyError } from '../../conversation/errors.ts';
import { StoreStartError } from '../store-start-error.ts';
import type {
  Answer,
  Call,
  CallName,
  Failure,
  Order,
  Report,
  StoreProblem,
  SynchronousRecords,
  WorkerSettings,
} from './calls.ts';

export interface ThreadOptions extends WorkerSettings {
  readonly now: () => number;
  readonly onProblem?: ((problem: StoreProblem) => void) | undefined;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
  readonly untilMs: number;
}

const answerMs = 10_000;
const lookMs = 1_000;
/** A thread that ended is started again, but not all the time. */
const restartMs = 1_000;
const maxWaiting = 10_000;
const closeMs = 15_000;

export class DatabaseThread {
  readonly #options: ThreadOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #startedMs = 0;
  #calls: Call[] = [];
  #asked = 0;
  #swept: (() => void)[] = [];
  #isOpen = false;
  #closing: Promise<void> | undefined;

  constructor(options: ThreadOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#rejectLate(), lookMs);
    this.#timer.unref();
  }

  /** @throws StoreStartError */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#begin(error => {
        if (!error) return resolve();
        clearInterval(this.#timer);
        reject(error);
      });
    });
  }

  ask<Name extends CallName>(
    name: Name,
    args: Parameters<SynchronousRecords[Name]>,
  ): Promise<ReturnType<SynchronousRecords[Name]>> {
    const refusal = this.#refusal();
    if (refusal !== undefined) return Promise.reject(unavailable(refusal));
    return new Promise((resolve, reject) => {
      this.#asked += 1;
      const untilMs = performance.now() + answerMs;
      if (this.#waiting.size === 0) this.#worker?.ref();
      // The answer to a call is of the call's own kind.
      const take = resolve as (value: unknown) => void;
      this.#waiting.set(this.#asked, { resolve: take, reject, untilMs });
      if (this.#calls.length === 0) setImmediate(() => this.#send());
      this.#calls.push({ id: this.#asked, name, args } as unknown as Call);
    });
  }

  /** Resolves when it is done, whether or not all could be removed. */
  sweep(): Promise<void> {
    if (this.#closing !== undefined || !this.#worker) return Promise.resolve();
    return new Promise(resolve => {
      this.#worker?.ref();
      this.#swept.push(resolve);
      this.#post({ kind: 'sweep', nowMs: this.#options.now() });
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    this.#send();
    const worker = this.#worker;
    if (worker) {
      worker.ref();
      const ended = new Promise(resolve => worker.once('exit', resolve));
      this.#post({ kind: 'close' });
      const late = setTimeout(() => worker.terminate(), closeMs);
      await ended;
      clearTimeout(late);
    }
    this.#rejectAll(unavailable('The session store is closed.'));
  }

  /** Why nothing can be asked; starts the thread again where it ended. */
  #refusal(): string | undefined {
    if (this.#closing !== undefined) return 'The session store is closed.';
    if (this.#waiting.size >= maxWaiting) return 'The session store has too much to do.';
    if (this.#worker) return undefined;
    if (performance.now() - this.#startedMs < restartMs) return 'The session store has failed.';
    const tell = (error?: unknown) => {
      if (error) this.#tell('The session store could not be opened again.', error);
    };
    try {
      this.#begin(tell);
      return undefined;
    } catch (error) {
      // No thread can be made: the machine has no more.
      tell(error);
      return 'The session store has failed.';
    }
  }

  #begin(opened: (error?: Error) => void): void {
    const { path, tombstoneMs, maxBytes } = this.#options;
    const workerData: WorkerSettings = { path, tombstoneMs, maxBytes };
    this.#startedMs = performance.now();
    const worker = new Worker(new URL(`./worker${extname(import.meta.url)}`, import.meta.url), {
      workerData,
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    this.#worker = worker;
    this.#isOpen = false;
    let failure: Error | undefined;
    worker.on('message', (report: Report) => {
      if (report.kind === 'opened') {
        this.#isOpen = true;
        this.#restIfIdle();
        opened();
      } else if (report.kind === 'refused') failure = new StoreStartError(report.message);
      else this.#take(report);
    });
    worker.on('error', error => {
      failure = error instanceof Error ? error : new Error(String(error));
    });
    worker.on('exit', () => {
      this.#worker = undefined;
      if (!this.#isOpen) opened(failure ?? new Error('The thread of the session store ended.'));
      else if (this.#closing === undefined) this.#tell('The thread of the session store ended.', failure);
      this.#rejectAll(unavailable('The session store has failed.', failure));
    });
  }

  #send(): void {
    const calls = this.#calls;
    if (calls.length === 0) return;
    this.#calls = [];
    try {
      this.#post({ kind: 'calls', nowMs: this.#options.now(), calls });
    } catch (error) {
      // What cannot be sent to a thread is a fault of ours.
      const { code, message } = toProxyError(error);
      for (const { id } of calls)
        this.#settle({ id, failure: { code, message, param: undefined, cause: String(error) } });
    }
  }

  #post(order: Order): void {
    this.#worker?.postMessage(order);
  }

  #take(report: Report): void {
    if (report.kind === 'answers') for (const answer of report.answers) this.#settle(answer);
    if (report.kind === 'problem') this.#tell(report.message, causeOf(report.cause));
    if (report.kind === 'swept') this.#endSweeps();
    this.#restIfIdle();
  }

  /** A thread that nobody waits for keeps no process alive. */
  #restIfIdle(): void {
    const isIdle = this.#isOpen && this.#waiting.size === 0 && this.#swept.length === 0;
    if (isIdle && this.#closing === undefined) this.#worker?.unref();
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    // It came too late, and was told so.
    if (!waiting) return;
    this.#waiting.delete(answer.id);
    if ('failure' in answer) waiting.reject(readFailure(answer.failure));
    else waiting.resolve(answer.value);
  }

  #endSweeps(): void {
    for (const resolve of this.#swept.splice(0)) resolve();
  }

  /** They are in the order in which they were asked. */
  #rejectLate(): void {
    const nowMs = performance.now();
    for (const [id, { untilMs, reject }] of this.#waiting) {
      if (untilMs > nowMs) return;
      this.#waiting.delete(id);
      reject(unavailable('The session store does not answer.'));
    }
  }

  #rejectAll(error: ProxyError): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#calls = [];
    for (const { reject } of waiting) reject(error);
    this.#endSweeps();
  }

  #tell(message: string, err?: unknown): void {
    this.#options.onProblem?.({ message, ...(err === undefined ? {} : { err }) });
  }
}

function readFailure({ code, message, param, cause }: Failure): ProxyError {
  return new ProxyError(code, message, {
    ...(param === undefined ? {} : { param }),
    ...(cause === undefined ? {} : { cause: causeOf(cause) }),
  });
}

const causeOf = (text: string | undefined) => (text === undefined ? undefined : new Error(text));

function unavailable(message: string, cause?: Error): ProxyError {
  return new ProxyError('store_unavailable', message, cause ? { cause } : {});
}
