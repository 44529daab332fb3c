// Streamed answers: a burst, where the CPU counts; and paced ones, where the first byte counts too.
import { burstDeltas, models, otherEvents, pacedDeltas, paceMs } from './answers.ts';
import { repeatFor, repeatTimes } from './load.ts';
import { quantile, type Sample } from './measure.ts';
import { streamed } from './requests.ts';
import { type Bench, compare, type Group, takeTurns, warmUp } from './rows.ts';
import type { Measured, Target } from './target.ts';

const burstEvents = burstDeltas + otherEvents;
const burst = streamed(models.burst);

export function burstGroup(bench: Bench): Group {
  const load = (target: Target, seconds: number) =>
    target.measure({ connections: 8, next: repeatFor(seconds, () => burst) });
  const targets = () => Promise.all([bench.pipe(), bench.proxy()]);
  return {
    rows: [
      {
        name: 'burst',
        unit: 'µs/event',
        meaning: `CPU of a streamed event, ${burstEvents} at once, 8 streams. Base: pipe.`,
      },
    ],
    async warmUp() {
      for (const target of await targets()) await warmUp(target, load, bench, burstEvents);
    },
    async round() {
      const [pipe, proxy] = await takeTurns(await targets(), load, bench);
      return [compare(proxy, pipe, burstEvents)];
    },
  };
}

const streams = 100;
const pacedEvents = pacedDeltas + otherEvents;
const streamMs = pacedDeltas * paceMs;
const paced = streamed(models.paced);

interface Paced {
  readonly measured: Measured;
  /** Of all streams, upstream's own delay included. */
  readonly firstByteMs: readonly number[];
}

export function pacedGroup(bench: Bench): Group {
  const load = async (target: Target): Promise<Paced> => {
    const firstByteMs: number[] = [];
    const measured = await target.measure({
      connections: streams,
      next: repeatTimes(Math.max(1, Math.round((bench.seconds * 1000) / streamMs)), () => paced),
      seen: (_, answer) => firstByteMs.push(answer.firstByteMs),
      // Spread over one stream's life: each begins while all others are under way.
      staggerMs: streamMs / streams,
    });
    return { measured, firstByteMs };
  };
  const firstByte = (share: number, proxy: Paced, pipe: Paced, direct: Paced): Sample => {
    const ofDirect = quantile(direct.firstByteMs, share);
    const value = quantile(proxy.firstByteMs, share);
    const base = quantile(pipe.firstByteMs, share);
    const added = (ms: number) => (ms - ofDirect).toFixed(2);
    const note = `Without either ${ofDirect.toFixed(2)} ms: the proxy adds ${added(value)}, the pipe ${added(base)}.`;
    return { value, base, note };
  };
  return {
    rows: [
      {
        name: 'paced',
        unit: 'µs/event',
        meaning: `CPU of a streamed event, ${streams} streams, ${paceMs} ms apart. Base: pipe.`,
      },
      {
        name: 'first-byte-p50',
        unit: 'ms',
        meaning: 'To the first byte of these streams, wall time. Base: pipe.',
      },
      { name: 'first-byte-p99', unit: 'ms', meaning: 'The same, the slowest of a hundred.' },
    ],
    async warmUp() {
      const measured = async (target: Target) => (await load(target)).measured;
      for (const target of [await bench.pipe(), await bench.proxy()]) {
        await warmUp(target, measured, bench, pacedEvents);
      }
    },
    async round() {
      const direct = await load(await bench.upstream());
      const pipe = await load(await bench.pipe());
      const proxy = await load(await bench.proxy());
      // Near 100 % the process cannot keep the pace: what comes late comes together, and costs less.
      const note = `Loop busy: proxy ${percent(proxy)}, pipe ${percent(pipe)}.`;
      return [
        compare(proxy.measured, pipe.measured, pacedEvents, note),
        firstByte(0.5, proxy, pipe, direct),
        firstByte(0.99, proxy, pipe, direct),
      ];
    },
  };
}

function percent({ measured }: Paced): string {
  return `${Math.round(measured.busy * 100)} %`;
}
