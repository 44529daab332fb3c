// That the benchmark still runs, whatever it finds: one tiny round of every row. Nothing about times.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

const rows = [
  'json',
  'json-log',
  'session',
  'session-disk',
  'full-store',
  'burst',
  'paced',
  'first-byte-p50',
  'first-byte-p99',
  'turn-1000',
  'turn-1000-bytes',
  'transcript',
  'transcript-pipe',
  'transcript-new',
  'cold-start',
  'cold-start-dist',
];

test('npm run bench: one table with every row, in numbers', { timeout: 120_000 }, async () => {
  const args = ['bench/main.ts', '--quick', '--seconds', '0.05'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  const [head = '', ...lines] = stdout.trimEnd().split('\n');
  const cells = lines.map(line => line.split(/ {2,}/));

  expect(head.split(/ {2,}/)).toEqual([
    'row',
    'proxy',
    'base',
    'unit',
    'ratio',
    'min–max',
    'per s',
    'MB',
    'what it means',
  ]);
  expect(cells.map(([name]) => name)).toEqual(rows);
  for (const [name, proxy, base, unit, ratio] of cells) {
    expect(unit, name).toMatch(/^(µs|ms)(\/|$)/);
    for (const number of [proxy, base, ratio]) expect(number, name).toMatch(/^\d+(\.\d+)?$/);
    expect(Number(proxy), name).toBeGreaterThan(0);
    expect(Number(base), name).toBeGreaterThan(0);
    expect(Number(ratio), name).toBeGreaterThan(0);
  }
  // What each row means is told at its end.
  for (const line of cells) expect(line.at(-1)).toMatch(/\.$/);
});
