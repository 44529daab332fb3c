// The rows of sessions, and what they look like outside.
import type { SessionKey } from '../../conversation/session.ts';
import type { SessionRecord } from '../records.ts';
import { decodeName, decodeUser, encodeName } from './names.ts';
import { damaged, integer, maybeBytes, maybeInteger, maybeText, type Row, text } from './rows.ts';
import type { NumberedSpace } from './spaces.ts';
import type { Tables } from './tables.ts';

/** A session with the numbers by which the tables know it. */
export interface StoredSession extends NumberedSpace {
  readonly no: number;
  readonly segmentNo: number;
  /** See known-turns.ts. */
  readonly turns: Uint8Array | undefined;
  readonly record: SessionRecord;
}

/** A session whose record is not in the table yet. */
export type NewSession = Omit<StoredSession, 'no' | 'record'> & {
  readonly record: Omit<SessionRecord, 'handle'>;
};

/** Where nothing but the number is known. A join that finds nothing is damage, not a missing session. */
export const selectSessions = `
  SELECT sessions.*, owners.name AS owner_name, spaces.user FROM sessions
  LEFT JOIN owners ON owners.no = sessions.owner
  LEFT JOIN spaces ON spaces.no = sessions.space`;

const nextUse = '(SELECT coalesce(max(used), 0) + 1 FROM sessions WHERE owner = ?1)';

export class SessionRows {
  readonly #tables: Tables;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  find({ owner, space }: NumberedSpace, key: SessionKey): StoredSession | undefined {
    const row = this.#tables.get(
      'SELECT * FROM sessions WHERE owner = ? AND id = ? AND space = ?',
      owner,
      encodeName(key.id),
      space,
    );
    return row && readStored(row, key);
  }

  /** Whatever else stands in its row. */
  numberOf({ owner, space }: NumberedSpace, key: SessionKey): number | undefined {
    const row = this.#tables.get(
      'SELECT no FROM sessions WHERE owner = ? AND id = ? AND space = ?',
      owner,
      encodeName(key.id),
      space,
    );
    return row && integer(row, 'no');
  }

  get(no: number): StoredSession | undefined {
    const row = this.#tables.get(`${selectSessions} WHERE sessions.no = ?`, no);
    return row && readStored(row);
  }

  /** One of those that expired by then. */
  dueOf(owner: number, nowMs: number): StoredSession | undefined {
    const row = this.#tables.get(
      // The plus has SQLite look at the few that are due, not at all of the owner's.
      `${selectSessions} WHERE sessions.expires_ms <= ? AND +sessions.owner = ? LIMIT 1`,
      nowMs,
      owner,
    );
    return row && readStored(row);
  }

  insert({ owner, space, segmentNo, turns, record }: NewSession): number {
    return this.#tables.insert(
      `INSERT INTO sessions (used, owner, segment, length, version, updated_ms, expires_ms, model, system,
         system_length, tools, cuts, turns, space, id, created_ms, idle_ms, dialect, label, parent_id, root_id)
       VALUES (${nextUse}, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)`,
      owner,
      ...valuesOf(record, segmentNo, turns),
      space,
      encodeName(record.key.id),
      record.createdAtMs,
      record.idleMs ?? null,
      record.dialect,
      encodeMaybe(record.label),
      encodeMaybe(record.parentId),
      encodeName(record.rootId),
    );
  }

  /** What a turn changes. */
  update({ no, owner, segmentNo, turns, record }: StoredSession): void {
    this.#tables.run(
      `UPDATE sessions SET used = ${nextUse}, segment = ?2, length = ?3, version = ?4, updated_ms = ?5,
         expires_ms = ?6, model = ?7, system = ?8, system_length = ?9, tools = ?10, cuts = ?11, turns = ?12
       WHERE no = ?13`,
      owner,
      ...valuesOf(record, segmentNo, turns),
      no,
    );
  }

  /** It keeps its place in lists, since this is no use of it; its turns are known of its name, which goes on. */
  leaveBehind(no: number, id: string): void {
    this.#tables.run('UPDATE sessions SET id = ?, turns = NULL WHERE no = ?', encodeName(id), no);
  }

  setIdle(no: number, idleMs: number | undefined, expiresAtMs: number): void {
    this.#tables.run(
      'UPDATE sessions SET idle_ms = ?, expires_ms = ? WHERE no = ?',
      idleMs ?? null,
      expiresAtMs,
      no,
    );
  }

  delete(no: number): void {
    this.#tables.run('DELETE FROM sessions WHERE no = ?', no);
  }
}

function valuesOf(
  record: Omit<SessionRecord, 'handle'>,
  segmentNo: number,
  turns: Uint8Array | undefined,
): (number | string | Uint8Array | null)[] {
  const { length, version, updatedAtMs, expiresAtMs, model, system, systemLength, tools, cuts } = record;
  return [
    segmentNo,
    length,
    version,
    updatedAtMs,
    expiresAtMs,
    encodeName(model),
    system,
    systemLength,
    tools,
    cuts ?? null,
    turns ?? null,
  ];
}

/** The key where it is known; else it stands in the row. */
export function readStored(row: Row, key: SessionKey = readKey(row)): StoredSession {
  const no = integer(row, 'no');
  const segmentNo = integer(row, 'segment');
  const record: SessionRecord = {
    key,
    handle: String(no),
    version: integer(row, 'version'),
    createdAtMs: integer(row, 'created_ms'),
    updatedAtMs: integer(row, 'updated_ms'),
    expiresAtMs: integer(row, 'expires_ms'),
    idleMs: maybeInteger(row, 'idle_ms'),
    model: decodeName(text(row, 'model')),
    dialect: readDialect(row),
    label: decodeMaybe(maybeText(row, 'label')),
    parentId: decodeMaybe(maybeText(row, 'parent_id')),
    rootId: decodeName(text(row, 'root_id')),
    system: text(row, 'system'),
    tools: text(row, 'tools'),
    systemLength: integer(row, 'system_length'),
    cuts: maybeText(row, 'cuts'),
    segment: String(segmentNo),
    length: integer(row, 'length'),
  };
  return {
    no,
    owner: integer(row, 'owner'),
    space: integer(row, 'space'),
    segmentNo,
    turns: maybeBytes(row, 'turns'),
    record,
  };
}

function readKey(row: Row): SessionKey {
  return {
    owner: decodeName(text(row, 'owner_name')),
    user: decodeUser(text(row, 'user')),
    id: decodeName(text(row, 'id')),
  };
}

function readDialect(row: Row): 'session' | 'transcript' {
  const dialect = text(row, 'dialect');
  if (dialect === 'session' || dialect === 'transcript') return dialect;
  throw damaged('dialect');
}

const encodeMaybe = (name: string | undefined) => (name === undefined ? null : encodeName(name));
const decodeMaybe = (name: string | undefined) => (name === undefined ? undefined : decodeName(name));
