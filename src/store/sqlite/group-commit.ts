// Calls that came together are answered together: one transaction, written to the disk once, then all answers.
import { ProxyError } from '../../conversation/errors.ts';
import type { Answer, Call, CallName, Failure, SynchronousRecords } from './calls.ts';
import type { Clock } from './clock.ts';
import type { DiskRoom } from './disk-room.ts';
import { readFailure } from './read-failure.ts';
import type { Tables } from './tables.ts';

export interface TimedCall {
  readonly call: Call;
  readonly nowMs: number;
}

export interface GroupCommitOptions {
  readonly tables: Tables;
  readonly records: SynchronousRecords;
  readonly clock: Clock;
  readonly room: DiskRoom;
  /** Why nothing may be written now; undefined where it may. */
  readonly refusal: () => string | undefined;
}

/** Whether what a call writes must outlive a power cut. Who holds what need not: after it nobody holds anything. */
const writing: ReadonlyMap<CallName, boolean> = new Map([
  ['append', true],
  ['setIdle', true],
  ['settle', true],
  ['writeNote', true],
  ['delete', true],
  ['letGo', false],
  ['claim', false],
  ['check', false],
]);

export class GroupCommit {
  readonly #options: GroupCommitOptions;
  #isDurable = true;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  answer(calls: readonly TimedCall[]): Answer[] {
    const { tables, refusal, room } = this.#options;
    const writes = calls.filter(({ call }) => isWrite(call));
    if (writes.length === 0) return this.#read(calls);
    const reason = refusal();
    if (reason !== undefined) return this.#read(calls, new ProxyError('store_unavailable', reason));
    try {
      this.#syncAsNeeded(writes);
      tables.run('BEGIN IMMEDIATE');
    } catch (error) {
      return this.#read(calls, readFailure(error));
    }
    try {
      const answers = this.#commit(calls);
      if (calls.some(({ call }) => call.name === 'delete')) room.noteDeleted();
      return answers;
    } catch (error) {
      // Nothing was stored. Each by itself: who has room, or needs none, is not to suffer from who has not.
      if (calls.length > 1) return calls.flatMap(timed => this.answer([timed]));
      room.note(error);
      return calls.map(timed => this.#delete(timed, error));
    }
  }

  /** In the transaction that was begun. @throws with everything undone */
  #commit(calls: readonly TimedCall[]): Answer[] {
    const { tables } = this.#options;
    try {
      const answers = calls.map(timed => this.#write(timed));
      tables.run('COMMIT');
      return answers;
    } catch (error) {
      if (tables.isInTransaction) tables.run('ROLLBACK');
      throw error;
    }
  }

  /** What makes room is done once more with the room that is kept for it. */
  #delete(timed: TimedCall, failure: unknown): Answer {
    const { tables, room } = this.#options;
    if (timed.call.name !== 'delete') return failed(timed.call, failure);
    try {
      const [answer] = room.deleteWithSpare(failure, () => {
        tables.run('BEGIN IMMEDIATE');
        return this.#commit([timed]);
      });
      return answer ?? failed(timed.call, failure);
    } catch (error) {
      return failed(timed.call, error);
    }
  }

  /** All see the same; those that would write are refused. */
  #read(calls: readonly TimedCall[], refusal?: ProxyError): Answer[] {
    const { tables } = this.#options;
    try {
      tables.run('BEGIN');
      const answers = calls.map(timed => {
        if (refusal && isWrite(timed.call)) return failed(timed.call, refusal);
        try {
          return this.#ask(timed);
        } catch (error) {
          return failed(timed.call, error);
        }
      });
      tables.run('COMMIT');
      return answers;
    } catch (error) {
      if (tables.isInTransaction) tables.run('ROLLBACK');
      return calls.map(({ call }) => failed(call, error));
    }
  }

  /** @throws where it failed half done, or the whole transaction with it. */
  #write(timed: TimedCall): Answer {
    const { tables } = this.#options;
    const { changes } = tables;
    try {
      return this.#ask(timed);
    } catch (error) {
      if (tables.changes !== changes || !tables.isInTransaction) throw error;
      return failed(timed.call, error);
    }
  }

  #ask({ call, nowMs }: TimedCall): Answer {
    const { records, clock } = this.#options;
    clock.nowMs = nowMs;
    return { id: call.id, value: run(records, call) };
  }

  #syncAsNeeded(writes: readonly TimedCall[]): void {
    const isDurable = writes.some(({ call }) => writing.get(call.name));
    if (isDurable === this.#isDurable) return;
    this.#options.tables.exec(`PRAGMA synchronous = ${isDurable ? 'FULL' : 'NORMAL'}`);
    this.#isDurable = isDurable;
  }
}

function isWrite(call: Call): boolean {
  return writing.has(call.name) || (call.name === 'open' && call.args[1]?.lease !== undefined);
}

function run<Name extends CallName>(
  records: SynchronousRecords,
  { name, args }: { readonly name: Name; readonly args: Parameters<SynchronousRecords[Name]> },
): unknown {
  const method = records[name] as (...given: typeof args) => unknown;
  return method.apply(records, args);
}

function failed({ id }: Call, error: unknown): Answer {
  return { id, failure: writeFailure(error) };
}

function writeFailure(error: unknown): Failure {
  const { code, message, param, cause } = readFailure(error);
  return { code, message, param, cause: cause === undefined ? undefined : textOf(cause) };
}

/** Texts of errors hold no values, only names of tables and what SQLite says. */
export function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const number = 'errcode' in error ? ` (${error.errcode})` : '';
  return `${error.message}${number}\n${error.stack ?? ''}`;
}
