// When a request is over. Its response says so, but for those that wait behind another on one connection: where that
// breaks they are told nothing.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const bySocket = new WeakMap<Socket, Set<() => void>>();

/** Calls back once, when the answer was sent, or can no more be. */
export function whenOver({ socket }: IncomingMessage, response: ServerResponse, callback: () => void): void {
  const waiting = waitingOn(socket);
  const end = () => {
    if (waiting.delete(end)) callback();
  };
  waiting.add(end);
  response.once('close', end);
  if (socket.destroyed) end();
}

function waitingOn(socket: Socket): Set<() => void> {
  const known = bySocket.get(socket);
  if (known) return known;
  const waiting = new Set<() => void>();
  bySocket.set(socket, waiting);
  socket.once('close', () => {
    for (const end of waiting) end();
  });
  return waiting;
}
