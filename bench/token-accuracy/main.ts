// `npm run token-accuracy -- DIR [--tokenizer FILE]`: recorded exchanges in DIR, what we say of each prompt and what
// Cohere counted. Says of every file what became of it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { JsonValue } from '../../src/conversation/message.ts';
import { estimateTokens } from '../../src/tokens/estimate.ts';
import { loadCount } from './load-count.ts';
import { measureAccuracy, type NamedRecording } from './measure.ts';
import { formatAccuracy } from './report.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { tokenizer: { type: 'string' }, estimate: { type: 'boolean', default: false } },
});
const [folder, ...more] = positionals;
if (folder === undefined || more.length > 0) {
  process.stderr.write('usage: npm run token-accuracy -- DIR [--tokenizer FILE] [--estimate]\n');
  process.exitCode = 2;
} else {
  const count = values.estimate ? undefined : await loadCount({ tokenizer: values.tokenizer });
  if (!count) process.stdout.write('No vocabulary: counted by estimate.\n');
  process.stdout.write(formatAccuracy(measureAccuracy(readFolder(folder), count ?? estimateTokens)));
}

function readFolder(path: string): NamedRecording[] {
  return readdirSync(path)
    .filter(file => file.endsWith('.json'))
    .sort()
    .map(file => ({
      name: file.slice(0, -'.json'.length),
      content: parse(readFileSync(join(path, file), 'utf8')),
    }));
}

function parse(json: string): JsonValue | undefined {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
