// A file that holds some room on the disk while there is some. SQLite writes to its log before it deletes anything, so
// that on a full disk nothing could be deleted: then this file is given up, and made again once there is room.
import { closeSync, constants, fsyncSync, openSync, rmSync, statSync, writeSync } from 'node:fs';

/** Enough for the log of what is deleted at once: the pages that say where it was, not what it was. */
const spareBytes = 4 * 1024 * 1024;
const pieceBytes = 256 * 1024;
/** Never waits: a pipe that lies there fails, and is removed. */
const writeAnew = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | (constants.O_NONBLOCK ?? 0);

export class SpareRoom {
  readonly #file: string;

  /** @param path of the database */
  constructor(path: string) {
    this.#file = `${path}-spare`;
  }

  get isHeld(): boolean {
    try {
      return statSync(this.#file, { throwIfNoEntry: false })?.size === spareBytes;
    } catch {
      // A directory that cannot be looked into any more.
      return false;
    }
  }

  /** Whether there is room: it is held now, or could not be tried. Other processes that share the database hold the same file. */
  take(): boolean {
    return this.isHeld || fill(this.#file, spareBytes);
  }

  /** Whether the disk has room beside it. */
  canHoldMore(): boolean {
    const file = `${this.#file}-more`;
    const isFilled = fill(file, pieceBytes);
    remove(file);
    return isFilled;
  }

  /** Whether there was any to give. */
  give(): boolean {
    return this.isHeld && remove(this.#file);
  }
}

function fill(path: string, bytes: number): boolean {
  try {
    const file = openSync(path, writeAnew, 0o600);
    try {
      const piece = Buffer.alloc(pieceBytes);
      for (let written = 0; written < bytes; )
        written += writeSync(file, piece, 0, Math.min(piece.length, bytes - written));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    return true;
  } catch (error) {
    remove(path);
    // Where no file handle is left nothing was learned of the disk.
    return isOutOfHandles(error);
  }
}

function isOutOfHandles(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EMFILE' || error.code === 'ENFILE');
}

function remove(path: string): boolean {
  try {
    rmSync(path, { force: true });
    return true;
  } catch {
    // A directory that cannot be written to.
    return false;
  }
}
