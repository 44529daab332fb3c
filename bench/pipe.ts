// The measure of all things: a server and a client with nothing in between. Bodies pass as they come, both ways, with
// back-pressure. Client and server are set as the proxy sets its own. Argument: the upstream's port.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';
import { defaultLimits as limits } from '../src/limits.ts';
import { announce } from './child.ts';

const pool = new Pool(`http://127.0.0.1:${process.argv[2]}`, {
  connections: limits.upstreamConnections,
  connect: { timeout: limits.connectTimeoutMs },
  headersTimeout: 0,
  bodyTimeout: 0,
  maxResponseSize: limits.upstreamBodyBytes,
  pipelining: 1,
});

const server = createServer(
  // Fastify's time for idle connections.
  {
    keepAliveTimeout: 72_000,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
  },
  pass,
);
server.listen(0, '127.0.0.1', () => announce((server.address() as AddressInfo).port));

const ownHeaders = new Set(['host', 'connection', 'keep-alive', 'transfer-encoding']);

function pass(request: IncomingMessage, response: ServerResponse): void {
  let abort: (() => void) | undefined;
  response.once('close', () => {
    if (!response.writableFinished) abort?.();
  });
  pool.dispatch(
    {
      path: request.url ?? '/',
      method: request.method ?? 'GET',
      headers: passed(request.rawHeaders),
      body: request.method === 'GET' ? null : request,
    },
    // undici's inner interface; the newer one is a layer on top of it.
    {
      onConnect: stop => {
        abort = stop;
      },
      onHeaders: (status, headers, resume) => {
        response.on('drain', resume);
        response.writeHead(status, passed(headers.map(value => value.toString('latin1'))));
        return true;
      },
      onData: chunk => response.write(chunk),
      onComplete: () => {
        response.end();
      },
      onError: () => {
        response.destroy();
      },
    },
  );
}

function passed(headers: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? '';
    if (!ownHeaders.has(name.toLowerCase())) kept.push(name, headers[index + 1] ?? '');
  }
  return kept;
}
