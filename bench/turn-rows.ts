// Small JSON turns: without a session, in one, with a silent log, with a full store.
import { repeatFor } from './load.ts';
import { firstOfSession, namedSession, nextOfSession, stateless } from './requests.ts';
import { type Bench, compare, type Group, takeTurns, warmUp } from './rows.ts';
import type { Measured, Target } from './target.ts';

const connections = 64;
const turnsOfSession = 10;

export function statelessGroup(bench: Bench): Group {
  const load = (target: Target, seconds: number) =>
    target.measure({ connections, next: repeatFor(seconds, () => stateless) });
  const targets = () => Promise.all([bench.pipe(), bench.proxy(), bench.silent()]);
  return {
    rows: [
      {
        name: 'json',
        unit: 'µs/turn',
        meaning: `CPU of a small turn without sessionId. It makes a session, which pushes one out of a store of ${bench.smallStore}. Base: pipe.`,
      },
      { name: 'json-log', unit: 'µs/turn', meaning: 'The same. Base: the proxy with logLevel silent.' },
    ],
    async warmUp() {
      for (const target of await targets()) await warmUp(target, load, bench);
    },
    async round() {
      const [pipe, proxy, silent] = await takeTurns(await targets(), load, bench);
      return [compare(proxy, pipe), compare(proxy, silent)];
    },
  };
}

export function sessionGroup(bench: Bench): Group {
  const sessions = new Map<Target, Sessions>();
  const load = (target: Target, seconds: number) => {
    const held = sessions.get(target) ?? new Sessions();
    sessions.set(target, held);
    return held.measure(target, seconds);
  };
  const targets = () => Promise.all([bench.pipe(), bench.proxy(), bench.disk()]);
  return {
    rows: [
      {
        name: 'session',
        unit: 'µs/turn',
        meaning: `CPU of a turn {sessionId, message} in sessions of ${turnsOfSession} turns, messages given back. Base: pipe, same requests.`,
      },
      { name: 'session-disk', unit: 'µs/turn', meaning: 'The same with sqlite:, each turn on the disk.' },
    ],
    async warmUp() {
      for (const target of await targets()) await warmUp(target, load, bench);
    },
    async round() {
      // Other rows have pushed the sessions of the last round out.
      sessions.clear();
      const [pipe, proxy, disk] = await takeTurns(await targets(), load, bench);
      return [compare(proxy, pipe), compare(disk, pipe)];
    },
  };
}

/** One session after the other on each connection. */
class Sessions {
  readonly #turns = new Array<number>(connections).fill(0);
  // The pipe gives out no session; a name of the same length keeps its requests alike.
  readonly #ids = new Array<string>(connections).fill(`sess_${'x'.repeat(22)}`);

  measure(target: Target, seconds: number): Promise<Measured> {
    return target.measure({
      connections,
      next: repeatFor(seconds, connection => this.#next(connection)),
      seen: (connection, { head }) => {
        const id = /^x-session-id: *(\S+)/im.exec(head)?.[1];
        if (id !== undefined) this.#ids[connection] = id;
      },
    });
  }

  #next(connection: number): Buffer {
    const turn = this.#turns[connection] ?? 0;
    this.#turns[connection] = (turn + 1) % turnsOfSession;
    return turn === 0 ? firstOfSession : nextOfSession(this.#ids[connection] ?? '');
  }
}

export function fullStoreGroup(bench: Bench): Group {
  let named = 0;
  // A session of the client's naming leaves an answer that can be repeated, since the client is the official one.
  const next = () => namedSession(`bench-${named++}`);
  const load = (target: Target, seconds: number) =>
    target.measure({ connections, next: repeatFor(seconds, next) });
  return {
    rows: [
      {
        name: 'full-store',
        unit: 'µs/turn',
        meaning: `CPU of the first turn of a session, store full of ${bench.fullStore} others, each with a repeatable answer. Base: pipe.`,
      },
    ],
    async warmUp() {
      await warmUp(await bench.pipe(), load, bench);
      const full = await bench.full();
      for (let left = 1.05 * bench.fullStore; left > 0; ) left -= (await load(full, bench.seconds)).answers;
    },
    async round() {
      const [pipe, full] = await takeTurns([await bench.pipe(), await bench.full()], load, bench);
      return [compare(full, pipe)];
    },
  };
}
