// No test falls because the machine is busy: none holds real time to an upper limit.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('..', import.meta.url);
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', 'test', 'src'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter(file => /^test\/.*\.ts$|\.test\.ts$/.test(file) && file !== 'test/wall-clock.test.ts');

/** `expect(performance.now() - from).toBeLessThan(…)`, `expect(tookMs).toBeLess…`, `expect(ms).…`, loop delays. */
const upperLimit =
  /expect\((?:[^;]*?(?:performance|Date)\.now\(\)[^;]*?|\w*(?:[mM]s|elapsed|took\w*)|[^;()]*delay\.\w+[^;]*?)(?:,[^;]*?)?\)\s*\.toBeLess/;

test('no upper limit is set to real time', () => {
  const found = files.filter(file => {
    const text = readFileSync(new URL(file, root), 'utf8');
    // Where the clock is a fake one, time is what the test says.
    return upperLimit.test(text) && !text.includes('useFakeTimers');
  });
  expect(found).toEqual([]);
});

test.each([
  'expect(performance.now() - startedAt).toBeLessThan(1_000);',
  "expect(Date.now() - from, 'ms').toBeLessThanOrEqual(5);",
  'expect(tookMs).toBeLessThan(5_000);',
  'expect(ms).toBeLessThan(100);',
  'expect(delay.percentile(95) / 1e6).toBeLessThan(50);',
])('such as %s', text => {
  expect(upperLimit.test(text)).toBe(true);
});
