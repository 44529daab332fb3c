// An answer as JSON. What is large goes out in pieces, so that others are answered meanwhile.
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { isLarge } from '../streams/json-pieces.ts';
import { jsonBytes } from '../streams/write-json.ts';

export function sendJson(reply: FastifyReply, value: object): FastifyReply {
  reply.type('application/json');
  return isLarge(value)
    ? reply.send(Readable.from(jsonBytes(value), { objectMode: false }))
    : reply.send(JSON.stringify(value));
}
