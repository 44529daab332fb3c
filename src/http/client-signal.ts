// The client, as a signal: aborted when it leaves before its answer was sent, and when the proxy has to stop.
import type { ServerResponse } from 'node:http';
import { ProxyError } from '../conversation/errors.ts';

export class ClientSignals {
  readonly #open = new Set<AbortController>();

  /** A signal whose reason is always a ProxyError. */
  watch(response: ServerResponse): AbortSignal {
    const controller = new AbortController();
    this.#open.add(controller);
    response.once('close', () => {
      this.#open.delete(controller);
      if (!response.writableFinished) {
        controller.abort(
          new ProxyError('client_closed_request', 'The client left before its answer was complete.'),
        );
      }
    });
    return controller.signal;
  }

  abortAll(reason: ProxyError): void {
    for (const controller of this.#open) controller.abort(reason);
  }
}
