// Each id in a test's name has a line that says what it stands for, and each line has a test.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { idsIn, meanings, untested } from './support/ids.ts';

const root = new URL('..', import.meta.url);
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', 'test', 'src'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter(file => /^test\/.*\.ts$|\.test\.ts$/.test(file));

/** What stands first in `test(…)`, `describe(…)` and the like, also behind a table. */
const title =
  /(?:\b(?:test|it|describe)(?:\.\w+(?:\([^()]*\))?)*\(|[\])]\)\(|\)\()\s*(?<quote>['"`])(?<text>(?:(?!\k<quote>)[^\\]|\\.)*)\k<quote>/g;

const used = new Map<string, string>();
for (const file of files) {
  const text = readFileSync(new URL(file, root), 'utf8');
  for (const { groups } of text.matchAll(title))
    for (const id of idsIn(groups?.text ?? '')) used.set(id, file);
}

test('each id that a name holds has its line', () => {
  expect([...used].filter(([id]) => !meanings.has(id))).toEqual([]);
});

test('each id has a test, or a reason why not', () => {
  const without = [...meanings.keys()].filter(id => !used.has(id) && !(id in untested));
  // What was reported from outside gets its line before it is mended.
  expect(without.filter(id => !id.startsWith('X'))).toEqual([]);
  expect(Object.keys(untested).filter(id => used.has(id))).toEqual([]);
});

test('ids are found in names, and nothing else is', () => {
  expect(idsIn('[XA1] [S22] U19 a UTF-8 name, v2, C3: S22')).toEqual(['XA1', 'S22', 'U19', 'C3']);
});
