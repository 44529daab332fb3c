// What must be true of the tables whatever happened: nothing half, nothing that nobody holds.
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'vitest';

const wrong: Readonly<Record<string, string>> = {
  'a message of no segment': `SELECT id FROM messages
    WHERE NOT EXISTS (SELECT 1 FROM segments WHERE no = messages.id / 1048576)`,
  'a segment that nobody reaches': `SELECT no FROM segments WHERE session IS NULL
    AND NOT EXISTS (SELECT 1 FROM segments AS child WHERE child.parent = segments.no)
    AND NOT EXISTS (SELECT 1 FROM marks WHERE marks.segment = segments.no)`,
  'a segment whose parent is gone': `SELECT no FROM segments WHERE parent IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM segments AS p WHERE p.no = segments.parent)`,
  'a segment whose session does not stand there': `SELECT no FROM segments WHERE session IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM sessions WHERE sessions.no = session AND sessions.segment = segments.no)`,
  'a session that stands nowhere': `SELECT no FROM sessions
    WHERE NOT EXISTS (SELECT 1 FROM segments WHERE segments.no = segment AND session = sessions.no)`,
  'a message behind what is reached': `SELECT id FROM messages JOIN segments ON segments.no = id / 1048576
    WHERE id % 1048576 >= coalesce((SELECT length FROM sessions WHERE no = segments.session), segments.length)
    AND NOT EXISTS (SELECT 1 FROM marks WHERE marks.segment = segments.no
      AND id % 1048576 >= marks.start AND id % 1048576 < marks.length)`,
  'a session with a message missing': `SELECT sessions.no FROM sessions JOIN segments ON segments.no = segment
    WHERE sessions.length - start != (SELECT count(*) FROM messages
      WHERE id >= segment * 1048576 AND id < (segment + 1) * 1048576)`,
  'a text that is held otherwise': `SELECT no FROM texts WHERE holders !=
    (SELECT count(*) FROM sessions WHERE system = digest) + (SELECT count(*) FROM sessions WHERE tools = digest)
    + (SELECT count(*) FROM marks WHERE system = digest)`,
  'a text without content': `SELECT no FROM texts WHERE NOT EXISTS (SELECT 1 FROM text_contents WHERE text = no)`,
  'a content without text': `SELECT text FROM text_contents WHERE NOT EXISTS (SELECT 1 FROM texts WHERE no = text)`,
  'a hint of no session': `SELECT hint FROM hints WHERE NOT EXISTS (SELECT 1 FROM sessions WHERE no = session)`,
  'a mark of no session': `SELECT no FROM marks WHERE NOT EXISTS (SELECT 1 FROM sessions WHERE no = session)`,
  'an owner whose sessions are counted wrongly': `SELECT no FROM owners WHERE sessions !=
    (SELECT count(*) FROM sessions WHERE owner = owners.no)`,
  // Marks of sessions that are gone keep what they need in their segments, which is of the owner's still.
  'an owner whose bytes are counted wrongly': `SELECT no FROM owners WHERE bytes !=
    (SELECT coalesce(sum(octet_length(json)), 0) FROM messages JOIN segments ON segments.no = id / 1048576
      JOIN spaces ON spaces.no = space WHERE spaces.owner = owners.no)
    + (SELECT coalesce(sum(octet_length(turn)), 0) FROM marks JOIN segments ON segments.no = segment
      JOIN spaces ON spaces.no = space WHERE spaces.owner = owners.no)
    + (SELECT coalesce(sum(bytes), 0) FROM texts WHERE owner = owners.no)`,
  'a space without a session': `SELECT no FROM spaces WHERE NOT EXISTS (SELECT 1 FROM sessions WHERE space = spaces.no)`,
  'an owner without a space': `SELECT no FROM owners WHERE NOT EXISTS (SELECT 1 FROM spaces WHERE owner = owners.no)`,
};

export function checkTables(path: string): void {
  const database = new DatabaseSync(path);
  try {
    expect(database.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
    for (const [what, sql] of Object.entries(wrong)) expect(database.prepare(sql).all(), what).toEqual([]);
  } finally {
    database.close();
  }
}

/** How many rows there are of each kind. */
export function countRows(path: string): Record<string, number> {
  const database = new DatabaseSync(path);
  const tables = ['sessions', 'messages', 'segments', 'texts', 'hints', 'marks', 'spaces', 'owners'];
  const counts = tables.map(table => {
    const row = database.prepare(`SELECT count(*) AS rows FROM ${table}`).get();
    return [table, Number(row?.rows)] as const;
  });
  database.close();
  return Object.fromEntries(counts);
}
