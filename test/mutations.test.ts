// P14: `npm run mutations` breaks lines and looks whether tests fall. Here: that its list is of this code.
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { mutations } from '../bench/mutations/list.ts';

test.each(mutations)('P14 can be broken: $breaks', ({ file, from, to, tests }) => {
  expect(readFileSync(file, 'utf8').split(from)).toHaveLength(2);
  expect(to).not.toBe(from);
  expect(tests.filter(name => !existsSync(name))).toEqual([]);
});
