// `node bench/encoder.ts [rounds]`: what counting costs, as CPU time per token, against the exact implementations that
// npm has. All count the same texts in the same rounds; a ratio is of one round, the median and the spread are of all.
// Loading is measured in processes of their own.
import { execFileSync } from 'node:child_process';
import { loadEncoder } from '../src/tokens/vocabulary.ts';
import { naturalCorpora } from '../test/tokens/corpus.ts';
import { findTokenizer } from '../test/tokens/published-encoder.ts';
import { type CountTexts, counters } from './encoder-rivals.ts';
import { quantile } from './measure.ts';

const kinds = ['English', 'code', 'JSON', 'Chinese'];
const maxCharacters = 200_000;
const median = (values: readonly number[]) => quantile(values, 0.5);
const print = (line: string) => process.stdout.write(`${line}\n`);

const [mode = '5', name = ''] = process.argv.slice(2);
const tokenizer = findTokenizer();
if (tokenizer === undefined) print('the optional package with the vocabulary is not installed');
else if (mode === '--load') await measureLoad(tokenizer, name);
else {
  // What the first start does once.
  await loadEncoder();
  printLoads();
  await printSpeeds(tokenizer, Number(mode));
}

/** In a process that does nothing else. */
async function measureLoad(path: string, counter: string): Promise<void> {
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const startMs = performance.now();
  const count = await counters[counter]?.(path);
  const ms = performance.now() - startMs;
  await count?.(['warm']);
  globalThis.gc?.();
  print(JSON.stringify({ ms, mb: (process.memoryUsage().rss - before) / 1e6 }));
}

function printLoads(): void {
  print('loading'.padEnd(30) + 'ms'.padStart(8) + 'MB'.padStart(8));
  for (const counter of Object.keys(counters)) {
    const args = ['--expose-gc', import.meta.filename, '--load', counter];
    const runs = Array.from({ length: 3 }, () =>
      JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })),
    );
    const ms = median(runs.map(run => run.ms));
    const mb = median(runs.map(run => run.mb));
    print(counter.padEnd(30) + ms.toFixed(0).padStart(8) + mb.toFixed(0).padStart(8));
  }
}

async function printSpeeds(path: string, rounds: number): Promise<void> {
  const loaded = new Map<string, CountTexts>();
  for (const [counter, load] of Object.entries(counters)) loaded.set(counter, await load(path));
  print(`\n${'µs of CPU per token'.padEnd(30)}${kinds.map(kind => kind.padStart(25)).join('')}`);
  const columns = new Map<string, Map<string, number[]>>();
  for (const { name: kind, texts } of naturalCorpora(maxCharacters)) {
    if (kinds.includes(kind)) columns.set(kind, await measure(loaded, texts, rounds));
  }
  for (const counter of loaded.keys()) {
    const cells = kinds.map(kind => {
      const rows = columns.get(kind);
      const times = rows?.get(counter) ?? [];
      const ours = rows?.get('ours') ?? [];
      const ratios = times.map((time, round) => time / (ours[round] ?? Number.NaN));
      const spread = `${median(ratios).toFixed(1)}× (${Math.min(...ratios).toFixed(1)}–${Math.max(...ratios).toFixed(1)})`;
      return `${median(times).toFixed(2)} ${counter === 'ours' ? '' : spread}`.padStart(25);
    });
    print(counter.padEnd(30) + cells.join(''));
  }
}

/** µs per token for each round of each counter; the first round only warms. */
async function measure(
  loaded: ReadonlyMap<string, CountTexts>,
  texts: readonly string[],
  rounds: number,
): Promise<Map<string, number[]>> {
  const times = new Map<string, number[]>();
  for (let round = 0; round <= rounds; round += 1) {
    for (const [counter, count] of loaded) {
      // The clock of the CPU ticks in milliseconds: the fast ones count more than once.
      const repeats = counter === 'ours' ? 10 : 1;
      const start = process.cpuUsage();
      let tokens = 0;
      for (let repeat = 0; repeat < repeats; repeat += 1) tokens += await count(texts);
      const { user, system } = process.cpuUsage(start);
      if (round > 0) times.set(counter, [...(times.get(counter) ?? []), (user + system) / tokens]);
    }
  }
  return times;
}
