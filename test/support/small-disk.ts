// A disk of so many bytes, as a process sees it that is started on it. It takes a namespace of its own, which not
// every machine allows: then the tests that need one say so and are skipped.
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import type { Readable } from 'node:stream';

const isPossible = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;

/** Whether there can be one. */
export const hasSmallDisk = isPossible;
if (!isPossible) process.stdout.write('a full disk: skipped, no file system can be mounted here\n');

/** Runs Node with these arguments; `directory` is the disk. */
export function startOnSmallDisk(
  directory: string,
  bytes: number,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): ChildProcessByStdio<null, Readable, Readable> {
  const script = `mount -t tmpfs -o size=${bytes} tmpfs "$0" && exec "$@"`;
  return spawn('unshare', ['-rm', 'sh', '-c', script, directory, process.execPath, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
