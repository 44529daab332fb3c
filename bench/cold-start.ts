// From nothing to the first answered turn: the program as it is, and as it is published.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Connections, repeatTimes } from './load.ts';
import type { Sample } from './measure.ts';
import { pipeModule } from './processes.ts';
import { chatRequest, firstOfSession } from './requests.ts';
import type { Bench, Group } from './rows.ts';
import { Target } from './target.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The one whose model is the proxy's default, which the simulator knows. */
const firstOfflineTurn = chatRequest({ message: 'My name is Ada.' });

export function coldStartGroup(bench: Bench): Group {
  let directory = '';
  return {
    rows: [
      {
        name: 'cold-start',
        unit: 'ms',
        meaning: 'From spawning src/main.ts --offline to the first answered turn, wall time. Base: pipe.',
      },
      { name: 'cold-start-dist', unit: 'ms', meaning: 'The same with the built dist/main.js.' },
    ],
    async prepare() {
      directory = mkdtempSync(join(tmpdir(), 'cohere-proxy-bench-'));
      await build(directory);
    },
    async round() {
      const base = await startPipe((await bench.upstream()).port);
      return [
        sample(await startProxy(join(root, 'src/main.ts'), directory), base),
        sample(await startProxy(join(directory, 'dist/main.js'), directory), base),
      ];
    },
    async end() {
      if (directory !== '') rmSync(directory, { recursive: true });
    },
  };
}

/** As `npm run build` does it, but unchecked, into a directory that finds our dependencies. */
async function build(directory: string): Promise<void> {
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
  copyFileSync(join(root, 'package.json'), join(directory, 'package.json'));
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const project = join(root, 'tsconfig.build.json');
  const out = ['--noCheck', '--outDir', join(directory, 'dist')];
  await promisify(execFile)(process.execPath, [compiler, '-p', project, ...out]);
}

interface Started {
  readonly wallMs: number;
  readonly cpuMs: number | undefined;
}

function sample({ wallMs, cpuMs }: Started, base: number): Sample {
  return { value: wallMs, base, ...(cpuMs === undefined ? {} : { note: `CPU ${cpuMs} ms.` }) };
}

async function startPipe(upstreamPort: number): Promise<number> {
  const startMs = performance.now();
  const pipe = await Target.start(pipeModule, [String(upstreamPort)]);
  try {
    await pipe.connections.run({ connections: 1, next: repeatTimes(1, () => firstOfSession) });
    return performance.now() - startMs;
  } finally {
    await pipe.stop();
  }
}

async function startProxy(main: string, directory: string): Promise<Started> {
  const startMs = performance.now();
  const child = spawn(process.execPath, [main, '--offline', '--port', '0'], {
    cwd: directory,
    env: { HOME: directory },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const exited = new Promise(resolve => child.once('exit', resolve));
  try {
    const connections = new Connections(await portOf(child));
    await connections.run({ connections: 1, next: repeatTimes(1, () => firstOfflineTurn) });
    const wallMs = performance.now() - startMs;
    connections.close();
    return { wallMs, cpuMs: cpuMsOf(child) };
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
}

/** Out of the banner. */
function portOf({ stdout }: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = '';
    stdout?.setEncoding('utf8');
    stdout?.on('data', part => {
      text += part;
      const port = /http:\/\/127\.0\.0\.1:(\d+)\/v1/.exec(text)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
    stdout?.once('close', () => reject(new Error(`No address in: ${text}`)));
  });
}

/** By the kernel's count, in hundredths of a second; Linux only. */
function cpuMsOf({ pid }: ChildProcess): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return undefined;
  }
}
