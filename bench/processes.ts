// The processes of a run: upstream, pipe, and the proxy in several settings. Each lives until the end.
import type { Options } from './options.ts';
import type { Bench } from './rows.ts';
import { Target } from './target.ts';

const upstreamModule = new URL('./upstream.ts', import.meta.url);
export const pipeModule = new URL('./pipe.ts', import.meta.url);
const proxyModule = new URL('./proxy.ts', import.meta.url);

/*
 * Turns without a session make one each, which pushes an old one out of a full store. So that this is so from the
 * first round on, and the heap does not grow from round to round, the store is small but where its size is measured.
 */
const smallStore = 500;

export class Processes implements Bench {
  readonly seconds: number;
  readonly smallStore = smallStore;
  readonly fullStore: number;
  readonly warmUnits: number;
  readonly #started = new Map<string, Promise<Target>>();
  readonly #profileArgs: readonly string[];

  constructor({ seconds, fullStore, warmUnits, cpuProf }: Options) {
    this.seconds = seconds;
    this.fullStore = fullStore;
    this.warmUnits = warmUnits;
    this.#profileArgs = cpuProf === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${cpuProf}`];
  }

  upstream(): Promise<Target> {
    return this.#once('upstream', () => Target.start(upstreamModule));
  }

  pipe(): Promise<Target> {
    return this.#once('pipe', async () => Target.start(pipeModule, [await this.#upstreamPort()]));
  }

  proxy(): Promise<Target> {
    return this.#proxy('info', smallStore, this.#profileArgs);
  }

  silent(): Promise<Target> {
    return this.#proxy('silent', smallStore);
  }

  disk(): Promise<Target> {
    return this.#proxy('info', smallStore, this.#profileArgs, 'sqlite');
  }

  full(): Promise<Target> {
    return this.#proxy('info', this.fullStore, this.#profileArgs);
  }

  async stop(): Promise<void> {
    // The upstream last, so that nobody is left in the middle of a question.
    for (const target of [...this.#started.values()].reverse()) {
      const started = await target.catch(() => undefined);
      await started?.stop();
    }
  }

  #proxy(
    level: string,
    sessions: number,
    nodeArgs: readonly string[] = [],
    store: 'memory' | 'sqlite' = 'memory',
  ): Promise<Target> {
    return this.#once(`${level} ${sessions} ${nodeArgs.length > 0} ${store}`, async () =>
      Target.start(proxyModule, [await this.#upstreamPort(), level, String(sessions), store], nodeArgs),
    );
  }

  async #upstreamPort(): Promise<string> {
    return String((await this.upstream()).port);
  }

  #once(name: string, start: () => Promise<Target>): Promise<Target> {
    const target = this.#started.get(name) ?? start();
    this.#started.set(name, target);
    return target;
  }
}
