// Opens the file, or says why not and what to do. What is there already is never overwritten.
import { realpathSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { StoreStartError } from '../store-start-error.ts';
import { checkFile, sizeOf } from './check-file.ts';
import { isBusy, isDamaged, isReadOnly } from './read-failure.ts';
import { applicationId, type Migrations, migrations as ownMigrations } from './schema.ts';
import { wait } from './wait.ts';

export interface OpenDatabaseOptions {
  readonly path: string;
  readonly maxBytes?: number | undefined;
  /** For tests: a future version of the tables, another SQLite. */
  readonly migrations?: Migrations;
  readonly sqliteVersion?: string;
}

export interface OpenDatabase {
  readonly database: DatabaseSync;
  /** Where it really is; SQLite keeps its other files beside it. */
  readonly realPath: string;
  /** Why nothing can be written; undefined where it can. */
  readonly readOnlyBecause: string | undefined;
  /** What whoever runs the proxy should know. */
  readonly warnings: readonly string[];
}

/** Larger ones hold more to a page, and more is written where little changes. */
const pageBytes = 8192;
/** The log is written back after so many pages, of which many are the same ones again; larger it need not stay. */
const logPages = 4_000;
const cacheKib = 32 * 1024;
/** A damaged file of this size is found out at the start; a larger one would take too long. */
const checkedBytes = 32 * 1024 * 1024;
/** How long a call waits for another process that writes. */
const lockWaitMs = 1_000;
/** At the start another process may be bringing the tables up to date. */
const startWaitMs = 5_000;
const retryMs = 20;
/** Before this one, two connections at a checkpoint could damage the file. */
const leastVersion = '3.51.3';

/** @throws StoreStartError */
export function openDatabase(options: OpenDatabaseOptions): OpenDatabase {
  const { path, sqliteVersion = process.versions.sqlite ?? '' } = options;
  const oldSqlite = isOld(sqliteVersion)
    ? `This Node has SQLite ${sqliteVersion}: several processes that write to one session store can damage it. Use one proxy for it, or a Node that has ${leastVersion} or later.`
    : undefined;
  const untilMs = performance.now() + startWaitMs;
  let made: string | undefined;
  for (;;) {
    try {
      made ??= checkFile(path);
      const realPath = realpathSync(path);
      const newDirectory = made && `The session store is new: its directory ${made} was made.`;
      const warnings = [oldSqlite, newDirectory].filter(warning => warning !== undefined);
      return { ...openFile({ ...options, path: realPath }), realPath, warnings };
    } catch (error) {
      if (error instanceof StoreStartError) throw error;
      if (!isBusy(error) || performance.now() > untilMs) throw refusal(path, error);
      wait(retryMs);
    }
  }
}

function openFile(options: OpenDatabaseOptions): Omit<OpenDatabase, 'realPath' | 'warnings'> {
  const { path, migrations = ownMigrations } = options;
  let database = connect(path);
  try {
    let readOnlyBecause: string | undefined;
    try {
      prepareFile(path, database);
    } catch (error) {
      if (!isReadOnly(error)) throw error;
      readOnlyBecause = error instanceof Error ? error.message : String(error);
      database.close();
      database = connectReadOnly(path);
    }
    checkVersion(path, database, migrations);
    checkPages(path, database);
    if (readOnlyBecause === undefined) migrate(path, database, migrations);
    else if (versionOf(database) < migrations.length)
      throw new StoreStartError(
        `the session store ${path} has to be brought up to date, but cannot be written to (${readOnlyBecause}); make it and its directory writable`,
      );
    setUp(database, options.maxBytes);
    return { database, readOnlyBecause };
  } catch (error) {
    if (database.isOpen) database.close();
    throw error;
  }
}

function connect(path: string | URL, readOnly = false): DatabaseSync {
  return new DatabaseSync(path, { enableForeignKeyConstraints: false, timeout: lockWaitMs, readOnly });
}

function connectReadOnly(path: string): DatabaseSync {
  const database = connect(path, true);
  try {
    ask(database, 'SELECT count(*) FROM sqlite_schema');
    return database;
  } catch (error) {
    database.close();
    // Where not even the log's index can be made beside it, a file without a log can still be read as it is.
    if (!isReadOnly(error) || sizeOf(`${path}-wal`) > 0) throw error;
    const url = pathToFileURL(path);
    url.searchParams.set('immutable', '1');
    return connect(url, true);
  }
}

function isOld(version: string): boolean {
  const parts = (text: string) => text.split('.').map(Number);
  const wanted = parts(leastVersion);
  for (const [at, part] of parts(version).entries())
    if (part !== (wanted[at] ?? 0)) return part < (wanted[at] ?? 0);
  return false;
}

/** A new file is marked as ours, durably, before anything else is in it. */
function prepareFile(path: string, database: DatabaseSync): void {
  if (ask(database, 'PRAGMA application_id') !== applicationId) {
    database.exec(
      `PRAGMA page_size = ${pageBytes}; PRAGMA synchronous = FULL;
       BEGIN; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA application_id = ${applicationId}; COMMIT`,
    );
  }
  const mode = ask(database, 'PRAGMA journal_mode = WAL');
  if (mode !== 'wal')
    throw new StoreStartError(
      `the session store ${path} cannot have a write-ahead log here (journal mode ${mode}); choose a path on a local disk`,
    );
  // Shows a file or a directory that cannot be written to.
  database.exec('BEGIN IMMEDIATE; ROLLBACK');
}

function checkVersion(path: string, database: DatabaseSync, migrations: Migrations): void {
  if (versionOf(database) > migrations.length)
    throw new StoreStartError(
      `the session store ${path} was written by a later version of this program; use that one, or choose another path`,
    );
}

function checkPages(path: string, database: DatabaseSync): void {
  if (sizeOf(path) > checkedBytes) return;
  const problem = ask(database, 'PRAGMA quick_check(1)');
  if (problem !== 'ok') throw damaged(path, String(problem));
}

function migrate(path: string, database: DatabaseSync, migrations: Migrations): void {
  while (versionOf(database) !== migrations.length) {
    database.exec('BEGIN IMMEDIATE');
    try {
      // Another process may have been faster.
      checkVersion(path, database, migrations);
      const version = versionOf(database);
      const step = migrations[version];
      if (step !== undefined) database.exec(`${step}; PRAGMA user_version = ${version + 1}`);
      database.exec('COMMIT');
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }
}

function setUp(database: DatabaseSync, maxBytes: number | undefined): void {
  database.exec(`
    PRAGMA synchronous = FULL;
    PRAGMA secure_delete = ON;
    PRAGMA wal_autocheckpoint = ${logPages};
    PRAGMA journal_size_limit = ${logPages * pageBytes};
    PRAGMA cache_size = -${cacheKib};
    PRAGMA temp_store = MEMORY;
    PRAGMA mmap_size = 0;
  `);
  if (maxBytes === undefined) return;
  const pages = Math.max(1, Math.floor(maxBytes / Number(ask(database, 'PRAGMA page_size'))));
  database.exec(`PRAGMA max_page_count = ${pages}`);
}

const versionOf = (database: DatabaseSync) => Number(ask(database, 'PRAGMA user_version'));

/** The one value of the one row. */
function ask(database: DatabaseSync, sql: string): unknown {
  return Object.values(database.prepare(sql).get() ?? {})[0];
}

function refusal(path: string, error: unknown): StoreStartError {
  const reason = error instanceof Error ? error.message : String(error);
  if (isDamaged(error)) return damaged(path, reason);
  if (isBusy(error))
    return new StoreStartError(
      `the session store ${path} is locked by another process; end that one, or choose another path`,
    );
  return new StoreStartError(
    `the session store ${path} cannot be opened (${reason}); make it and its directory writable, or choose another path`,
    { cause: error },
  );
}

const damaged = (path: string, reason: string) =>
  new StoreStartError(
    `the session store ${path} is damaged (${reason}); move it away together with its -wal file, or restore a copy of both`,
  );
