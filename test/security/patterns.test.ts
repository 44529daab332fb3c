// [C13] Every regular expression in src/ on texts that are made to hurt it: the work grows no faster than the text. Each
// pattern is tried with texts of its own letters, repeated, and with an ending that it does not take.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const src = fileURLToPath(new URL('../../src', import.meta.url));

interface Pattern {
  readonly file: string;
  readonly source: string;
  readonly flags: string;
}

/** Literals as the formatter writes them: behind what cannot be divided. */
const literal =
  /(?<=[(,=:[!&|?{};\s]|return )\/(?![*/\s])((?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)\/([dgimsuvy]*)(?=[\s).,;:\]}]|$)/gm;

function patternsIn(file: string): Pattern[] {
  const code = readFileSync(file, 'utf8').replaceAll(/^\s*(?:\/\/|\*|\/\*).*$/gm, '');
  return [...code.matchAll(literal)].flatMap(([, source = '', flags = '']) => {
    try {
      new RegExp(source, flags);
      return [{ file: file.slice(src.length + 1), source, flags }];
    } catch {
      return [];
    }
  });
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .map(name => join(src, name));
const patterns = files.flatMap(patternsIn);

/** What a pattern might be made to repeat: its own literal stretches, and what its classes take. */
function unitsOf({ source }: Pattern): string[] {
  const stretches = source
    .replaceAll(/\\[dwsSDWbB]|\\p\{[^}]*\}|\[(?:[^\]\\]|\\.)*\]|[?*+(){}^$|]|\\./g, '\n')
    .split('\n')
    .filter(text => text.length > 0)
    .map(text => text.slice(0, 40));
  const words = ['a', 'A', '0', ' ', '\n', '-', '.', '/', '"', '<', '=', ',', 'é', 'a ', 'a.', '0 ', ' \n'];
  return [...new Set([...words, ...stretches.slice(0, 12), stretches.slice(0, 4).join(' ')])].filter(
    unit => unit !== '',
  );
}

/** Of several runs the shortest, in ms. */
function timeOf(pattern: RegExp, text: string, runs = 3): number {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run += 1) {
    const startMs = performance.now();
    if (pattern.global) for (const _ of text.matchAll(pattern));
    else pattern.test(text);
    best = Math.min(best, performance.now() - startMs);
  }
  return best;
}

/** Files whose patterns see so many characters at most, whatever comes. */
const bounded: Readonly<Record<string, number>> = {
  'cohere/read-error.ts': 500,
  'cohere/read-refusal.ts': 500,
};

const small = 5_000;
/** Quadratic work takes 16 times as long for 4 times the text, linear work 4 times. */
const maxGrowth = 10;
/** What is over so soon is not worth a comparison. */
const tooShortMs = 4;

test('[C13] the patterns are found', () => {
  expect(patterns.length).toBeGreaterThan(80);
});

describe('[C13] no pattern is worse than linear', () => {
  test.each(patterns.map(pattern => [`${pattern.file}: /${pattern.source.slice(0, 60)}/`, pattern] as const))(
    '[C13] %s',
    (_, pattern) => {
      const compiled = new RegExp(pattern.source, pattern.flags);
      const length = Math.min(small, (bounded[pattern.file] ?? small) / 4);
      for (const unit of unitsOf(pattern)) {
        for (const ending of ['', '\u0000', '!']) {
          const write = (length: number) => unit.repeat(Math.ceil(length / unit.length)) + ending;
          const growth = (runs: number) =>
            timeOf(compiled, write(4 * length), runs) / Math.max(timeOf(compiled, write(length), runs), 0.01);
          if (timeOf(compiled, write(4 * length)) < tooShortMs || growth(3) < maxGrowth) continue;
          // Something else may have taken the processor.
          expect(growth(25), `with ${JSON.stringify(unit)} and ${JSON.stringify(ending)}`).toBeLessThan(
            maxGrowth,
          );
        }
      }
    },
  );
});
