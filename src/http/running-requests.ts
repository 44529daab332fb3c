// The requests whose turns are running: each with its client as a signal, all of them to be waited for at the end.
import type { ServerResponse } from 'node:http';
import { ProxyError } from '../conversation/errors.ts';
import { probeWithBeginning } from './half-closed.ts';

export class RunningRequests {
  readonly #open = new Map<ServerResponse, AbortController>();
  #onIdle: (() => void) | undefined;

  /** Aborted when the client leaves before its answer was sent, and when it has to. The reason is a ProxyError. */
  watch(response: ServerResponse): AbortSignal {
    const controller = new AbortController();
    if (response.destroyed) {
      controller.abort(new ProxyError('client_closed_request', 'The client left before it was heard.'));
      return controller.signal;
    }
    this.#open.set(response, controller);
    probeWithBeginning(response);
    response.once('close', () => {
      this.#open.delete(response);
      if (this.#open.size === 0) this.#onIdle?.();
      if (!response.writableFinished) {
        controller.abort(
          new ProxyError('client_closed_request', 'The client left before its answer was complete.'),
        );
      }
    });
    return controller.signal;
  }

  /** Resolves when none is left: each has `graceMs` to end by itself, then a moment to say why it did not. */
  async drain(graceMs: number, reason: ProxyError): Promise<void> {
    if (await this.#idleWithin(graceMs)) return;
    for (const controller of this.#open.values()) controller.abort(reason);
    if (await this.#idleWithin(lastWordsMs)) return;
    // Clients that do not read.
    for (const response of this.#open.keys()) response.destroy();
  }

  #idleWithin(ms: number): Promise<boolean> {
    if (this.#open.size === 0) return Promise.resolve(true);
    return new Promise(resolve => {
      const timer = setTimeout(() => resolve(false), ms);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }
}

const lastWordsMs = 500;
