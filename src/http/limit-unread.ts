import type { ServerResponse } from 'node:http';

/**
 * Gives an answer up that its client does not read: from now on it must move within `timeoutMs`. To be called when the
 * whole answer was handed over; before that, silence may be the model's.
 */
export function limitUnread(response: ServerResponse, timeoutMs: number): void {
  // The system has all of it: nothing is left to be given up.
  if (response.writableEnded && response.writableLength === 0) return;
  const { socket } = response;
  // What a client sends would count as movement: it is read when the answer is out.
  if (socket && !socket.isPaused()) {
    socket.pause();
    response.once('finish', () => socket.resume());
  }
  response.setTimeout(timeoutMs, () => response.destroy());
}
