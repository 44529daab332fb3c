// Long work as a generator that yields wherever it may pause, after a millisecond or so.
import { setImmediate as otherWork } from 'node:timers/promises';

export type Slices<Result> = Generator<void, Result, void>;

/** Others have their turn between two slices. */
export async function inSlices<Result>(slices: Slices<Result>): Promise<Result> {
  for (;;) {
    const { done, value } = slices.next();
    if (done) return value;
    await otherWork();
  }
}

export function atOnce<Result>(slices: Slices<Result>): Result {
  for (;;) {
    const { done, value } = slices.next();
    if (done) return value;
  }
}
