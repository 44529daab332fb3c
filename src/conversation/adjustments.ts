// What of a request could not be kept as it came: told in the answer's headers, or in the last chunk of a stream.

export interface Adjustments {
  /** Left out: names of parameters, or paths: `messages[3].content[1]`. */
  readonly dropped: readonly string[];
  /** `name=value` of parameters that were brought into Cohere's range. */
  readonly clamped: readonly string[];
  /** Mended, by path. */
  readonly rewritten: readonly string[];
}

/** Collects them where a request is read. */
export class AdjustmentNotes implements Adjustments {
  readonly dropped: string[] = [];
  readonly clamped: string[] = [];
  readonly rewritten: string[] = [];
}

export const noAdjustments: Adjustments = { dropped: [], clamped: [], rewritten: [] };

export function joinAdjustments(...all: readonly Adjustments[]): Adjustments {
  return {
    dropped: all.flatMap(({ dropped }) => dropped),
    clamped: all.flatMap(({ clamped }) => clamped),
    rewritten: all.flatMap(({ rewritten }) => rewritten),
  };
}
