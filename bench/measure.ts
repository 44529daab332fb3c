// Numbers out of rounds.

/** What one round found: the proxy's figure, and the one that it is held against. */
export interface Sample {
  readonly value: number;
  readonly base: number;
  /** Answers or events of the proxy in a second of wall time. */
  readonly perSecond?: number;
  /** Of the proxy and of the base. */
  readonly rssMb?: readonly [number, number];
  readonly note?: string;
}

export interface Summary {
  readonly value: number;
  readonly base: number;
  /** The median of the rounds' ratios, which are each of one moment, and how far they spread. */
  readonly ratio: number;
  readonly minRatio: number;
  readonly maxRatio: number;
  readonly perSecond: number | undefined;
  readonly rssMb: readonly [number, number] | undefined;
  readonly note: string | undefined;
}

export function summarize(samples: readonly Sample[]): Summary {
  const ratios = samples.map(({ value, base }) => value / base);
  const rates = samples.flatMap(({ perSecond }) => perSecond ?? []);
  const rss = samples.flatMap(({ rssMb }) => (rssMb ? [rssMb] : []));
  return {
    value: median(samples.map(({ value }) => value)),
    base: median(samples.map(({ base }) => base)),
    ratio: median(ratios),
    minRatio: Math.min(...ratios),
    maxRatio: Math.max(...ratios),
    perSecond: rates.length > 0 ? median(rates) : undefined,
    rssMb:
      rss.length > 0 ? [median(rss.map(([ours]) => ours)), median(rss.map(([, base]) => base))] : undefined,
    note: samples.at(-1)?.note,
  };
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** NaN of nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}
