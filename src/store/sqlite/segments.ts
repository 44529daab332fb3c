// Where messages stand (records.ts). A segment grows at its end while a session stands there; then it only shrinks to
// what others still reach.
import { damaged, integer, maybeInteger, type Row, text } from './rows.ts';
import { placesPerSegment } from './schema.ts';
import type { Tables } from './tables.ts';

interface Segment {
  readonly space: number;
  readonly parent: number | undefined;
  readonly start: number;
  readonly session: number | undefined;
  /** Up to where it is whole. */
  readonly length: number;
}

export class Segments {
  readonly #tables: Tables;

  /** Rises with whatever was deleted. */
  deleted = 0;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /** The segment in which the place before `length` stands, so that none goes on from an empty one. */
  holderOf(no: number, length: number): number | undefined {
    if (length === 0) return undefined;
    let holder = no;
    for (;;) {
      const { parent, start } = this.#mustFind(holder);
      if (length > start) return holder;
      if (parent === undefined) throw damaged('segments.parent');
      holder = parent;
    }
  }

  /** Whether the first so many messages are there, and of that space. */
  isWhole(no: number, space: number, length: number): boolean {
    const segment = this.#find(no);
    return segment !== undefined && segment.space === space && length <= segment.length;
  }

  begin(space: number, parent: number | undefined, start: number): number {
    return this.#tables.insert(
      'INSERT INTO segments (space, parent, start, length) VALUES (?, ?, ?, 0)',
      space,
      parent ?? null,
      start,
    );
  }

  /** From now on this session may go on at its end. */
  stand(no: number, session: number): void {
    this.#tables.run('UPDATE segments SET session = ? WHERE no = ?', session, no);
  }

  add(no: number, from: number, messages: readonly string[]): void {
    for (const [at, json] of messages.entries())
      this.#tables.run('INSERT INTO messages (id, json) VALUES (?, ?)', idOf(no, from + at), json);
  }

  /** The messages of the places from `from` on up to `length`. */
  read(no: number, from: number, length: number): string[] {
    const parts: string[][] = [];
    let end = length;
    let at: number | undefined = no;
    while (end > from) {
      if (at === undefined) throw damaged('segments.parent');
      const { parent, start } = this.#mustFind(at);
      if (start < end) parts.push(this.readOwn(at, Math.max(start, from), end));
      end = Math.min(end, start);
      at = parent;
    }
    return parts.reverse().flat();
  }

  /** As `read`, of what stands in this very segment. */
  readOwn(no: number, from: number, end: number): string[] {
    const rows = this.#tables.all(
      'SELECT json FROM messages WHERE id >= ? AND id < ? ORDER BY id',
      idOf(no, from),
      idOf(no, end),
    );
    if (rows.length !== end - from) throw damaged('messages');
    return rows.map(row => text(row, 'json'));
  }

  /** No session stands there any more. */
  leave(no: number): void {
    this.#tables.run('UPDATE segments SET session = NULL WHERE no = ?', no);
    this.release(no);
  }

  /** Of a session whose row cannot be read. */
  leaveAll(session: number): void {
    for (const row of this.#tables.all('SELECT no FROM segments WHERE session = ?', session))
      this.leave(integer(row, 'no'));
  }

  /** Deletes what nothing reaches any more: no session, no segment that goes on from it, no mark. */
  release(no: number): void {
    let at: number | undefined = no;
    while (at !== undefined) {
      const segment = this.#find(at);
      if (!segment || segment.session !== undefined) return;
      const reached = this.#tables.get('SELECT max(start) AS start FROM segments WHERE parent = ?', at);
      const length = (reached && maybeInteger(reached, 'start')) ?? 0;
      const isMarked = this.#trim(at, Math.max(length, segment.start));
      if (length > 0) {
        this.#tables.run('UPDATE segments SET length = ? WHERE no = ?', length, at);
        return;
      }
      if (isMarked) this.#tables.run('UPDATE segments SET length = 0, parent = NULL WHERE no = ?', at);
      else this.#tables.run('DELETE FROM segments WHERE no = ?', at);
      at = segment.parent;
    }
  }

  /** Deletes what stands behind `end` but for what marks hold; whether there are any. */
  #trim(no: number, end: number): boolean {
    const marks = this.#tables.all('SELECT start, length FROM marks WHERE segment = ? ORDER BY start', no);
    let from = end;
    for (const mark of marks) {
      this.#delete(no, from, integer(mark, 'start'));
      from = Math.max(from, integer(mark, 'length'));
    }
    this.#delete(no, from, placesPerSegment);
    return marks.length > 0;
  }

  #delete(no: number, from: number, end: number): void {
    if (from >= end) return;
    this.deleted += this.#tables.run(
      'DELETE FROM messages WHERE id >= ? AND id < ?',
      idOf(no, from),
      idOf(no, end),
    );
  }

  #mustFind(no: number): Segment {
    const segment = this.#find(no);
    if (!segment) throw damaged('segments');
    return segment;
  }

  #find(no: number): Segment | undefined {
    const row = this.#tables.get(
      `SELECT segments.space, parent, start, session, coalesce(sessions.length, segments.length) AS length
       FROM segments LEFT JOIN sessions ON sessions.no = session WHERE segments.no = ?`,
      no,
    );
    return row && readSegment(row);
  }
}

function readSegment(row: Row): Segment {
  return {
    space: integer(row, 'space'),
    parent: maybeInteger(row, 'parent'),
    start: integer(row, 'start'),
    session: maybeInteger(row, 'session'),
    length: integer(row, 'length'),
  };
}

const idOf = (segment: number, place: number) => segment * placesPerSegment + place;
