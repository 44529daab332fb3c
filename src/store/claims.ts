// Keys of requests that may come again: which of them run, and what came of those that are done.
import { ProxyError } from '../conversation/errors.ts';
import { OwnedQueue } from './owned-queue.ts';
import type { Claim, ClaimRequest } from './session-store.ts';

interface Running {
  readonly holder: string;
  readonly fingerprint: string;
  readonly untilMs: number;
}

interface Answered {
  readonly fingerprint: string;
  readonly text: string;
  readonly bytes: number;
  readonly untilMs: number;
}

export interface ClaimsOptions {
  /** As many may run, and as many answers are kept: then the oldest of the owner with the most is forgotten. */
  readonly max: number;
  readonly maxBytes: number;
  readonly now: () => number;
  /** @throws ProxyError `store_full` */
  readonly makeRoom: (owner: string, bytes: number) => void;
}

/** What an answer costs beside its text. */
const overheadBytes = 500;

export class Claims {
  readonly #options: ClaimsOptions;
  /** The longest not renewed first. */
  readonly #running = new Map<string, Running>();
  /** The oldest first. */
  readonly #answered = new OwnedQueue<Answered>();
  #bytes = 0;

  constructor(options: ClaimsOptions) {
    this.#options = options;
  }

  /** Of the answers. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @throws ProxyError `store_full` where too many run. */
  claim(name: string, { holder, ttlMs, fingerprint }: ClaimRequest): Claim {
    const { now, max } = this.#options;
    const nowMs = now();
    const answered = this.#answered.get(name);
    if (answered && answered.untilMs > nowMs)
      return { status: 'answered', fingerprint: answered.fingerprint, text: answered.text };
    const running = this.#running.get(name);
    if (running && running.untilMs > nowMs && running.holder !== holder)
      return { status: 'running', fingerprint: running.fingerprint };
    if (!running && this.#running.size >= max)
      throw new ProxyError('store_full', 'Too many requests with keys of their own are running.');
    this.#running.delete(name);
    this.#running.set(name, { holder, fingerprint, untilMs: nowMs + ttlMs });
    return { status: 'claimed' };
  }

  /** @throws ProxyError `store_full` where there is no room for the answer; the claim stands then. */
  settle(
    owner: string,
    name: string,
    holder: string,
    answer?: { readonly text: string; readonly ttlMs: number },
  ): void {
    const { now, max, maxBytes, makeRoom } = this.#options;
    const running = this.#running.get(name);
    if (running?.holder !== holder) return;
    if (answer) {
      const bytes = Buffer.byteLength(answer.text) + overheadBytes;
      if (bytes > maxBytes) throw new ProxyError('store_full', 'This answer is too large to be kept.');
      makeRoom(owner, bytes);
      const { text, ttlMs } = answer;
      this.#forget(name);
      this.#answered.set(owner, name, {
        fingerprint: running.fingerprint,
        text,
        bytes,
        untilMs: now() + ttlMs,
      });
      this.#bytes += bytes;
      while (this.#answered.size > max || this.#bytes > maxBytes)
        this.#forget(this.#answered.surplus() ?? '');
    }
    this.#running.delete(name);
  }

  /** Most are kept equally long, so that this looks at those that are too old and at one more. */
  sweep(): void {
    const nowMs = this.#options.now();
    for (const [name, { untilMs }] of this.#running) {
      if (untilMs > nowMs) break;
      this.#running.delete(name);
    }
    let { oldest } = this.#answered;
    while (oldest && oldest.value.untilMs <= nowMs) {
      this.#forget(oldest.name);
      oldest = this.#answered.oldest;
    }
  }

  clear(): void {
    this.#running.clear();
    this.#answered.clear();
    this.#bytes = 0;
  }

  #forget(name: string): void {
    this.#bytes -= this.#answered.get(name)?.bytes ?? 0;
    this.#answered.delete(name);
  }
}
