import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');

export interface StartOptions {
  readonly args?: readonly string[];
  /** All that the process sees, besides a HOME. */
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeArgs?: readonly string[];
  /** Files, sockets among them, that it may have open. */
  readonly openFiles?: number;
}

/** The proxy as a process of its own, at home in a directory of the test's. */
export class ProxyProcess {
  stdout = '';
  stderr = '';
  /** Null where a signal ended it. Everything that it printed is here by then. */
  readonly exitCode: Promise<number | null>;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;

  constructor(directory: string, { args = [], env = {}, nodeArgs = [], openFiles }: StartOptions) {
    const command = [process.execPath, ...nodeArgs, main, ...args];
    const limited = ['/bin/sh', '-c', `ulimit -n ${openFiles}; exec "$0" "$@"`, ...command];
    const [file = '', ...given] = openFiles === undefined ? command : limited;
    this.#child = spawn(file, given, {
      cwd: directory,
      // The prepared vocabulary of this machine: making it takes seconds.
      env: { HOME: directory, XDG_CACHE_HOME: cache, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout.setEncoding('utf8').on('data', text => {
      this.stdout += text;
    });
    this.#child.stderr.setEncoding('utf8').on('data', text => {
      this.stderr += text;
    });
    this.exitCode = once(this.#child, 'close').then(([code]) => code);
  }

  /** What the banner says, once the whole banner is there. */
  async started(): Promise<void> {
    const { stdout } = this.#child;
    while (!/Model .*\n/.test(this.stdout)) {
      await Promise.race([once(stdout, 'data'), this.exitCode]);
      if (stdout.readableEnded) throw new Error(`The process ended: ${this.stderr}`);
    }
  }

  /** Once the log holds it, from `from` on. Resolves with where it ends. */
  async logged(pattern: RegExp, from = 0): Promise<number> {
    const { stderr } = this.#child;
    for (;;) {
      const found = pattern.exec(this.stderr.slice(from));
      if (found) return from + found.index + found[0].length;
      await Promise.race([once(stderr, 'data'), this.exitCode]);
      if (stderr.readableEnded) throw new Error(`The process ended: ${this.stderr}`);
    }
  }

  /** Whoever reads what it prints has left. */
  stopReading(): void {
    this.#child.stdout.destroy();
    this.#child.stderr.destroy();
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get baseUrl(): string {
    return /Address +(\S+)/.exec(this.stdout)?.[1] ?? '';
  }

  /** Sends the signal, and waits for the end where the signal is one that cannot be caught. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    this.#child.kill(signal);
    if (signal === 'SIGKILL') await this.exitCode;
  }
}
