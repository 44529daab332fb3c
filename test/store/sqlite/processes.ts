// Other processes on the same file.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export interface Running {
  readonly child: ChildProcess;
  /** Whole lines, so far. */
  lines(): readonly string[];
  readonly ended: Promise<unknown>;
}

export function spawnProgram(name: string, ...args: readonly (string | number)[]): Running {
  const program = fileURLToPath(new URL(name, import.meta.url));
  let text = '';
  const child = spawn(process.execPath, [program, ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', part => {
      text += part;
    });
  const ended = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, ended, lines: () => text.split('\n').slice(0, -1) };
}

export const spawnAppending = (...args: readonly (string | number)[]) =>
  spawnProgram('appending-process.ts', ...args);

/** Until it has printed that line. */
export async function untilPrinted({ child, ended, lines }: Running, line: string): Promise<void> {
  while (!lines().includes(line)) {
    if (child.exitCode !== null || !child.stdout) throw new Error(lines().join('\n'));
    await Promise.race([once(child.stdout, 'data'), ended]);
  }
}

/** `SESSION VERSION TURN` → the turns of each session by version. */
export function acknowledgedIn(lines: readonly string[]): Map<string, Map<number, string>> {
  const sessions = new Map<string, Map<number, string>>();
  for (const line of lines) {
    const [id = '', version, turn] = line.split(' ');
    if (!/^s\d+$/.test(id) || turn === undefined) continue;
    const turns = sessions.get(id) ?? new Map<number, string>();
    sessions.set(id, turns.set(Number(version), turn));
  }
  return sessions;
}
