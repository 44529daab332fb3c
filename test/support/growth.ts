// How a cost grows with the size of its input, in the thread's own processor time: what other processes take of the
// machine is not in it.

/** How many times as long it takes for `large` as for `small`; of each the quicker of two. */
export function growth(run: (size: number) => unknown, small: number, large: number): number {
  const quickest = (size: number) => Math.min(...[1, 2].map(() => microsOf(() => run(size))));
  return quickest(large) / quickest(small);
}

/** The system counts processor time in steps of some milliseconds, so it is repeated until there are several. */
function microsOf(run: () => unknown): number {
  const before = process.threadCpuUsage();
  for (let runs = 1; ; runs += 1) {
    run();
    const { user, system } = process.threadCpuUsage(before);
    if (user + system >= 30_000) return (user + system) / runs;
  }
}
