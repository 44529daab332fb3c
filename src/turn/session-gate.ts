// One turn at a time per session, of those in this process. Who comes while one runs waits, in order, in a bounded
// queue.
import { ProxyError } from '../conversation/errors.ts';
import type { SessionKey } from '../conversation/session.ts';

export interface SessionGateOptions {
  /** How many may wait for one session. */
  readonly sessionQueue: number;
  /** How long each waits, in milliseconds. */
  readonly sessionWaitMs: number;
}

type Release = () => void;

export class SessionGate {
  readonly #options: SessionGateOptions;
  /** Busy sessions, with those who wait for each. */
  readonly #queues = new Map<string, (() => void)[]>();

  constructor(options: SessionGateOptions) {
    this.#options = options;
  }

  /** How long a turn may wait for its session, in milliseconds. */
  get waitMs(): number {
    return this.#options.sessionWaitMs;
  }

  isBusy(key: SessionKey): boolean {
    return this.#queues.has(nameOf(key));
  }

  /**
   * Resolves with the function that opens the gate for the next; call it once the turn has ended, however it did.
   * @throws ProxyError `conversation_locked` where the queue is full or the wait too long; the signal's reason.
   */
  async enter(key: SessionKey, signal: AbortSignal): Promise<Release> {
    signal.throwIfAborted();
    const name = nameOf(key);
    const queue = this.#queues.get(name);
    if (!queue) {
      this.#queues.set(name, []);
      return this.#releaseOnce(name);
    }
    if (queue.length >= this.#options.sessionQueue) throw locked('too many requests wait for it');
    await this.#wait(queue, signal);
    return this.#releaseOnce(name);
  }

  #wait(queue: (() => void)[], signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
      };
      const proceed = () => {
        leave();
        resolve();
      };
      const giveUp = (reason: unknown) => {
        leave();
        queue.splice(queue.indexOf(proceed), 1);
        reject(reason);
      };
      const onAbort = () => giveUp(signal.reason);
      const timer = setTimeout(() => giveUp(locked('the wait took too long')), this.#options.sessionWaitMs);
      signal.addEventListener('abort', onAbort);
      queue.push(proceed);
    });
  }

  #releaseOnce(name: string): Release {
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      const next = this.#queues.get(name)?.shift();
      if (next) next();
      else this.#queues.delete(name);
    };
  }
}

function nameOf({ owner, user, id }: SessionKey): string {
  return JSON.stringify([owner, user, id]);
}

export function locked(why: string): ProxyError {
  return new ProxyError(
    'conversation_locked',
    `Another turn of this session is running, and ${why}. Try again.`,
    {
      param: 'sessionId',
    },
  );
}
