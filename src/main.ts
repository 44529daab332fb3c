#!/usr/bin/env node
// The process: reads what it was told, starts the server, stops it on signals. It ends with 0 when it was stopped,
// with 1 when it failed, with 2 when it was told what cannot be.
import { readFileSync } from 'node:fs';
import { banner } from './banner.ts';
import { type CommandLine, helpText, problemLine, readCommandLine } from './command-line.ts';
import {
  type CohereProxyOptions,
  type Config,
  ConfigError,
  type ConfigProblem,
  resolveConfig,
} from './config.ts';
import { fatalLine } from './log.ts';
import {
  proxyKeysFileWarnings,
  readProxyKeysFile,
  type WatchedProxyKeys,
  watchProxyKeysFile,
} from './proxy-keys-file.ts';
import type { CohereProxyServer } from './server.ts';

interface Setup {
  readonly options: CohereProxyOptions;
  readonly config: Config;
  readonly keysFile: KeysFile | undefined;
}

interface KeysFile {
  readonly path: string;
  /** How it looked when it was read. */
  readonly seen: string;
}

const signalExitCodes = { SIGINT: 130, SIGTERM: 143 };
/** For closing itself, after the running turns had their time. */
const closeGraceMs = 5_000;

// Whoever reads our output may leave before we do.
for (const output of [process.stdout, process.stderr]) output.on('error', () => {});
await main();

async function main(): Promise<void> {
  const dotenv = readText('.env', ['ENOENT', 'EISDIR']);
  const commandLine = readCommandLine({ argv: process.argv.slice(2), env: process.env, dotenv: dotenv.text });
  if (commandLine.help) return void process.stdout.write(helpText());
  if (commandLine.version) return void process.stdout.write(`${version()}\n`);
  try {
    await start(configure(commandLine, dotenv.problem));
  } catch (error) {
    process.stderr.write(startProblem(error, commandLine));
    process.exit(error instanceof ConfigError ? 2 : 1);
  }
}

async function start({ options, config, keysFile }: Setup): Promise<void> {
  // A signal that nobody hears ends the process: one that comes too early is acted on later.
  let isHungUp = false;
  let hangUp = () => {
    isHungUp = true;
  };
  process.on('SIGHUP', () => hangUp());
  // Loaded late, so that help and problems are told at once.
  const { CohereProxyServer } = await import('./server.ts');
  const server = new CohereProxyServer(options);
  let isStopping = false;

  const stop = async (exitCode: number) => {
    isStopping = true;
    // Should something never close, the process still ends.
    setTimeout(() => process.exit(1), config.limits.shutdownMs + closeGraceMs).unref();
    try {
      await server.close();
    } catch (error) {
      process.stderr.write(fatalLine(error, 'closing failed'));
      exitCode = 1;
    }
    process.exit(exitCode);
  };

  for (const [signal, exitCode] of Object.entries(signalExitCodes)) {
    process.on(signal, () => {
      if (isStopping) process.exit(exitCode);
      void stop(0);
    });
  }
  // Unhandled rejections come here too. What is broken is not known, so the process ends, after the running turns.
  process.on('uncaughtException', error => {
    process.stderr.write(fatalLine(error, 'uncaught error'));
    if (!isStopping) void stop(1);
  });

  const watched = keysFile && watchKeys(server, keysFile);
  try {
    const { url } = await server.listen();
    hangUp = () => {
      if (watched) watched.reload();
      else server.log('warn', 'SIGHUP is ignored: there is no file of proxy keys to read again');
    };
    if (isHungUp) hangUp();
    if (keysFile) for (const warning of proxyKeysFileWarnings(keysFile.path)) server.log('warn', warning);
    if (!isStopping)
      process.stdout.write(banner(config, { url, version: version(), cohereKey: server.cohereKey }));
  } catch (error) {
    // Stopped while it was starting: the stop ends the process.
    if (!isStopping) throw error;
  }
}

/** Who was let in stays in; the next request is judged by what the file says by then. */
function watchKeys(server: CohereProxyServer, { path, seen }: KeysFile): WatchedProxyKeys {
  return watchProxyKeysFile(path, {
    seen,
    onKeys: keys => {
      server.useProxyKeys(keys);
      const owners = new Set(keys.map(({ name }) => name)).size;
      server.log('info', `the proxy keys were read again: ${keys.length} for ${owners} owners`);
      for (const warning of proxyKeysFileWarnings(path)) server.log('warn', warning);
    },
    onProblem: problems =>
      server.log('error', `the proxy keys stay as they were, because their file ${problems.join('; ')}`),
  });
}

/** Reads what is left to read and puts everything together; throws all problems at once. */
function configure({ options, proxyKeysFile, problems: found }: CommandLine, dotenvProblem?: string): Setup {
  const problems: ConfigProblem[] = [...found];
  if (dotenvProblem !== undefined) problems.push({ option: '.env', text: dotenvProblem });
  let keysFile: KeysFile | undefined;
  if (proxyKeysFile !== undefined) {
    const { keys, problems: found, seen } = readProxyKeysFile(proxyKeysFile);
    keysFile = { path: proxyKeysFile, seen };
    for (const text of found) problems.push({ option: 'proxyKeys', text });
    options = { ...options, proxyKeys: keys };
  }
  let config: Config | undefined;
  try {
    config = resolveConfig(options);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // A file without good keys gives an empty list, which is no second problem.
    const known = new Set(problems.map(({ option }) => option));
    problems.push(...error.problems.filter(({ option }) => !known.has(option)));
  }
  if (config === undefined || problems.length > 0) throw new ConfigError(problems);
  return { options, config, keysFile };
}

function startProblem(error: unknown, { sources }: CommandLine): string {
  if (error instanceof ConfigError) {
    const lines = error.problems.map(problem => problemLine(problem, sources));
    return [...lines, 'Try --help.', ''].join('\n');
  }
  const code = codeOf(error);
  const port = error instanceof Error && 'port' in error ? `Port ${error.port}` : 'The port';
  if (code === 'EADDRINUSE') {
    return `${port} is already in use. Stop what listens there, or choose another with --port.\n`;
  }
  if (code === 'EACCES') return `${port} may not be used by this user. Choose another with --port.\n`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return 'This machine has no such address to listen on. Choose another with --host.\n';
  }
  return fatalLine(error, 'the proxy could not start');
}

/** `accepted` error codes mean that there is nothing to read. */
function readText(path: string, accepted: readonly string[] = []): { text: string; problem?: string } {
  try {
    return { text: readFileSync(path, 'utf8') };
  } catch (error) {
    const code = codeOf(error);
    return accepted.includes(code) ? { text: '' } : { text: '', problem: `cannot be read (${code})` };
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}

function version(): string {
  const { version }: { version: string } = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  );
  return version;
}
