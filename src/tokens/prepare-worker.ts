// A thread of its own for what would keep the event loop busy for seconds: a tokenizer.json becomes a vocabulary file.
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { readTokenizer } from './read-tokenizer.ts';
import { writeVocabulary } from './vocabulary-file.ts';

export interface PrepareOrder {
  /** The tokenizer.json, or where it is. */
  readonly tokenizer: string | Uint8Array<ArrayBuffer>;
  /** What it is, for the vocabulary file. */
  readonly source: string;
  /** Where the vocabulary file is kept. */
  readonly file: string;
}

export interface PrepareResult {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Why the file could not be kept; it will be made again next time. */
  readonly problem: string | undefined;
}

if (parentPort) {
  const result = prepare(workerData as PrepareOrder);
  parentPort.postMessage(result, [result.bytes.buffer]);
}

function prepare({ tokenizer, source, file }: PrepareOrder): PrepareResult {
  const json = typeof tokenizer === 'string' ? readFileSync(tokenizer) : Buffer.from(tokenizer.buffer);
  const bytes = writeVocabulary(readTokenizer(JSON.parse(json.toString())), source);
  return { bytes, problem: keep(bytes, file) };
}

/** Whole or not at all, whoever else is writing the same. */
function keep(bytes: Uint8Array, file: string): string | undefined {
  const temporary = `${file}.${randomUUID()}.tmp`;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(temporary, bytes, { flag: 'wx', mode: 0o600 });
    renameSync(temporary, file);
    return undefined;
  } catch (error) {
    remove(temporary);
    return error instanceof Error ? error.message : String(error);
  }
}

function remove(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // There is no such directory either.
  }
}
