// The tables, as steps from one version of them to the next. A step that was released is never changed.

/** Stands in the file's header, so that no other program's database is taken for ours. */
export const applicationId = 0x636f7079;

/** Places of one session; a message's row id is its segment times this, plus its place. */
export const placesPerSegment = 2 ** 20;

/** SQL that brings tables of the version that is its index to the next one. */
export type Migrations = readonly string[];

// AUTOINCREMENT where a number is given out: it must never come to mean something else.
const first = `
CREATE TABLE owners (
  no INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE spaces (
  no INTEGER PRIMARY KEY AUTOINCREMENT,
  owner INTEGER NOT NULL,
  user TEXT NOT NULL,
  UNIQUE (owner, user)
) STRICT;

CREATE TABLE texts (
  no INTEGER PRIMARY KEY AUTOINCREMENT,
  digest TEXT NOT NULL UNIQUE,
  holders INTEGER NOT NULL
) STRICT;

-- Apart from the count, which changes much more often than the text.
CREATE TABLE text_contents (
  text INTEGER PRIMARY KEY,
  json TEXT NOT NULL
) STRICT;

CREATE TABLE segments (
  no INTEGER PRIMARY KEY AUTOINCREMENT,
  space INTEGER NOT NULL,
  parent INTEGER,
  start INTEGER NOT NULL,
  -- The session that stands at its end and may go on; its length is the session's.
  session INTEGER,
  length INTEGER NOT NULL
) STRICT;
CREATE INDEX segments_by_parent ON segments (parent, start) WHERE parent IS NOT NULL;

CREATE TABLE messages (
  id INTEGER PRIMARY KEY,
  json TEXT NOT NULL
) STRICT;

CREATE TABLE sessions (
  no INTEGER PRIMARY KEY AUTOINCREMENT,
  owner INTEGER NOT NULL,
  space INTEGER NOT NULL,
  id TEXT NOT NULL,
  segment INTEGER NOT NULL,
  length INTEGER NOT NULL,
  version INTEGER NOT NULL,
  -- Rises within an owner with each use, whatever the clock says.
  used INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL,
  idle_ms INTEGER,
  model TEXT NOT NULL,
  dialect TEXT NOT NULL,
  label TEXT,
  parent_id TEXT,
  root_id TEXT NOT NULL,
  -- Digests of texts.
  system TEXT NOT NULL,
  system_length INTEGER NOT NULL,
  tools TEXT NOT NULL,
  cut TEXT,
  -- Parts of the digests of its newest turns' ids.
  turns BLOB,
  UNIQUE (owner, id, space)
) STRICT;
CREATE INDEX sessions_by_owner ON sessions (owner, used);
CREATE INDEX sessions_by_space ON sessions (space, used);
CREATE INDEX sessions_by_family ON sessions (space, root_id, used);
CREATE INDEX sessions_by_label ON sessions (owner, label, used) WHERE label IS NOT NULL;
CREATE INDEX sessions_by_expiry ON sessions (expires_ms);

CREATE TABLE hints (
  hint INTEGER NOT NULL,
  session INTEGER NOT NULL,
  PRIMARY KEY (hint, session)
) STRICT, WITHOUT ROWID;
CREATE INDEX hints_by_session ON hints (session);

CREATE TABLE marks (
  no INTEGER PRIMARY KEY,
  name BLOB NOT NULL UNIQUE,
  session INTEGER NOT NULL,
  version INTEGER NOT NULL,
  turn TEXT NOT NULL,
  segment INTEGER NOT NULL,
  start INTEGER NOT NULL,
  length INTEGER NOT NULL,
  system TEXT NOT NULL,
  expires_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX marks_by_session ON marks (session);
CREATE INDEX marks_by_segment ON marks (segment, start);
CREATE INDEX marks_by_expiry ON marks (expires_ms);

-- Below, a name is a digest: nothing tells what was called so.
CREATE TABLE leases (
  name BLOB PRIMARY KEY,
  holder TEXT NOT NULL,
  process TEXT NOT NULL,
  expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX leases_by_expiry ON leases (expires_ms);

CREATE TABLE claims (
  no INTEGER PRIMARY KEY,
  name BLOB NOT NULL UNIQUE,
  holder TEXT NOT NULL,
  process TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  answer TEXT,
  expires_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX claims_by_expiry ON claims (expires_ms);

CREATE TABLE tombstones (
  name BLOB PRIMARY KEY,
  expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstones_by_expiry ON tombstones (expires_ms);

CREATE TABLE notes (
  name TEXT PRIMARY KEY,
  text TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`;

