// What is no valid HTTP never becomes a request, so that no handler can answer it: the socket itself is written to.
// So are requests that are too many to be handled.
import type { Socket } from 'node:net';
import { ProxyError } from '../conversation/errors.ts';
import type { OneAtATime } from './one-at-a-time.ts';

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
  503: 'Service Unavailable',
};

/** A client that does not hang up when it was answered is hung up on. */
const lingerMs = 2_000;

interface BrokenRequest extends Error {
  readonly code?: string;
}

/** Answers in OpenAI's shape, where the client still listens, behind what it asked before; and hangs up. */
export function answerBrokenRequest(error: BrokenRequest, socket: Socket, connections: OneAtATime): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) socket.destroy();
  else connections.end(socket, readParserError(error));
}

/** Writes to the socket itself, and hangs up. */
export function refuseOnSocket(refusal: ProxyError, socket: Socket): void {
  const body = JSON.stringify(refusal.toBody());
  socket.end(
    [
      `HTTP/1.1 ${refusal.status} ${reasons[refusal.status] ?? ''}`,
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  );
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(timer));
}

function readParserError(error: BrokenRequest): ProxyError {
  switch (error.code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ProxyError('request_timeout', 'The request took too long to arrive.');
    case 'HPE_HEADER_OVERFLOW':
      return new ProxyError('headers_too_large', 'The headers of the request are too large.');
    default:
      return new ProxyError('invalid_request', 'This is no valid HTTP request.');
  }
}
