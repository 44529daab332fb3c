// `npm run bench`: what the proxy costs, as a ratio to a bare pipe in the same minute on the same machine. Times of two
// runs cannot be compared; ratios can, within a quarter or so. CPU is the process's own count, of all its threads.
// Load and upstream are other processes; within a round pipe and proxy take turns.
import { coldStartGroup } from './cold-start.ts';
import { longSessionGroup, transcriptGroup } from './history-rows.ts';
import { type Sample, summarize } from './measure.ts';
import { help, type Options, readOptions } from './options.ts';
import { Processes } from './processes.ts';
import type { Bench, Group, Row } from './rows.ts';
import { burstGroup, pacedGroup } from './stream-rows.ts';
import { writeTable } from './table.ts';
import { fullStoreGroup, sessionGroup, statelessGroup } from './turn-rows.ts';

const groups: readonly ((bench: Bench) => Group)[] = [
  statelessGroup,
  sessionGroup,
  fullStoreGroup,
  burstGroup,
  pacedGroup,
  longSessionGroup,
  transcriptGroup,
  coldStartGroup,
];

const options = readOptions(process.argv.slice(2));
if (options) await run(options);
else process.stdout.write(help);

async function run(options: Options): Promise<void> {
  const startMs = performance.now();
  const secondsGone = () => (performance.now() - startMs) / 1000;
  const progress = (text: string) =>
    process.stderr.write(`${secondsGone().toFixed(1).padStart(5)} s  ${text}\n`);
  const processes = new Processes(options);
  const chosen = groups
    .map(make => make(processes))
    .filter(({ rows }) => rows.some(({ name }) => name.startsWith(options.only)));
  const samples = new Map<Row, Sample[]>();
  try {
    const prepared = Promise.all(chosen.map(group => group.prepare?.()));
    // Awaited below; a failure must not end the process before that.
    prepared.catch(() => {});
    for (const group of chosen) {
      progress(`warming up ${namesOf(group)}`);
      await group.warmUp?.();
    }
    await prepared;
    for (let round = 1; round <= options.rounds; round += 1) {
      const roundStart = secondsGone();
      for (const group of chosen) await runGroup(group, round);
      const roundSeconds = secondsGone() - roundStart;
      if (round < options.rounds && secondsGone() + roundSeconds > options.maxSeconds) {
        progress(`the time is over after ${round} rounds`);
        break;
      }
    }
  } finally {
    for (const group of chosen) await group.end?.();
    await processes.stop();
  }
  process.stdout.write(writeTable([...samples].map(([row, found]) => [row, summarize(found)])));

  async function runGroup(group: Group, round: number): Promise<void> {
    const found = await group.round();
    for (const [index, row] of group.rows.entries()) {
      const sample = found[index];
      if (!sample || !row.name.startsWith(options.only)) continue;
      samples.set(row, [...(samples.get(row) ?? []), sample]);
      progress(`round ${round}  ${row.name}  ${(sample.value / sample.base).toFixed(2)}`);
    }
  }
}

function namesOf({ rows }: Group): string {
  return rows.map(({ name }) => name).join(', ');
}
