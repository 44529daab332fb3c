// Commands and scripts on a store of one or many servers: repeated where that is safe and there is time, and every
// answer held against its question.
import { setTimeout as pause } from 'node:timers/promises';
import type { Reply } from './connection.ts';
import { isPassing, RedisFailure, storeClosed, toStoreError } from './failure.ts';
import type { Route, SendOptions } from './route.ts';
import { type Script, scripts } from './script.ts';

export interface Answer {
  /** Without the number of the question. */
  readonly parts: readonly unknown[];
  readonly era: string;
  /** Whether it may have been asked before, with an answer that nobody got. */
  readonly isRepeated: boolean;
}

interface Question {
  readonly script: Script;
  /** All in one slot. */
  readonly keys: readonly string[];
  readonly asked: unknown;
  readonly texts?: readonly string[];
  /** How long it is repeated: everything here can be, since it changes nothing the second time. */
  readonly patienceMs?: number;
  /** Counts as done when enough replicas have it. */
  readonly isKept?: boolean;
}

const patienceMs = 1_000;
const answerMs = 1_000;
const pauseMs = { first: 20, most: 200 };

export class Redis {
  readonly #route: Route;
  readonly #now: (() => number) | undefined;
  readonly #running = new Set<Promise<unknown>>();
  #questions = 0;
  #isClosed = false;

  /** @param now in place of the servers' clock, for tests */
  constructor(route: Route, now: (() => number) | undefined) {
    this.#route = route;
    this.#now = now;
  }

  /** @throws ProxyError */
  ask({ script, keys, asked, texts = [], patienceMs, isKept = false }: Question): Promise<Answer> {
    const ask = (timeoutMs: number): Promise<Reply> => {
      this.#questions += 1;
      const number = this.#questions.toString(36);
      const now = this.#now === undefined ? '' : String(this.#now());
      const rest = [String(keys.length), ...keys, number, now, JSON.stringify(asked), ...texts];
      const isAnswer = (value: unknown) => Array.isArray(value) && value[0] === number;
      return this.#send(keys[0] ?? '', script, rest, { isAnswer, timeoutMs, isKept });
    };
    return this.#repeat(ask, patienceMs);
  }

  /** Keys may lie anywhere: one question for each slot. Answers come in the order of the keys. */
  async askAll(
    script: Script,
    entries: readonly { readonly key: string; readonly asked: unknown }[],
    width = 1,
  ): Promise<unknown[][]> {
    const bySlot = Map.groupBy(entries.keys(), at => this.#route.slotOf(entries[at]?.key ?? ''));
    const all = new Array<unknown[]>(entries.length);
    await Promise.all(
      [...bySlot.values()].map(async places => {
        const here = places.flatMap(at => entries[at] ?? []);
        const keys = here.map(({ key }) => key);
        const { parts } = await this.ask({ script, keys, asked: here.map(({ asked }) => asked) });
        for (const [index, at] of places.entries()) all[at] = parts.slice(index * width, (index + 1) * width);
      }),
    );
    return all;
  }

  /** One command on one key. As a script, whose answer says which question it answers. @throws ProxyError */
  async command(name: string, key: string, ...args: readonly string[]): Promise<unknown> {
    const { parts } = await this.ask({
      script: scripts.command,
      keys: [key],
      asked: {},
      texts: [name, ...args],
    });
    return parts[0];
  }

  /** What nobody waits for; whether it works is of no account. */
  behind(work: Promise<unknown>): void {
    const done = work.catch(() => undefined).finally(() => this.#running.delete(done));
    this.#running.add(done);
  }

  /** @throws ProxyError */
  async ping(): Promise<void> {
    if (this.#isClosed) throw storeClosed();
    await this.#route.pingAll().catch(error => {
      throw toStoreError(error);
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#running);
    this.#isClosed = true;
    this.#route.close();
  }

  async #send(
    key: string,
    { sha, text }: Script,
    rest: readonly string[],
    options: SendOptions,
  ): Promise<Reply> {
    try {
      return await this.#route.send(key, ['EVALSHA', sha, ...rest], options);
    } catch (failure) {
      if (!(failure instanceof RedisFailure) || failure.code !== 'NOSCRIPT') throw failure;
      return await this.#route.send(key, ['EVAL', text, ...rest], options);
    }
  }

  async #repeat(send: (timeoutMs: number) => Promise<Reply>, forMs = patienceMs): Promise<Answer> {
    const untilMs = performance.now() + forMs;
    let isRepeated = false;
    let waitMs = pauseMs.first;
    for (;;) {
      if (this.#isClosed) throw storeClosed();
      const timeoutMs = Math.max(50, Math.min(answerMs, untilMs - performance.now()));
      try {
        const { value, era } = await send(timeoutMs);
        return { parts: (value as unknown[]).slice(1), era, isRepeated };
      } catch (error) {
        if (!(error instanceof RedisFailure)) throw error;
        isRepeated ||= error.kind === 'lost';
        const isHopeless = error.isDown && !isRepeated;
        if (isHopeless || !isPassing(error) || performance.now() + waitMs >= untilMs)
          throw toStoreError(error);
        await pause(waitMs);
        waitMs = Math.min(pauseMs.most, waitMs * 2);
      }
    }
  }
}
