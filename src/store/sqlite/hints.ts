// By what sessions are found that nobody named (R13).
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
  // The plus keeps SQLite from going through all sessions in their order instead.
  find({ space }: NumberedSpace, hint: string, limit: number): string[] {
    return this.#tables
      .all(
        `SELECT sessions.id FROM (SELECT session FROM hints WHERE hint = ? ORDER BY session DESC LIMIT ${lookedAt}) AS hinted
         CROSS JOIN sessions ON sessions.no = hinted.session
         WHERE sessions.space = ? AND sessions.expires_ms > ? ORDER BY +sessions.used DESC LIMIT ?`,
        hintNumber(hint),
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
