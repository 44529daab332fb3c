// What a scripted upstream does with one request, step by step. It speaks HTTP by hand, so that it can break it.
import type { Gate } from './gate.ts';
import { type SplitAt, splitBytes } from './split-bytes.ts';

/** How a body says where it ends: last chunk, Content-Length (which may lie), or only by the end of the connection. */
export type Framing = 'chunked' | 'close' | number;

export type Step =
  | {
      readonly type: 'head';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly framing: Framing;
    }
  /** Body bytes, in the frame that the head announced; each piece is a TCP segment of its own. */
  | { readonly type: 'body'; readonly pieces: readonly Uint8Array[] }
  /** Bytes as they are, whatever the head said. */
  | { readonly type: 'bytes'; readonly pieces: readonly Uint8Array[] }
  | { readonly type: 'gate'; readonly gate: Gate }
  /** The proper end of the body. The connection stays open where the framing allows it. */
  | { readonly type: 'end' }
  /** With bytes: they and the end are on their way before the other side reads. */
  | { readonly type: 'fin'; readonly data?: Uint8Array }
  | { readonly type: 'rst' }
  /** Says nothing more, until the other side goes away. */
  | { readonly type: 'hang' };

interface SplitOptions {
  readonly splitAt?: SplitAt;
}

export function head(
  status = 200,
  headers: Readonly<Record<string, string>> = { 'content-type': 'text/event-stream' },
  framing: Framing = 'chunked',
): Step {
  return { type: 'head', status, headers, framing };
}

export function chunk(data: string | Uint8Array, { splitAt }: SplitOptions = {}): Step {
  return { type: 'body', pieces: splitBytes(toBytes(data), splitAt) };
}

export function bytes(data: string | Uint8Array, { splitAt }: SplitOptions = {}): Step {
  return { type: 'bytes', pieces: splitBytes(toBytes(data), splitAt) };
}

export function gate(place: Gate): Step {
  return { type: 'gate', gate: place };
}

export function end(): Step {
  return { type: 'end' };
}

export function fin(data?: string | Uint8Array): Step {
  return { type: 'fin', ...(data === undefined ? {} : { data: toBytes(data) }) };
}

export function rst(): Step {
  return { type: 'rst' };
}

export function hang(): Step {
  return { type: 'hang' };
}

/** A whole answer. A string goes out as it is, anything else as JSON. */
export function json(body: unknown, { splitAt }: SplitOptions = {}): Step[] {
  return whole(200, body, 'application/json', splitAt);
}

export function error(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
  contentType = 'application/json',
): Step[] {
  return whole(status, body, contentType, undefined, headers);
}

/** A stream, complete in HTTP's eyes whatever its text says. */
export function sse(text: string, { splitAt }: SplitOptions = {}): Step[] {
  return [head(), chunk(text, splitAt === undefined ? {} : { splitAt }), end()];
}

function whole(
  status: number,
  body: unknown,
  contentType: string,
  splitAt?: SplitAt,
  headers: Readonly<Record<string, string>> = {},
): Step[] {
  const data = toBytes(typeof body === 'string' ? body : JSON.stringify(body));
  return [
    head(status, { 'content-type': contentType, ...headers }, data.length),
    chunk(data, splitAt === undefined ? {} : { splitAt }),
    end(),
  ];
}

function toBytes(data: string | Uint8Array): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data) : data;
}
