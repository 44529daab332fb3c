// What is no valid HTTP never becomes a request, so that no handler can answer it: the socket itself is written to.
import type { Socket } from 'node:net';
import { ProxyError } from '../conversation/errors.ts';

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

/** Answers in OpenAI's shape, where the client still listens, and hangs up. */
export function answerBrokenRequest(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const refusal = readParserError(error);
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
}

function readParserError(error: Error & { readonly code?: string }): ProxyError {
  switch (error.code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ProxyError('request_timeout', 'The request took too long to arrive.');
    case 'HPE_HEADER_OVERFLOW':
      return new ProxyError('headers_too_large', 'The headers of the request are too large.');
    default:
      return new ProxyError('invalid_request', 'This is no valid HTTP request.');
  }
}
