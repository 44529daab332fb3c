import { expect, test } from 'vitest';
import { growth } from '../../test/support/growth.ts';
import { AgeOrder } from './age-order.ts';
import { OwnedQueue } from './owned-queue.ts';

test('the oldest is found at once, however many have gone', () => {
  const queues = new Map<number, OwnedQueue<number>>();
  // As a full store has it: each that comes pushes the oldest out.
  const pushOut = (size: number) => {
    const queue = queues.get(size) ?? new OwnedQueue<number>();
    queues.set(size, queue);
    let next = Number(queue.oldest?.name ?? 0) + queue.size;
    for (; queue.size < size; next += 1) queue.set('owner', String(next), next);
    for (let turn = 0; turn < 2_000; turn += 1, next += 1) {
      queue.delete(queue.surplus() ?? '');
      queue.set('owner', String(next), next);
    }
  };
  expect(growth(pushOut, 100, 20_000)).toBeLessThan(8);
});

test('each stands where it came, and goes from anywhere', () => {
  const queue = new AgeOrder<string>();
  const [first, , third, , last] = ['a', 'b', 'c', 'd', 'e'].map(name => queue.add(name));
  if (!first || !third || !last) throw new Error('no place');
  queue.delete(third);
  expect([...queue]).toEqual(['a', 'b', 'd', 'e']);
  queue.delete(first);
  queue.delete(last);
  expect([[...queue], queue.oldest, queue.size]).toEqual([['b', 'd'], 'b', 2]);
  queue.add('f');
  expect([...queue]).toEqual(['b', 'd', 'f']);
  queue.clear();
  expect([[...queue], queue.oldest, queue.size]).toEqual([[], undefined, 0]);
  queue.add('g');
  expect([...queue]).toEqual(['g']);
});
