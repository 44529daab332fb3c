// What is measured. A group is one arrangement, run once a round, that gives one sample for each of its rows.
import type { Sample } from './measure.ts';
import type { Measured, Target } from './target.ts';

export interface Row {
  readonly name: string;
  readonly unit: string;
  /** What `proxy` and `base` are. */
  readonly meaning: string;
}

export interface Group {
  readonly rows: readonly Row[];
  /** What takes long and needs no target: beside the warm-ups of all groups. */
  prepare?(): Promise<void>;
  /** Not counted: compiles, fills, connects. */
  warmUp?(): Promise<void>;
  /** One sample for each row, in their order. */
  round(): Promise<readonly Sample[]>;
  end?(): Promise<void>;
}

/** The processes of a run; each is started when a group first asks for it. */
export interface Bench {
  /** How long one load is kept up. */
  readonly seconds: number;
  /** Turns, or events, after which a process counts as warm: compiled, and with the heap that it will have. 0: never mind. */
  readonly warmUnits: number;
  /** Sessions in the store of all rows but the one that measures a full one. */
  readonly smallStore: number;
  /** Sessions in the store of that row. */
  readonly fullStore: number;
  upstream(): Promise<Target>;
  pipe(): Promise<Target>;
  /** With the default log. */
  proxy(): Promise<Target>;
  /** Without a log. */
  silent(): Promise<Target>;
  /** With sessions on disk. */
  disk(): Promise<Target>;
  /** With room for `fullStore` sessions. */
  full(): Promise<Target>;
}

/** CPU for each unit of work, the proxy's against the pipe's. */
export function compare(
  proxy: Measured | undefined,
  pipe: Measured | undefined,
  units = 1,
  note?: string,
): Sample {
  if (!proxy || !pipe) throw new Error('a target was not measured');
  return {
    value: proxy.cpuUs / (proxy.answers * units),
    base: pipe.cpuUs / (pipe.answers * units),
    perSecond: (proxy.answers * units * 1000) / proxy.wallMs,
    rssMb: [proxy.rssMb, pipe.rssMb],
    ...(note === undefined ? {} : { note }),
  };
}

const slices = 5;

/**
 * Each target under load in turn, again and again, until each had `seconds`: what else the machine does changes from
 * second to second, and should fall on all of them alike.
 */
export async function takeTurns(
  targets: readonly Target[],
  load: (target: Target, seconds: number) => Promise<Measured>,
  { seconds }: Bench,
): Promise<readonly Measured[]> {
  const sums: Measured[] = [];
  for (let slice = 0; slice < slices; slice += 1) {
    for (const [index, target] of targets.entries()) {
      const measured = await load(target, seconds / slices);
      const sum = sums[index];
      sums[index] = sum ? add(sum, measured) : measured;
    }
  }
  return sums;
}

function add(sum: Measured, { answers, wallMs, cpuUs, rssMb, busy }: Measured): Measured {
  return {
    answers: sum.answers + answers,
    wallMs: sum.wallMs + wallMs,
    cpuUs: sum.cpuUs + cpuUs,
    rssMb,
    busy: (sum.busy * sum.wallMs + busy * wallMs) / (sum.wallMs + wallMs),
  };
}

const maxWarmUpMs = 2_500;

/** Puts the load on again and again until the process is warm, or it has taken too long. */
export async function warmUp(
  target: Target,
  load: (target: Target, seconds: number) => Promise<Measured>,
  { warmUnits, seconds }: Bench,
  units = 1,
): Promise<void> {
  const endMs = performance.now() + maxWarmUpMs;
  for (let left = warmUnits; left > 0 && performance.now() < endMs; ) {
    left -= (await load(target, seconds)).answers * units;
  }
}
