import { expect, test } from 'vitest';
import { growth } from '../../test/support/growth.ts';
import { AgeOrder } from './age-order.ts';

test('the oldest is found at once, however many have gone', () => {
  const queues = new Map<number, AgeOrder<object>>();
  // As a full store has it: each that comes pushes the oldest out.
  const pushOut = (size: number) => {
    const queue = queues.get(size) ?? new AgeOrder<object>();
    queues.set(size, queue);
    while (queue.size < size) queue.add({});
    for (let turn = 0; turn < 2_000; turn += 1) {
      queue.delete(queue.oldest ?? {});
      queue.add({});
    }
  };
  expect(growth(pushOut, 100, 20_000)).toBeLessThan(8);
});

test('what comes again is the newest', () => {
  const queue = new AgeOrder<string>();
  for (const name of ['a', 'b', 'c', 'a', 'd']) queue.add(name);
  queue.delete('c');
  queue.delete('nobody');
  expect([...queue]).toEqual(['b', 'a', 'd']);
  expect([queue.oldest, queue.size]).toEqual(['b', 3]);
  queue.clear();
  expect([[...queue], queue.oldest]).toEqual([[], undefined]);
  queue.add('e');
  expect([...queue]).toEqual(['e']);
});
