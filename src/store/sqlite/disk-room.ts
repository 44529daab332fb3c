// Room on the disk: whether there is any, and how some is made where there is none.
import { ProxyError } from '../../conversation/errors.ts';
import { isFull } from './read-failure.ts';
import { integer } from './rows.ts';
import type { SpareRoom } from './spare-room.ts';
import type { Tables } from './tables.ts';

export class DiskRoom {
  readonly #tables: Tables;
  readonly #spare: SpareRoom;
  /** Something could not be written, and nobody has looked since whether it could be by now. */
  #wasFull = false;

  constructor(tables: Tables, spare: SpareRoom) {
    this.#tables = tables;
    this.#spare = spare;
  }

  /** Keeps some to spare, if there is any. */
  hold(): void {
    this.#spare.take();
  }

  /** To be told of each failure. */
  note(error: unknown): void {
    if (isFull(error)) this.#wasFull = true;
  }

  /** While the disk is full its room is not to wait for the next sweep. */
  noteDeleted(): void {
    if (!this.#wasFull) return;
    this.#giveBack();
    this.#spare.take();
  }

  /**
   * Does again what failed for want of room, with the spare one. What is deleted is not overwritten meanwhile, since
   * that takes as much room as it had; it is soon after, where the file is small enough (sweeper.ts).
   * @throws what it throws, and `failure` where there is no room to spare
   */
  deleteWithSpare<Value>(failure: unknown, remove: () => Value): Value {
    if (!isFull(failure) || !(this.#spare.give() || this.#reuseLog())) throw failure;
    this.#tables.exec('PRAGMA secure_delete = FAST');
    try {
      return remove();
    } finally {
      this.#tables.exec('PRAGMA secure_delete = ON');
      this.#giveBack();
      this.#spare.take();
    }
  }

  /** @throws ProxyError `store_full` where nothing can be added. */
  check(): void {
    if (this.#wasFull || !this.#spare.isHeld) this.#look();
    if (!this.#wasFull) return;
    throw new ProxyError(
      'store_full',
      'The session store has no room left: sessions can be read and deleted, not added to.',
    );
  }

  #look(): void {
    this.#wasFull = !this.#spare.take() || !this.#canGrow();
  }

  /** Where the file may not become larger, it is its free pages that are left. Else the disk is tried. */
  #canGrow(): boolean {
    const [pages, most, free] = ['page_count', 'max_page_count', 'freelist_count'].map(name => {
      const row = this.#tables.get(`PRAGMA ${name}`);
      return row ? integer(row, name) : 0;
    });
    if ((pages ?? 0) >= (most ?? 0) && (free ?? 0) < leastFreePages) return false;
    return this.#spare.canHoldMore();
  }

  /** The log keeps its length on the disk: what it holds goes into the database, and it is written from its start again. */
  #reuseLog(): boolean {
    try {
      return integer(this.#tables.get('PRAGMA wal_checkpoint(RESTART)') ?? {}, 'busy') === 0;
    } catch {
      // No room for that either, or another process reads.
      return false;
    }
  }

  /** What was freed goes back to the disk. */
  #giveBack(): void {
    try {
      this.#tables.get('PRAGMA wal_checkpoint(TRUNCATE)');
      this.#tables.exec('PRAGMA incremental_vacuum');
      this.#tables.get('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // Another process reads: the sweep does it.
    }
  }
}

const leastFreePages = 16;
