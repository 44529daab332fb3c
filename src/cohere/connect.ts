// Connections to Cohere. undici takes a `100 Continue` that it did not ask for for a broken answer; RFC 9110 (15.2) has
// a client skip every 1xx. So they are taken out before undici reads.
import type { Socket } from 'node:net';
import { buildConnector } from 'undici';

/** Interim answers before one final one, and bytes of one: what is more is handed on, and fails as undici has it. */
const maxInterim = 32;
const maxInterimBytes = 16 * 1024;

export function connectSkippingInterim(options: buildConnector.BuildOptions): buildConnector.connector {
  const connect = buildConnector(options);
  return (to, callback) =>
    connect(to, (...result) => {
      if (result[1]) skipInterim(result[1]);
      callback(...result);
    });
}

/** One request at a time, written in one turn of the event loop: what is read after a write begins an answer. */
function skipInterim(socket: Socket): void {
  const write = socket.write;
  const read = socket.read;
  let isBeginning = false;
  let held: Buffer = Buffer.alloc(0);
  let skipped = 0;
  socket.write = (...args: unknown[]) => {
    isBeginning = true;
    skipped = 0;
    return Reflect.apply(write, socket, args);
  };
  socket.read = (size?: number) => {
    const chunk: Buffer | null = read.call(socket, size);
    if (!isBeginning || chunk === null) return chunk;
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    for (;;) {
      const length = skipped < maxInterim ? lengthOfInterim(held) : 0;
      // Not yet known: the next bytes say it.
      if (length === undefined) return null;
      if (length === 0) break;
      held = held.subarray(length);
      skipped += 1;
    }
    const rest = held;
    isBeginning = false;
    held = Buffer.alloc(0);
    return rest;
  };
}

/** Of any interim answer; `#` is a digit. */
const statusLine = 'HTTP/1.# 1##';

const statusPlace = statusLine.indexOf('1##');
const interimDigit = '1'.charCodeAt(0);

/** 0 where it is none; undefined where more has to come before that is known. */
function lengthOfInterim(bytes: Buffer): number | undefined {
  if (bytes.length > statusPlace && bytes[statusPlace] !== interimDigit) return 0;
  const start = bytes.toString('latin1', 0, statusLine.length);
  // 101 is a final answer: from there on another protocol is spoken.
  if (start.endsWith(' 101') || !isStatusLine(start)) return 0;
  const end = bytes.indexOf('\r\n\r\n');
  if (end !== -1) return end + 4;
  return bytes.length > maxInterimBytes ? 0 : undefined;
}

/** As far as it has come. */
function isStatusLine(start: string): boolean {
  return [...start].every((character, at) =>
    statusLine[at] === '#' ? character >= '0' && character <= '9' : character === statusLine[at],
  );
}
