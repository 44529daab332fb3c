// A file that holds some room on the disk while there is some. SQLite writes to its log before it deletes anything, so
// that on a full disk nothing could be deleted: then this file is given up, and made again once there is room.
import {
  closeSync,
  constants,
  fsyncSync,
  ftruncateSync,
  openSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';

/** Enough for the log of what is deleted at once: the pages that say where it was, not what it was. */
const spareBytes = 4 * 1024 * 1024;
/** Where the disk has less, some of it still lets most be deleted. */
const steps = [256 * 1024, 1024 * 1024, spareBytes];
const pieceBytes = 256 * 1024;
/** Never waits: a pipe that lies there fails, and is removed. */
const toWrite = constants.O_WRONLY | constants.O_CREAT | (constants.O_NONBLOCK ?? 0);

export class SpareRoom {
  readonly #file: string;

  /** @param path of the database */
  constructor(path: string) {
    this.#file = `${path}-spare`;
  }

  get isHeld(): boolean {
    return this.#size >= spareBytes;
  }

  get #size(): number {
    try {
      return statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0;
    } catch {
      // A directory that cannot be looked into any more.
      return 0;
    }
  }

  /**
   * Whether there is room: all is held now, or could not be tried. Else as much is held as there is room for. Other
   * processes that share the database hold the same file.
   */
  take(): boolean {
    for (const bytes of steps) if (this.#size < bytes && !fill(this.#file, bytes, this.#size)) return false;
    return true;
  }

  /** Whether the disk has room beside it. */
  canHoldMore(): boolean {
    const file = `${this.#file}-more`;
    remove(file);
    const isFilled = fill(file, pieceBytes, 0);
    remove(file);
    return isFilled;
  }

  /** Whether there was any to give. */
  give(): boolean {
    return this.#size > 0 && remove(this.#file);
  }
}

/** Makes it so large, or leaves it as it was. */
function fill(path: string, bytes: number, from: number): boolean {
  try {
    const file = openSync(path, toWrite, 0o600);
    try {
      const piece = Buffer.alloc(pieceBytes);
      for (let at = from; at < bytes; )
        at += writeSync(file, piece, 0, Math.min(piece.length, bytes - at), at);
      fsyncSync(file);
    } catch (error) {
      ftruncateSync(file, from);
      throw error;
    } finally {
      closeSync(file);
    }
    return true;
  } catch (error) {
    if (from === 0) remove(path);
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
