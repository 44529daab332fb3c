// Removes what is due, in slices between which calls are answered; then gives the room back to the disk.
import { sizeOf } from './check-file.ts';
import type { Clock } from './clock.ts';
import { isBusy, isFull } from './read-failure.ts';
import { integer } from './rows.ts';
import type { Shelves } from './shelves.ts';
import type { Tables } from './tables.ts';

export interface SweeperOptions {
  readonly tables: Tables;
  readonly shelves: Shelves;
  readonly clock: Clock;
  readonly path: string;
  readonly refusal: () => string | undefined;
}

const sliceMs = 5;
/**
 * What was deleted is overwritten with zeros, but SQLite may have moved it before, and left a copy in the unused part
 * of a page. A file of this size is written anew, at most once an hour; in a larger one such a copy stays until its
 * page is used up or freed.
 */
const rewrittenBytes = 32 * 1024 * 1024;
const rewriteMs = 3_600_000;
/** Rows, or pages of the file, between two looks at the time. */
const stepRows = 16;
const stepPages = 16;
/** So many pages stay free for what comes next. */
const sparePages = 64;

export class Sweeper {
  readonly #options: SweeperOptions;
  #work: Iterator<void> | undefined;
  #nowMs = 0;
  #rewrittenMs = Number.NEGATIVE_INFINITY;
  /** How much was deleted by then. */
  #rewritten = 0;

  constructor(options: SweeperOptions) {
    this.#options = options;
  }

  /** False where there is one going on, or nothing may be written. */
  begin(nowMs: number): boolean {
    if (this.#work || this.#options.refusal() !== undefined) return false;
    this.#nowMs = nowMs;
    this.#work = this.#steps();
    return true;
  }

  /** One slice; whether there is more to do. */
  step(): boolean {
    if (!this.#work) return false;
    const { tables, clock } = this.#options;
    clock.nowMs = this.#nowMs;
    const until = performance.now() + sliceMs;
    let isDone = false;
    tables.run('BEGIN IMMEDIATE');
    try {
      do isDone = this.#work.next().done === true;
      while (!isDone && performance.now() < until);
      tables.run('COMMIT');
    } catch (error) {
      if (tables.isInTransaction) tables.run('ROLLBACK');
      throw error;
    }
    if (!isDone) return true;
    this.stop();
    this.#emptyLog();
    if (this.#rewrite()) this.#emptyLog();
    return false;
  }

  stop(): void {
    this.#work = undefined;
  }

  *#steps(): Generator<void, void, void> {
    const { tables, shelves } = this.#options;
    for (;;) {
      const due = tables.all(
        'SELECT no FROM sessions WHERE expires_ms <= ? ORDER BY expires_ms LIMIT ?',
        this.#nowMs,
        stepRows,
      );
      for (const row of due) {
        const stored = shelves.sessions.get(integer(row, 'no'));
        if (stored) shelves.bury(stored);
        yield;
      }
      if (due.length < stepRows) break;
    }
    while (shelves.marks.deleteOld(stepRows) === stepRows) yield;
    for (const table of ['claims', 'leases', 'tombstones'] as const)
      while (this.#deleteOld(table) === stepRows) yield;
    while (this.#freePages() > sparePages) {
      tables.exec(`PRAGMA incremental_vacuum(${stepPages})`);
      yield;
    }
  }

  #deleteOld(table: 'claims' | 'leases' | 'tombstones'): number {
    return this.#options.tables.run(
      `DELETE FROM ${table} WHERE name IN
         (SELECT name FROM ${table} WHERE expires_ms <= ? ORDER BY expires_ms LIMIT ?)`,
      this.#nowMs,
      stepRows,
    );
  }

  #freePages(): number {
    const row = this.#options.tables.get('PRAGMA freelist_count');
    return row ? integer(row, 'freelist_count') : 0;
  }

  #rewrite(): boolean {
    const { tables, shelves, path } = this.#options;
    const { deleted } = shelves.segments;
    const isEarly = performance.now() - this.#rewrittenMs < rewriteMs;
    if (deleted === this.#rewritten || isEarly || sizeOf(path) > rewrittenBytes) return false;
    try {
      tables.exec('VACUUM');
    } catch (error) {
      // Another process is writing, or there is no room for a second copy: the next time.
      if (isBusy(error) || isFull(error)) return false;
      throw error;
    }
    this.#rewritten = deleted;
    this.#rewrittenMs = performance.now();
    return true;
  }

  /** The log still holds what was removed. Where another process reads in it, it is emptied the next time. */
  #emptyLog(): void {
    const { tables, path } = this.#options;
    if (sizeOf(`${path}-wal`) > 0) tables.get('PRAGMA wal_checkpoint(TRUNCATE)');
  }
}
