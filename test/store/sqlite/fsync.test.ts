// S8: what is acknowledged was written to the disk, as the kernel sees it.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { makePath } from './begin.ts';

const hasStrace = spawnSync('strace', ['-V']).status === 0;
if (!hasStrace) process.stdout.write('counting fsync: skipped, there is no strace here\n');

const program = fileURLToPath(new URL('appending-process.ts', import.meta.url));

/** How often the log was written to the disk while so many callers appended so many turns each. */
async function countSyncs(callers: number, turns: number): Promise<number> {
  const path = makePath();
  const trace = `${path}.trace`;
  const traced = ['-f', '-y', '-e', 'trace=fsync,fdatasync', '-o', trace];
  const appending = [process.execPath, program, path, 'n', callers, callers, turns].map(String);
  const child = spawn('strace', [...traced, ...appending], { stdio: 'ignore' });
  const [code] = await once(child, 'close');
  expect(code).toBe(0);
  return readFileSync(trace, 'utf8')
    .split('\n')
    .filter(line => /f(?:data)?sync\(.*-wal/.test(line)).length;
}

test.skipIf(!hasStrace)('[S8] [R2] one for each turn of one caller, one for many of many', async () => {
  expect(await countSyncs(1, 60)).toBeGreaterThanOrEqual(60);
  expect(await countSyncs(30, 20)).toBeLessThan(300);
});
