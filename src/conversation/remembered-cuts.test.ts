import { expect, test } from 'vitest';
import { cutsWithin, findCut, type RememberedCut, rememberCut } from './remembered-cuts.ts';
import type { Cut } from './truncate.ts';

const cutTo = (end: number): Cut => ({ leftOut: [[1, end]], shortened: {} });
const named = (model: string, budget: number, end: number): RememberedCut => ({
  model,
  budget,
  cut: cutTo(end),
});

test('[XD1] each model and budget has its own, and the latest four stay', () => {
  let cuts: readonly RememberedCut[] = [];
  for (const [at, budget] of [100, 200, 300, 400, 500].entries())
    cuts = rememberCut(cuts, { model: 'a', budget }, cutTo(at + 2));
  expect(cuts.map(({ budget }) => budget)).toEqual([500, 400, 300, 200]);
  expect(findCut(cuts, { model: 'a', budget: 100 })).toBeUndefined();
  expect(findCut(cuts, { model: 'b', budget: 300 })).toBeUndefined();
  expect(findCut(cuts, { model: 'a', budget: 300 })).toBe(cuts[2]?.cut);
});

test('[XD1] using one again makes it the latest; it is there once', () => {
  const cuts = [named('a', 1, 5), named('b', 1, 6)];
  const cut = findCut(cuts, { model: 'b', budget: 1 });
  expect(rememberCut(cuts, { model: 'b', budget: 1 }, cut)).toEqual([cuts[1], cuts[0]]);
});

test('[XD1] a turn without a cut ends its own alone', () => {
  const cuts = [named('a', 1, 5), named('a', 2, 6), named('b', 1, 7)];
  expect(rememberCut(cuts, { model: 'a', budget: 1 }, undefined)).toEqual(cuts.slice(1));
});

test('[XD1] what 0.1 kept is for the next turn of its model, whatever the budget, and is then called by it', () => {
  const old = { model: 'a', cut: cutTo(5) };
  expect(findCut([old], { model: 'b', budget: 1 })).toBeUndefined();
  expect(findCut([old], { model: 'a', budget: 1 })).toBe(old.cut);
  expect(findCut([old, named('a', 1, 9)], { model: 'a', budget: 1 })).toEqual(cutTo(9));
  expect(rememberCut([old], { model: 'b', budget: 1 }, undefined)).toEqual([old]);
  expect(rememberCut([old], { model: 'a', budget: 1 }, old.cut)).toEqual([
    { model: 'a', budget: 1, cut: old.cut },
  ]);
  expect(rememberCut([old], { model: 'a', budget: 1 }, undefined)).toEqual([]);
});

test('[XD1] of fewer messages only those that name no other', () => {
  const short = { model: 'a', budget: 3, cut: { leftOut: [], shortened: { 7: 100 } } };
  const cuts = [named('a', 1, 5), named('a', 2, 9), short];
  expect(cutsWithin(cuts, 9)).toEqual(cuts);
  expect(cutsWithin(cuts, 8)).toEqual([cuts[0], short]);
  expect(cutsWithin(cuts, 7)).toEqual([cuts[0]]);
  expect(cutsWithin(cuts, 4)).toEqual([]);
});
