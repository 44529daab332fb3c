// `Transfer-Encoding` other than chunked alone. Node takes the chunks apart and leaves the rest as it came, so that
// compressed bytes would be read as they are. RFC 9112, 6.1: what is not understood is 501, what is faulty 400, and
// the connection ends in both cases.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProxyError } from '../conversation/errors.ts';

/** @throws ProxyError `unsupported_transfer_encoding`, `invalid_request`; the reply then ends its connection. */
export function checkTransferEncoding({ raw }: FastifyRequest, reply: FastifyReply): void {
  const encoding = raw.headers['transfer-encoding'];
  if (encoding === undefined) return;
  const codings = encoding.split(',').map(coding => coding.trim().toLowerCase());
  // HTTP/1.0 has no such header: who sends it was misunderstood on the way.
  const isFaulty = raw.httpVersion === '1.0' || codings.filter(coding => coding === 'chunked').length > 1;
  if (!isFaulty && codings.length === 1) return;
  reply.header('connection', 'close');
  throw isFaulty
    ? new ProxyError('invalid_request', 'This Transfer-Encoding is no valid HTTP.')
    : new ProxyError(
        'unsupported_transfer_encoding',
        'Request bodies are taken as they are or chunked, in no other Transfer-Encoding.',
      );
}
