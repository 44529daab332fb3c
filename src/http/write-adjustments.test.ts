import { describe, expect, test } from 'vitest';
import { adjustmentHeaders, writeAdjustments } from './write-adjustments.ts';

const none = { dropped: [], clamped: [], rewritten: [] };
const droppedOf = (names: string[]) => adjustmentHeaders(writeAdjustments({ ...none, dropped: names }));

describe('headers of adjustments', () => {
  test('one for each kind, none for what is empty', () => {
    expect(adjustmentHeaders(writeAdjustments(none))).toEqual({});
    const all = { dropped: ['user', 'n'], clamped: ['top_p=0.99'], rewritten: ['messages[0].content[1]'] };
    expect(adjustmentHeaders(writeAdjustments(all))).toEqual({
      'x-dropped-parameters': 'user, n',
      'x-clamped-parameters': 'top_p=0.99',
      'x-rewritten-parameters': 'messages[0].content[1]',
    });
  });

  test('hold safe names only, each once', () => {
    const names = ['a\r\nset-cookie: x', 'é, b', 'n', 'n', 'x'.repeat(81), 'a.b-c[0]'];
    expect(droppedOf(names)).toEqual({
      'x-dropped-parameters': 'n, a.b-c[0]',
    });
  });

  test.each([30, 60, 1_000, 200_000])('are at most 1 KiB, and count the rest: %i names', count => {
    const names = Array.from({ length: count }, (_, index) => `messages[${index}].content[0]`);
    const header = droppedOf(names)['x-dropped-parameters'] ?? '';
    expect(header.length).toBeLessThanOrEqual(1024);
    const told = header.split(', ');
    const rest = Number(/^\.\.\.\+(\d+)$/.exec(told.at(-1) ?? '')?.[1] ?? 0);
    expect(told.length - (rest > 0 ? 1 : 0) + rest).toBe(count);
    expect(told.slice(0, 20)).toEqual(names.slice(0, 20));
  });
});
