import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromSeed } from '../../test/properties/from-seed.ts';
import { growth } from '../../test/support/growth.ts';
import { DueTimes } from './due-times.ts';

const things = Array.from({ length: 30 }, (_, index) => ({ index }));

const operation = fc.record({
  what: fc.constantFrom('set', 'set', 'set', 'delete', 'look'),
  thing: fc.constantFrom(...things),
  atMs: fc.nat(20),
});

test('whatever is set and deleted, those that are due come in their order', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 120 }), operations => {
      const times = new DueTimes<object>();
      const plain = new Map<object, number>();
      for (const { what, thing, atMs } of operations) {
        if (what === 'set') {
          times.set(thing, atMs);
          plain.set(thing, atMs);
        } else if (what === 'delete') {
          times.delete(thing);
          plain.delete(thing);
        } else {
          const due = times.due(atMs);
          const expected = [...plain].filter(([, dueMs]) => dueMs <= atMs);
          expect(new Set(due)).toEqual(new Set(expected.map(([one]) => one)));
          expect(due.length).toBe(expected.length);
          const inOrder = due.map(one => plain.get(one) ?? Number.NaN);
          expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b));
        }
      }
      expect(times.due(99).length).toBe(plain.size);
      times.clear();
      expect(times.due(99)).toEqual([]);
    }),
    fromSeed('due times', 500),
  );
});

test('many of which few are due cost what is due', () => {
  const made = (count: number) => {
    const times = new DueTimes<object>();
    for (let index = 0; index < count; index += 1) times.set({ index }, 1_000 + ((index * 7_919) % count));
    return times;
  };
  const all = new Map([1_000, 100_000].map(count => [count, made(count)]));
  const ask = (count: number) => {
    for (let round = 0; round < 10_000; round += 1) all.get(count)?.due(1_003);
  };
  // A look at all of them takes a hundred times as long.
  expect(growth(ask, 1_000, 100_000)).toBeLessThan(10);
  expect(all.get(100_000)?.due(1_003)).toHaveLength(4);
});
