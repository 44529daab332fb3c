// Long work as a generator that yields wherever it may pause, after a millisecond or so.
import { setImmediate as otherWork } from 'node:timers/promises';

export type Slices<Result> = Generator<void, Result, void>;

/** Others have their turn between two slices. */
export function inSlices<Result>(slices: Slices<Result>): Result | Promise<Result> {
  const { done, value } = slices.next();
  return done ? value : goOn(slices);
}

async function goOn<Result>(slices: Slices<Result>): Promise<Result> {
  for (;;) {
    await otherWork();
    const { done, value } = slices.next();
    if (done) return value;
  }
}

export function atOnce<Result>(slices: Slices<Result>): Result {
  for (;;) {
    const { done, value } = slices.next();
    if (done) return value;
  }
}
