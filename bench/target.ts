// A process under load: started from here, asked what it used, stopped from here.
import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Order, Report, Usage } from './child.ts';
import { Connections, type Done, type Load } from './load.ts';

export interface Measured extends Done {
  readonly cpuUs: number;
  readonly rssMb: number;
  /** Share of the time in which the event loop was busy; at 1 the process has become the bottleneck. */
  readonly busy: number;
}

// What follows an answer (the log line, the end of the stream) belongs to its price.
const settleMs = 10;

export class Target {
  readonly port: number;
  readonly connections: Connections;
  readonly #child: ChildProcess;

  /** The module's output is discarded, as the log is to be. */
  static async start(
    module: URL,
    args: readonly string[] = [],
    nodeArgs: readonly string[] = [],
  ): Promise<Target> {
    const child = fork(module, args, {
      execArgv: [...nodeArgs],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const report = await nextReport(child);
    if (report.type !== 'ready') throw new Error(`${module.href} said ${report.type} first`);
    return new Target(child, report.port);
  }

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
    this.connections = new Connections(port);
  }

  async usage(): Promise<Usage> {
    const report = await this.#ask({ type: 'usage' });
    if (report.type !== 'usage') throw new Error('no usage');
    return report.usage;
  }

  /** CPU of one parse of the text as JSON in that process. */
  async parseUs(text: string, times: number): Promise<number> {
    const report = await this.#ask({ type: 'parse', text, times });
    if (report.type !== 'parsed') throw new Error('not parsed');
    return report.cpuUs / times;
  }

  async measure(load: Load): Promise<Measured> {
    const before = await this.usage();
    const startMs = performance.now();
    const done = await this.connections.run(load);
    await sleep(settleMs);
    const after = await this.usage();
    return {
      ...done,
      cpuUs: after.cpuUs - before.cpuUs,
      rssMb: after.rssBytes / 1e6,
      busy: (after.busyMs - before.busyMs) / (performance.now() - startMs),
    };
  }

  async stop(): Promise<void> {
    this.connections.close();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = new Promise(resolve => this.#child.once('exit', resolve));
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5_000);
    await exited;
    clearTimeout(timer);
  }

  #ask(order: Order): Promise<Report> {
    const report = nextReport(this.#child);
    this.#child.send(order);
    return report;
  }
}

function nextReport(child: ChildProcess): Promise<Report> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: unknown) => {
      child.off('exit', onExit);
      resolve(message as Report);
    };
    const onExit = (code: number | null) => {
      child.off('message', onMessage);
      reject(new Error(`${child.spawnargs.join(' ')} ended with ${code}`));
    };
    child.once('message', onMessage);
    child.once('exit', onExit);
  });
}
