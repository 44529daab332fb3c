// The cuts that a session's turns were given, the latest first. A cut is made for one model and one budget: a turn with
// another neither uses it nor ends it, so that who goes to and fro between models finds each prompt's prefix again.
import type { Cut } from './truncate.ts';

export interface RememberedCut {
  readonly model: string;
  /** Tokens that the prompt might have. Absent where version 0.1 kept it: then it is that of the model's next turn. */
  readonly budget?: number | undefined;
  readonly cut: Cut;
}

export type CutName = Omit<RememberedCut, 'cut'>;

const mostCuts = 4;

export function findCut(cuts: readonly RememberedCut[], { model, budget }: CutName): Cut | undefined {
  const own = cuts.filter(one => one.model === model);
  return (own.find(one => one.budget === budget) ?? own.find(one => one.budget === undefined))?.cut;
}

/** With that of the latest turn, or without one where it has none any more. */
export function rememberCut(
  cuts: readonly RememberedCut[],
  { model, budget }: CutName,
  cut: Cut | undefined,
): readonly RememberedCut[] {
  const others = cuts.filter(
    one => one.model !== model || (one.budget !== undefined && one.budget !== budget),
  );
  return [...(cut ? [{ model, budget, cut }] : []), ...others].slice(0, mostCuts);
}

/** Those that say nothing about more than the first so many messages. */
export function cutsWithin(cuts: readonly RememberedCut[], length: number): readonly RememberedCut[] {
  return cuts.filter(({ cut: { leftOut, shortened } }) => {
    const places = [...Object.keys(shortened).map(Number), (leftOut.at(-1)?.[1] ?? 0) - 1];
    return places.every(place => place < length);
  });
}
