// Log lines on their way out. The process must not stand still because nobody reads its log: on a pipe, Node's own
// stderr waits until the reader has room. So one write is under way at a time, what comes meanwhile is kept up to a
// limit, and beyond it lines are dropped and counted, as they are where they cannot be written (a full disk). A broken
// pipe ends the log and nothing else.
import { write as writeFile, writeSync } from 'node:fs';

export interface LogStream {
  write(line: string): void;
  /** Writes what is kept, waiting for the reader: for the last moment of the process. */
  flushSync(): void;
}

type Write = (bytes: Buffer, done: (error: NodeJS.ErrnoException | null, written: number) => void) => void;

export interface LogStreamOptions {
  readonly write: Write;
  readonly writeSync: (bytes: Buffer) => void;
  readonly maxPendingChars?: number;
}

const retryMs = 10;

export function createLogStream({
  write,
  writeSync,
  maxPendingChars = 1024 * 1024,
}: LogStreamOptions): LogStream {
  let pending: string[] = [];
  let pendingChars = 0;
  let dropped = 0;
  let isWriting = false;
  let isBroken = false;

  const take = () => {
    const bytes = Buffer.from(pending.join(''));
    pending = [];
    pendingChars = 0;
    return bytes;
  };
  const keep = (line: string) => {
    pending.push(line);
    pendingChars += line.length;
  };
  const send = (bytes: Buffer) => {
    isWriting = true;
    write(bytes, (error, written) => {
      if (error?.code === 'EAGAIN') setTimeout(send, retryMs, bytes).unref();
      else if (error?.code === 'EPIPE') isBroken = true;
      else if (error) {
        dropped += bytes.toString().split('\n').length - 1;
        // The next line tries again.
        isWriting = false;
      } else if (written < bytes.length) send(bytes.subarray(written));
      else {
        isWriting = false;
        // First what was kept while there was room, then the remark where the gap is.
        if (dropped > 0) keep(`${JSON.stringify({ level: 'warn', msg: 'log lines dropped', dropped })}\n`);
        dropped = 0;
        if (pending.length > 0) send(take());
      }
    });
  };

  return {
    write(line) {
      if (isBroken) return;
      if (pendingChars + line.length > maxPendingChars) {
        dropped += 1;
        return;
      }
      keep(line);
      if (!isWriting) send(take());
    },
    flushSync() {
      if (isBroken || pending.length === 0) return;
      try {
        writeSync(take());
      } catch {
        isBroken = true;
      }
    },
  };
}

let stderr: LogStream | undefined;

/** One for the process, so that lines of several servers do not mix and the exit is watched once. */
export function stderrLog(): LogStream {
  if (stderr === undefined) {
    const stream = createLogStream({
      write: (bytes, done) => writeFile(2, bytes, done),
      writeSync: bytes => writeSync(2, bytes),
    });
    process.once('exit', () => stream.flushSync());
    stderr = stream;
  }
  return stderr;
}
