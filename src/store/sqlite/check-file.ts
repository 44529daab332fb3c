// What can be known of a file before SQLite touches it: to open another program's database could already change it.
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { StoreStartError } from '../store-start-error.ts';
import { applicationId } from './schema.ts';

const headerBytes = 100;

/** https://man7.org/linux/man-pages/man2/statfs.2.html: NFS, SMB, CIFS, SMB2, AFS, Ceph, 9P. */
const networkFileSystems = new Set([
  0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x5346414f, 0x00c36400, 0x01021997,
]);

/**
 * Makes the file where there is none, and its directory. Returns that directory where it was made.
 * @throws StoreStartError where it is not ours to write to
 */
export function checkFile(path: string): string | undefined {
  const made = makeFile(path);
  checkHeader(path, readHeader(path));
  if (networkFileSystems.has(statfsSync(path).type))
    throw new StoreStartError(
      `the session store ${path} is on a network file system, where SQLite can damage it; choose a path on a local disk, or use Redis to share sessions`,
    );
  return made;
}

export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Private from its first moment on; SQLite gives its other files the same rights. */
function makeFile(path: string): string | undefined {
  const directory = dirname(path);
  const isNew = !existsSync(directory);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    closeSync(openSync(path, 'ax', 0o600));
  } catch (error) {
    const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    if (!isThere && sizeOf(path) === 0) throw error;
  }
  return isNew ? directory : undefined;
}

function readHeader(path: string): Buffer {
  // A pipe that lies there would keep the start waiting for a writer.
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    if (!fstatSync(file).isFile()) throw new StoreStartError(`the session store ${path} is not a file`);
    const header = Buffer.alloc(headerBytes);
    return header.subarray(0, readSync(file, header, 0, header.length, 0));
  } finally {
    closeSync(file);
  }
}

/** https://www.sqlite.org/fileformat.html#the_database_header. A file without a byte is a new one. */
function checkHeader(path: string, header: Buffer): void {
  if (header.length === 0) return;
  if (header.length < headerBytes || header.toString('latin1', 0, 16) !== 'SQLite format 3\0')
    throw new StoreStartError(
      `${path} is not a session store, or is damaged beyond repair; move it away, restore it, or choose another path`,
    );
  if (header.readUInt32BE(68) !== applicationId)
    throw new StoreStartError(`${path} is the database of another program; choose another path`);
}
