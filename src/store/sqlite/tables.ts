// One connection and its statements, each prepared once.
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { Row } from './rows.ts';

export class Tables {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  /** Rises with whatever may have changed something. */
  changes = 0;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  get isInTransaction(): boolean {
    return this.#database.isTransaction;
  }

  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#prepared(sql).get(...values);
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#prepared(sql).all(...values);
  }

  getNamed(sql: string, values: Record<string, SQLInputValue>): Row | undefined {
    return this.#prepared(sql).get(values);
  }

  allNamed(sql: string, values: Record<string, SQLInputValue>): Row[] {
    return this.#prepared(sql).all(values);
  }

  /** How many rows it changed. */
  run(sql: string, ...values: SQLInputValue[]): number {
    this.changes += 1;
    return Number(this.#prepared(sql).run(...values).changes);
  }

  /** For a change that says what came of it. */
  runReturning(sql: string, ...values: SQLInputValue[]): Row | undefined {
    this.changes += 1;
    return this.#prepared(sql).get(...values);
  }

  /** The number that the new row was given. */
  insert(sql: string, ...values: SQLInputValue[]): number {
    this.changes += 1;
    return Number(this.#prepared(sql).run(...values).lastInsertRowid);
  }

  /** For what is never the same twice, and for what cannot be prepared. */
  exec(sql: string): void {
    this.#database.exec(sql);
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
