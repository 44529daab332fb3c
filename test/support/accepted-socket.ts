// The proxy's side of a connection, so that a test knows when the proxy has noticed that a client is gone.
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import type { RawClient } from './raw-client.ts';

const byPort = new Map<number, Socket>();

subscribe('net.server.socket', message => {
  const { socket } = message as { readonly socket: Socket };
  const port = socket.remotePort;
  if (port === undefined) return;
  byPort.set(port, socket);
  socket.once('close', () => byPort.delete(port));
});

/** Resolves when the server has let go of the client's connection. To be asked while it is open. */
export async function serverLetsGo({ port }: RawClient): Promise<void> {
  const socket = byPort.get(port);
  if (socket && !socket.closed) await new Promise(resolve => socket.once('close', resolve));
}
