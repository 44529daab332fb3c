// The thread that has the database: waiting for the disk, for locks and for long lists keeps nobody else waiting.
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { Order, Report, WorkerSettings } from './calls.ts';
import { DiskRoom } from './disk-room.ts';
import { FileGuard } from './file-guard.ts';
import { GroupCommit, type TimedCall, textOf } from './group-commit.ts';
import { openDatabase } from './open-database.ts';
import { Shelves } from './shelves.ts';
import { SpareRoom } from './spare-room.ts';
import { SqliteSessions } from './sqlite-sessions.ts';
import { Sweeper } from './sweeper.ts';
import { Tables } from './tables.ts';

/** More calls in one transaction cost hardly less each; while some are written, the event loop asks for the next. */
const groupSize = 48;

/** A start is not to wait for it. */
const spareAfterMs = 250;
/** Calls wait meanwhile; the rest is for the next sweep. */
const slicesWithSpare = 100;

class CallLoop {
  readonly #port: MessagePort;
  readonly #tables: Tables;
  readonly #commit: GroupCommit;
  readonly #sweeper: Sweeper;
  readonly #room: DiskRoom;
  readonly #isWritable: boolean;
  #waiting: TimedCall[] = [];

  constructor(port: MessagePort, { path, tombstoneMs, maxBytes }: WorkerSettings) {
    this.#port = port;
    const { database, realPath, readOnlyBecause, warnings } = openDatabase({ path, maxBytes });
    this.#tables = new Tables(database);
    this.#room = new DiskRoom(this.#tables, new SpareRoom(realPath));
    const clock = { nowMs: 0 };
    const shelves = new Shelves(this.#tables, clock, tombstoneMs);
    const files = new FileGuard(path, realPath);
    let wrong: string | undefined;
    const refusal = () => {
      if (readOnlyBecause !== undefined) return 'The session store can be read, but not be written to.';
      const problem = files.check();
      if (problem !== undefined && problem !== wrong) this.#tell(`${problem} (${path})`);
      wrong = problem;
      return problem;
    };
    this.#commit = new GroupCommit({
      tables: this.#tables,
      records: new SqliteSessions(this.#tables, shelves, this.#room),
      clock,
      room: this.#room,
      refusal,
    });
    this.#sweeper = new Sweeper({ tables: this.#tables, shelves, clock, path: realPath, refusal });
    this.#isWritable = readOnlyBecause === undefined;
    for (const warning of warnings) this.#tell(warning);
    if (readOnlyBecause !== undefined)
      this.#tell(`The session store ${path} can only be read: ${readOnlyBecause}`);
  }

  start(): void {
    this.#port.on('message', (order: Order) => {
      let next: { readonly message: Order } | undefined = { message: order };
      while (next) {
        this.#take(next.message);
        if (this.#waiting.length >= groupSize) this.#answer();
        next = receiveMessageOnPort(this.#port);
      }
      this.#answer();
    });
    this.#report({ kind: 'opened' });
    if (this.#isWritable) setTimeout(() => this.#room.hold(), spareAfterMs).unref();
  }

  #take(order: Order): void {
    if (order.kind === 'calls') {
      for (const call of order.calls) this.#waiting.push({ call, nowMs: order.nowMs });
      return;
    }
    this.#answer();
    if (order.kind === 'close') this.#close();
    else this.#sweep(order.nowMs);
  }

  #answer(): void {
    while (this.#waiting.length > 0) {
      const group = this.#waiting.slice(0, groupSize);
      this.#waiting = this.#waiting.slice(groupSize);
      this.#report({ kind: 'answers', answers: this.#commit.answer(group) });
    }
  }

  /** A slice at a time; calls that come go first. */
  #sweep(nowMs: number): void {
    const end = () => {
      this.#room.hold();
      this.#report({ kind: 'swept' });
    };
    const step = () => {
      try {
        if (this.#sweeper.step()) setImmediate(step);
        else end();
      } catch (error) {
        this.#sweeper.stop();
        this.#sweepWithSpare(nowMs, error);
        end();
      }
    };
    if (this.#sweeper.begin(nowMs)) step();
    else this.#report({ kind: 'swept' });
  }

  /** What expired makes room for what comes. */
  #sweepWithSpare(nowMs: number, failure: unknown): void {
    try {
      this.#room.deleteWithSpare(failure, () => {
        this.#sweeper.begin(nowMs);
        for (let slices = 0; slices < slicesWithSpare && this.#sweeper.step(); slices += 1);
        this.#sweeper.stop();
      });
    } catch (error) {
      this.#sweeper.stop();
      this.#tell('What expired could not be removed from the session store.', error);
    }
  }

  #close(): void {
    try {
      this.#sweeper.stop();
      this.#tables.close();
    } catch (error) {
      this.#tell('The session store could not be closed.', error);
    }
    this.#report({ kind: 'closed' });
    this.#port.close();
  }

  #tell(message: string, error?: unknown): void {
    const cause = error === undefined ? undefined : textOf(error);
    this.#report({ kind: 'problem', message, cause });
  }

  #report(report: Report): void {
    this.#port.postMessage(report);
  }
}

if (parentPort) {
  try {
    new CallLoop(parentPort, workerData as WorkerSettings).start();
  } catch (error) {
    const report: Report = {
      kind: 'refused',
      message: error instanceof Error ? error.message : String(error),
    };
    parentPort.postMessage(report);
    parentPort.close();
  }
}
