// A client that has sent all it wants to send may say so and go on reading (`nc -N`, scripts of HTTP/1.0). A client
// that has left says the very same: only what is sent to it tells the two apart, since a client that is gone answers
// with a reset. So when a client has closed its side, bytes are sent that it would have been sent anyway.
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** What is to be done where a connection may be one that nobody is at the other end of. */
const waiting = new WeakMap<Socket, Set<() => void>>();

/** After the close. A reset in answer to one shows with the next: two tell it where the network is near. */
const probesMs = [0, 5, 25, 100, 500, 2_500, 10_000, 60_000];

/** Calls `probe` some times, from when the client has closed its side until the answer is over. */
export function onHalfClosed(response: ServerResponse, probe: () => void): void {
  const { socket } = response;
  if (!socket) return;
  let timer: NodeJS.Timeout | undefined;
  const next = (at: number, sinceMs: number) => {
    const atMs = probesMs[at];
    if (atMs === undefined) return;
    timer = setTimeout(() => {
      probe();
      next(at + 1, atMs);
    }, atMs - sinceMs);
  };
  const begin = () => {
    if (timer === undefined) next(0, 0);
  };
  const all = waiting.get(socket) ?? new Set();
  waiting.set(socket, all.add(begin));
  socket.once('end', begin);
  response.once('close', () => {
    clearTimeout(timer);
    all.delete(begin);
    socket.off('end', begin);
  });
  if (socket.readableEnded || socket.isPaused()) begin();
}

/** Reads no more of a connection. Its end can then not be seen, so it is looked for as if it had come. */
export function stopReading(socket: Socket): void {
  socket.pause();
  for (const begin of waiting.get(socket) ?? []) begin();
}

/** Every answer begins so, whatever it will say. */
const beginning = 'HTTP/1.1 ';

/** Sends the beginning of the answer byte by byte, before anything is known of the rest. */
export function probeWithBeginning(response: ServerResponse): void {
  const { socket } = response;
  if (!socket) return;
  const { write } = socket;
  let sent = 0;
  onHalfClosed(response, () => {
    if (response.headersSent || socket.destroyed || sent === beginning.length) return;
    if (sent === 0) {
      // What was sent is left out of the answer when it comes.
      socket.write = (...args: unknown[]) => {
        socket.write = write;
        const [chunk, ...rest] = args;
        const left = typeof chunk === 'string' || Buffer.isBuffer(chunk) ? chunk.slice(sent) : chunk;
        return Reflect.apply(write, socket, [left, ...rest]);
      };
    }
    write.call(socket, beginning.charAt(sent));
    sent += 1;
  });
}
