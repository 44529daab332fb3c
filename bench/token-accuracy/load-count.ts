// The vocabulary for the command line: a file that was named, else what the proxy itself would use.
import { readFileSync } from 'node:fs';
import { Encoder } from '../../src/tokens/encoder.ts';
import type { Count } from '../../src/tokens/parts.ts';
import { readTokenizer } from '../../src/tokens/read-tokenizer.ts';
import { loadEncoder } from '../../src/tokens/vocabulary.ts';

export interface LoadCountOptions {
  /** A Hugging Face `tokenizer.json`. */
  readonly tokenizer?: string | undefined;
  readonly cacheDirectory?: string | undefined;
}

/** Undefined where there is no vocabulary to be had. */
export async function loadCount(options: LoadCountOptions = {}): Promise<Count | undefined> {
  const { tokenizer, cacheDirectory } = options;
  const encoder =
    tokenizer === undefined
      ? await loadEncoder({ cacheDirectory, onProblem: problem => process.stderr.write(`${problem}\n`) })
      : new Encoder(readTokenizer(JSON.parse(readFileSync(tokenizer, 'utf8'))));
  return encoder && (text => encoder.count(text));
}
