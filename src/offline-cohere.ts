// The offline Cohere in a thread of its own: what it makes of a large or odd request keeps nobody else waiting, and if it
// ends, another one takes its place.
import { once } from 'node:events';
import { extname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { OfflineOrder, OfflineReport, OfflineSettings } from './offline-worker.ts';

/** MB. Far more than it needs for the largest request. */
const memory = { maxOldGenerationSizeMb: 1024 };
const restartMs = 100;

export class OfflineCohere {
  readonly url: string;
  #worker: Worker;
  readonly #onProblem: (error: unknown) => void;
  #hasVocabulary = false;
  #isClosed = false;

  static async start(onProblem: (error: unknown) => void): Promise<OfflineCohere> {
    const { worker, url } = await startWorker(0);
    return new OfflineCohere(worker, url, onProblem);
  }

  private constructor(worker: Worker, url: string, onProblem: (error: unknown) => void) {
    this.url = url;
    this.#onProblem = onProblem;
    this.#worker = worker;
    this.#watch(worker);
  }

  /** The prepared vocabulary is there: from now on it counts exactly. Never rejects. */
  async useVocabulary(): Promise<void> {
    this.#hasVocabulary = true;
    const used = once(this.#worker, 'message');
    const order: OfflineOrder = 'use-vocabulary';
    this.#worker.postMessage(order);
    // Where the thread ends meanwhile, by an error or not, the next one is told.
    await Promise.race([used, once(this.#worker, 'exit')]).catch(() => {});
  }

  /** As an exhausted heap would. */
  async endThread(): Promise<void> {
    await this.#worker.terminate();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#worker.terminate();
  }

  #watch(worker: Worker): void {
    let reason: unknown;
    worker.on('error', error => {
      reason = error;
    });
    worker.once('exit', () => {
      if (this.#isClosed) return;
      this.#onProblem(reason);
      void this.#restart();
    });
  }

  async #restart(): Promise<void> {
    await sleep(restartMs, undefined, { ref: false });
    if (this.#isClosed) return;
    try {
      const { worker } = await startWorker(Number(new URL(this.url).port));
      this.#worker = worker;
      this.#watch(worker);
      if (this.#isClosed) await worker.terminate();
      else if (this.#hasVocabulary) await this.useVocabulary();
    } catch (error) {
      this.#onProblem(error);
      void this.#restart();
    }
  }
}

async function startWorker(port: number): Promise<{ worker: Worker; url: string }> {
  const workerData: OfflineSettings = { port };
  const worker = new Worker(new URL(`./offline-worker${extname(import.meta.url)}`, import.meta.url), {
    workerData,
    // Flags of the process, such as `--eval` and what goes with it, are not for a file.
    execArgv: [],
    resourceLimits: memory,
  });
  const ended = once(worker, 'exit').then(([code]) => {
    throw new Error(`the thread of the offline Cohere ended with ${code}`);
  });
  const [report] = (await Promise.race([once(worker, 'message'), ended])) as [OfflineReport];
  if (report === 'uses-vocabulary') throw new Error('the offline Cohere said something else first');
  // No process stays for it alone.
  worker.unref();
  return { worker, url: report.url };
}
