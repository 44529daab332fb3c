// fast-check's parameters, from the one seed of the test run.
import { randomSource } from '../support/seed.ts';

/** Each name has random choices of its own; 1,000 runs unless they are dear. */
export function fromSeed(name: string, numRuns = 1000): { readonly seed: number; readonly numRuns: number } {
  return { seed: Math.floor(randomSource(name)() * 2 ** 31), numRuns };
}