// How much each owner has, counted by the tables themselves. A mark is counted where its segment is: its session may be
// gone by the time it goes.
const second = `
ALTER TABLE owners ADD COLUMN sessions INTEGER NOT NULL DEFAULT 0;
ALTER TABLE owners ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
-- Of what its owner brought first; others share it.
ALTER TABLE texts ADD COLUMN owner INTEGER;
ALTER TABLE texts ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
-- A digest, as names are.
ALTER TABLE claims ADD COLUMN owner BLOB;
CREATE INDEX claims_by_owner ON claims (owner, no) WHERE answer IS NOT NULL;

UPDATE owners SET
  sessions = (SELECT count(*) FROM sessions WHERE owner = owners.no),
  bytes = (SELECT coalesce(sum(octet_length(json)), 0) FROM spaces JOIN segments ON segments.space = spaces.no
    JOIN messages ON id >= segments.no * ${placesPerSegment} AND id < (segments.no + 1) * ${placesPerSegment}
    WHERE spaces.owner = owners.no)
  + (SELECT coalesce(sum(octet_length(turn)), 0) FROM spaces JOIN segments ON segments.space = spaces.no
    JOIN marks ON marks.segment = segments.no WHERE spaces.owner = owners.no);

CREATE TRIGGER sessions_added AFTER INSERT ON sessions BEGIN
  UPDATE owners SET sessions = sessions + 1 WHERE no = new.owner;
END;
CREATE TRIGGER sessions_gone AFTER DELETE ON sessions BEGIN
  UPDATE owners SET sessions = sessions - 1 WHERE no = old.owner;
END;
CREATE TRIGGER messages_added AFTER INSERT ON messages BEGIN
  UPDATE owners SET bytes = bytes + octet_length(new.json) WHERE no =
    (SELECT owner FROM segments JOIN spaces ON spaces.no = space WHERE segments.no = new.id / ${placesPerSegment});
END;
CREATE TRIGGER messages_gone AFTER DELETE ON messages BEGIN
  UPDATE owners SET bytes = bytes - octet_length(old.json) WHERE no =
    (SELECT owner FROM segments JOIN spaces ON spaces.no = space WHERE segments.no = old.id / ${placesPerSegment});
END;
CREATE TRIGGER marks_added AFTER INSERT ON marks BEGIN
  UPDATE owners SET bytes = bytes + octet_length(new.turn) WHERE no =
    (SELECT owner FROM segments JOIN spaces ON spaces.no = space WHERE segments.no = new.segment);
END;
CREATE TRIGGER marks_gone AFTER DELETE ON marks BEGIN
  UPDATE owners SET bytes = bytes - octet_length(old.turn) WHERE no =
    (SELECT owner FROM segments JOIN spaces ON spaces.no = space WHERE segments.no = old.segment);
END;
CREATE TRIGGER texts_added AFTER INSERT ON texts BEGIN
  UPDATE owners SET bytes = bytes + new.bytes WHERE no = new.owner;
END;
CREATE TRIGGER texts_gone AFTER DELETE ON texts BEGIN
  UPDATE owners SET bytes = bytes - old.bytes WHERE no = old.owner;
END;
`;

// Several of a session, each with its model and budget; what stands there already is one of the first version.
const severalCuts = `
ALTER TABLE sessions RENAME COLUMN cut TO cuts;
`;

export const migrations: Migrations = [first, second, severalCuts];
