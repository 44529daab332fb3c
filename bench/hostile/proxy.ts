// The proxy as a process of its own, with the monitor inside.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Figures, Held, MonitorOrder } from './monitor.ts';

export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly contentType?: string;
  readonly body?: Buffer;
}

export interface Answered {
  readonly status: number;
  readonly code: string;
}

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const monitor = fileURLToPath(new URL('./monitor.ts', import.meta.url));
const longestMs = 60_000;
/** What is young in the heap has as much room from the start as it will have: its growth is the process's, no request's. */
const nodeFlags = ['--expose-gc', '--min-semi-space-size=16', '--max-semi-space-size=16'];

export class MonitoredProxy {
  readonly #child: ChildProcess;
  readonly #home: string;
  #port = 0;
  #told = '';

  static async start(
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ): Promise<MonitoredProxy> {
    const proxy = new MonitoredProxy(args, env);
    await proxy.#started();
    return proxy;
  }

  private constructor(args: readonly string[], env: Readonly<Record<string, string>>) {
    this.#home = mkdtempSync(join(tmpdir(), 'hostile-'));
    this.#child = spawn(
      process.execPath,
      [...nodeFlags, '--import', monitor, main, '--port', '0', '--log-level', 'silent', ...args],
      {
        cwd: this.#home,
        // The prepared vocabulary of this machine: making it takes seconds.
        env: {
          HOME: this.#home,
          XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'),
          ...env,
        },
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      },
    );
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#told = (this.#told + text).slice(-4_000);
      });
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  get lastWords(): string {
    return this.#told;
  }

  async #started(): Promise<void> {
    while (this.#port === 0) {
      this.#port = Number(/Address +http:\/\/[^:]+:(\d+)/.exec(this.#told)?.[1] ?? 0);
      if (this.#port > 0) return;
      if (this.hasEnded) throw new Error(`The proxy ended: ${this.#told}`);
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  }

  async #ask(order: MonitorOrder): Promise<unknown> {
    const done = new AbortController();
    const figures = once(this.#child, 'message', { signal: done.signal });
    const ended = once(this.#child, 'exit', { signal: done.signal }).then(() => {
      throw new Error(`The proxy ended: ${this.#told}`);
    });
    this.#child.send(order);
    try {
      const [answer] = await Promise.race([figures, ended]);
      return answer;
    } finally {
      done.abort();
      for (const left of [figures, ended]) left.catch(() => {});
    }
  }

  async look(): Promise<Held> {
    return (await this.#ask('look')) as Held;
  }

  /** What a request cost, and what came of it. */
  async measure(sent: Sent): Promise<Answered & Figures> {
    await this.#ask('begin');
    const answered = await this.send(sent);
    return { ...answered, ...((await this.#ask('end')) as Figures) };
  }

  /** @param leavesAfterMs gives up after so long */
  send({ method, path, contentType, body }: Sent, leavesAfterMs = longestMs): Promise<Answered> {
    return new Promise((resolve, reject) => {
      const asked = request(
        {
          port: this.#port,
          host: '127.0.0.1',
          method,
          path,
          agent: false,
          headers: {
            authorization: 'Bearer invented-key-of-nobody',
            ...(contentType && body ? { 'content-type': contentType, 'content-length': body.length } : {}),
          },
        },
        response => {
          let head = '';
          response.on('data', (chunk: Buffer) => {
            if (head.length < 2_000) head += chunk.toString('latin1', 0, 2_000);
          });
          const done = () => {
            clearTimeout(timer);
            resolve({ status: response.statusCode ?? 0, code: /"code":"(\w+)"/.exec(head)?.[1] ?? '' });
          };
          response.on('end', done);
          response.on('error', done);
        },
      );
      const timer = setTimeout(() => asked.destroy(new Error('no answer')), leavesAfterMs);
      asked.on('error', error => {
        clearTimeout(timer);
        reject(error);
      });
      asked.end(body);
    });
  }

  async stop(): Promise<void> {
    if (!this.hasEnded) {
      const exited = once(this.#child, 'exit');
      this.#child.kill('SIGKILL');
      await exited;
    }
    rmSync(this.#home, { recursive: true, force: true });
  }
}
