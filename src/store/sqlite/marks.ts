// Turns whose request may come again, by the key that it carries (R11). Each holds what was said in it, which its
// session may have replaced since.
import type { Space } from '../../conversation/session.ts';
import type { MarkRecord, RecalledRecord } from '../records.ts';
import type { Clock } from './clock.ts';
import { decodeName, digestOf } from './names.ts';
import { integer, type Row, text } from './rows.ts';
import type { Segments } from './segments.ts';
import type { Tables } from './tables.ts';
import type { Texts } from './texts.ts';

/** Where what a turn said stands. */
export interface MarkedTurn {
  readonly session: number;
  readonly version: number;
  readonly segmentNo: number;
  readonly start: number;
  readonly length: number;
  readonly system: string;
}

export class Marks {
  readonly #tables: Tables;
  readonly #clock: Clock;
  readonly #segments: Segments;
  readonly #texts: Texts;

  constructor(tables: Tables, clock: Clock, segments: Segments, texts: Texts) {
    this.#tables = tables;
    this.#clock = clock;
    this.#segments = segments;
    this.#texts = texts;
  }

  /** In place of another with that key. */
  add(space: Space, { key, ttlMs, turn }: MarkRecord, marked: MarkedTurn): void {
    const name = digestOf(space, key);
    this.#delete(this.#tables.all('SELECT no, segment, system FROM marks WHERE name = ?', name));
    const { session, version, segmentNo, start, length, system } = marked;
    this.#texts.hold({ digest: system });
    this.#tables.run(
      `INSERT INTO marks (name, session, version, turn, segment, start, length, system, expires_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      name,
      session,
      version,
      turn,
      segmentNo,
      start,
      length,
      system,
      this.#clock.nowMs + ttlMs,
    );
  }

  recall(space: Space, key: string): RecalledRecord | undefined {
    const row = this.#tables.get(
      `SELECT turn, marks.version, sessions.id, marks.segment, marks.start, marks.length, marks.system
       FROM marks JOIN sessions ON sessions.no = session
       WHERE name = ?1 AND marks.expires_ms > ?2 AND sessions.expires_ms > ?2`,
      digestOf(space, key),
      this.#clock.nowMs,
    );
    if (!row) return undefined;
    const keep = integer(row, 'start');
    return {
      turn: text(row, 'turn'),
      version: integer(row, 'version'),
      id: decodeName(text(row, 'id')),
      keep,
      messages: this.#segments.readOwn(integer(row, 'segment'), keep, integer(row, 'length')),
      system: this.#texts.read(text(row, 'system')),
    };
  }

  deleteOf(session: number): void {
    this.#delete(this.#tables.all('SELECT no, segment, system FROM marks WHERE session = ?', session));
  }

  /** As many of those that are too old as were asked for; how many there were. */
  deleteOld(limit: number): number {
    const rows = this.#tables.all(
      'SELECT no, segment, system FROM marks WHERE expires_ms <= ? ORDER BY expires_ms LIMIT ?',
      this.#clock.nowMs,
      limit,
    );
    this.#delete(rows);
    return rows.length;
  }

  #delete(rows: readonly Row[]): void {
    const segments = new Set<number>();
    for (const row of rows) {
      this.#tables.run('DELETE FROM marks WHERE no = ?', integer(row, 'no'));
      this.#texts.release(text(row, 'system'));
      segments.add(integer(row, 'segment'));
    }
    for (const segment of segments) this.#segments.release(segment);
  }
}
