import type { ServerResponse } from 'node:http';

/**
 * Gives an answer up that its client does not read: from now on the connection must move within `timeoutMs`.
 * To be called when the whole answer was handed over; before that, silence may be the model's.
 */
export function limitUnread(response: ServerResponse, timeoutMs: number): void {
  response.setTimeout(timeoutMs, () => response.destroy());
}
