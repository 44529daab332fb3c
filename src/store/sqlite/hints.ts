// By what sessions are found that nobody named (R13).
import type { Hinted } from '../session-store.ts';
import type { Clock } from './clock.ts';
import { decodeName, hintNumber } from './names.ts';
import { text } from './rows.ts';
import type { NumberedSpace } from './spaces.ts';
import type { Tables } from './tables.ts';

/** Very many sessions may have begun alike; older ones are not looked at. */
const lookedAt = 256;

export class Hints {
  readonly #tables: Tables;
  readonly #clock: Clock;

  constructor(tables: Tables, clock: Clock) {
    this.#tables = tables;
    this.#clock = clock;
  }

  add(session: number, hints: readonly string[]): void {
    for (const hint of hints)
      this.#tables.run(
        'INSERT OR IGNORE INTO hints (hint, session) VALUES (?, ?)',
        hintNumber(hint),
        session,
      );
  }

  /** The latest used first. */
  find({ space }: NumberedSpace, hint: string, limit: number): Hinted {
    const number = hintNumber(hint);
    const ids = this.#living(number, space, limit + 1);
    const isAll = ids.length <= limit && this.#count(number) <= lookedAt;
    return { ids: ids.slice(0, limit), isAll };
  }

  /** No farther than to one more than are looked at. */
  #count(hint: number): number {
    const counted = this.#tables.all(`SELECT 1 FROM hints WHERE hint = ? LIMIT ${lookedAt + 1}`, hint);
    return counted.length;
  }

  // The plus keeps SQLite from going through all sessions in their order instead.
  #living(hint: number, space: number, limit: number): string[] {
    return this.#tables
      .all(
        `SELECT sessions.id FROM (SELECT session FROM hints WHERE hint = ? ORDER BY session DESC LIMIT ${lookedAt}) AS hinted
         CROSS JOIN sessions ON sessions.no = hinted.session
         WHERE sessions.space = ? AND sessions.expires_ms > ? ORDER BY +sessions.used DESC LIMIT ?`,
        hint,
        space,
        this.#clock.nowMs,
        limit,
      )
      .map(row => decodeName(text(row, 'id')));
  }

  deleteOf(session: number): void {
    this.#tables.run('DELETE FROM hints WHERE session = ?', session);
  }
}
