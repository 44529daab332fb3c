// The clock of one call: how long until the first event, between two, and in all. One timer, moved as events come.
import { ProxyError } from '../conversation/errors.ts';

export interface DeadlineLimits {
  readonly firstEventTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly totalTimeoutMs: number;
}

export class Deadline {
  readonly #controller = new AbortController();
  readonly #limits: DeadlineLimits;
  readonly #client: AbortSignal;
  readonly #onClientGone = () => this.#controller.abort(this.#client.reason);
  readonly #endsAtMs: number;
  #timer: NodeJS.Timeout;
  #isHeard = false;
  #isStopped = false;

  /** Only the total counts for a whole answer: nothing is heard before its end. */
  constructor(options: {
    readonly limits: DeadlineLimits;
    readonly stream: boolean;
    readonly client: AbortSignal;
  }) {
    this.#limits = options.limits;
    this.#client = options.client;
    const { firstEventTimeoutMs, totalTimeoutMs } = options.limits;
    this.#endsAtMs = performance.now() + totalTimeoutMs;
    this.#timer =
      options.stream && firstEventTimeoutMs < totalTimeoutMs
        ? setTimeout(() => this.#stall(), firstEventTimeoutMs)
        : setTimeout(() => this.#expire(), totalTimeoutMs);
    if (this.#client.aborted) this.#onClientGone();
    else this.#client.addEventListener('abort', this.#onClientGone);
  }

  /** Aborts with a ProxyError, or with the reason why the client is gone. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Something came. */
  heard(): void {
    if (this.#isStopped) return;
    const leftMs = this.#endsAtMs - performance.now();
    if (leftMs <= 0) {
      this.#expire();
    } else if (this.#isHeard && leftMs > this.#limits.idleTimeoutMs) {
      this.#timer.refresh();
    } else {
      this.#isHeard = true;
      clearTimeout(this.#timer);
      this.#timer =
        leftMs > this.#limits.idleTimeoutMs
          ? setTimeout(() => this.#stall(), this.#limits.idleTimeoutMs)
          : setTimeout(() => this.#expire(), leftMs);
    }
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#client.removeEventListener('abort', this.#onClientGone);
  }

  #stall(): void {
    this.#controller.abort(
      new ProxyError('upstream_stalled', 'Cohere fell silent before the answer was complete.'),
    );
  }

  #expire(): void {
    this.#controller.abort(new ProxyError('upstream_timeout', 'The answer took longer than the time limit.'));
  }
}
