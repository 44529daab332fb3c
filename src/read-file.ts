// A small file at a path that somebody else may change at any time: read at once and in bounded work, or not at all.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

class UnreadableFile extends Error {}

/**
 * A pipe would keep the whole process waiting for a writer, and `/dev/zero` never ends: only a regular file is read.
 * @throws what `whyUnreadable` puts into words
 */
export function readSmallFile(path: string, maxBytes: number): string {
  // Without O_NONBLOCK opening a pipe already waits. Windows has no such flag.
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const found = fstatSync(file);
    // Reading a directory fails with a code of its own.
    if (!found.isFile() && !found.isDirectory()) throw new UnreadableFile('not a regular file');
    if (found.size > maxBytes) throw tooLarge(maxBytes);
    // Its size may be a moment old, and is 0 for the files of /proc.
    const bytes = Buffer.allocUnsafe(maxBytes + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = readSync(file, bytes, length, bytes.length - length, null);
    if (length > maxBytes) throw tooLarge(maxBytes);
    return bytes.toString('utf8', 0, length);
  } finally {
    closeSync(file);
  }
}

/** The system's code, or what is wrong with the file. */
export function whyUnreadable(error: unknown): string {
  if (error instanceof UnreadableFile) return error.message;
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}

function tooLarge(maxBytes: number): UnreadableFile {
  return new UnreadableFile(`larger than ${maxBytes} bytes`);
}
