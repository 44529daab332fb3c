// Whether a request says that it comes again: `Idempotency-Key`, or the official client's own count of its repeats.
import { createHash, hash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { ProxyError } from '../conversation/errors.ts';
import type { Repetition, TurnMark } from '../conversation/session.ts';
import type { Slices } from '../streams/slices.ts';

const keyTtlMs = 24 * 60 * 60_000;
// The official client waits at most eight seconds before each of two repeats.
const clientTtlMs = 10 * 60_000;

/** Whether the body has to be kept until it is known what it says. */
export function mayRepeat(headers: IncomingHttpHeaders): boolean {
  return headers['idempotency-key'] !== undefined || headers['x-stainless-retry-count'] !== undefined;
}

/**
 * Without a key of the client's own, only a request that names its session is recognised: two people who share one
 * API key may well say the same first words, and neither may be given the other's session.
 * @throws ProxyError 400 for a key that cannot be kept.
 */
export function* readRepetition(
  headers: IncomingHttpHeaders,
  body: Buffer | undefined,
  sessionId: string | undefined,
): Slices<Repetition | undefined> {
  if (!body) return undefined;
  const mark = yield* readIdempotencyKey(headers, body);
  if (mark) return { source: 'key', ...mark, isRepeat: true };
  if (sessionId === undefined) return undefined;
  const isRepeat = Number(headers['x-stainless-retry-count']) > 0;
  const fingerprint = yield* digestOf(body);
  return { source: 'client', key: `body:${fingerprint}`, fingerprint, ttlMs: clientTtlMs, isRepeat };
}

/**
 * @param request what it asks for beside the body, such as `DELETE /v1/…`, where that is not always the same
 * @throws ProxyError 400 for a key that cannot be kept.
 */
export function* readIdempotencyKey(
  headers: IncomingHttpHeaders,
  body: Buffer,
  request = '',
): Slices<TurnMark | undefined> {
  const key = headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new ProxyError('invalid_value', 'An Idempotency-Key is 1 to 255 visible ASCII characters.', {
      param: 'Idempotency-Key',
    });
  }
  const fingerprint = yield* digestOf(body, request === '' ? '' : `${request}\n`);
  return { key: `key:${key}`, fingerprint, ttlMs: keyTtlMs };
}

const sliceBytes = 1024 * 1024;

function* digestOf(body: Buffer, before = ''): Slices<string> {
  if (before === '' && body.length <= sliceBytes) return hash('sha256', body, 'base64url');
  const digest = createHash('sha256').update(before);
  for (let start = 0; start < body.length; start += sliceBytes) {
    if (start > 0) yield;
    digest.update(body.subarray(start, start + sliceBytes));
  }
  return digest.digest('base64url');
}
