import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Leases } from './leases.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

test('renewed three times in the time that it lasts, until it is stopped', async () => {
  const leases = new Leases(15_000);
  const renew = vi.fn(async () => {});
  const stop = leases.keep(renew);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(renew).toHaveBeenCalledTimes(3);
  stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(renew).toHaveBeenCalledTimes(3);
});

test('all by one timer, which runs while something is held', async () => {
  const leases = new Leases();
  const renewals = Array.from({ length: 50 }, () => vi.fn(async () => {}));
  const stops = renewals.map(renew => leases.keep(renew));
  expect(vi.getTimerCount()).toBe(1);
  await vi.advanceTimersByTimeAsync(5_000);
  for (const renew of renewals) expect(renew).toHaveBeenCalledTimes(1);
  for (const stop of stops.slice(1)) stop();
  expect(vi.getTimerCount()).toBe(1);
  stops[0]?.();
  expect(vi.getTimerCount()).toBe(0);
  const again = leases.keep(async () => {});
  expect(vi.getTimerCount()).toBe(1);
  again();
});

test('one that hangs is not asked again, and keeps nobody else from being renewed', async () => {
  const leases = new Leases(15_000);
  const answer = Promise.withResolvers<void>();
  const hanging = vi.fn(() => answer.promise);
  const other = vi.fn(async () => {});
  const stops = [leases.keep(hanging), leases.keep(other)];
  await vi.advanceTimersByTimeAsync(15_000);
  expect(hanging).toHaveBeenCalledTimes(1);
  expect(other).toHaveBeenCalledTimes(3);
  answer.resolve();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(hanging).toHaveBeenCalledTimes(2);
  for (const stop of stops) stop();
});

test.each<[string, () => Promise<void>]>([
  ['rejects', () => Promise.reject(new Error('no store'))],
  [
    'throws',
    () => {
      throw new Error('no store');
    },
  ],
])('[XF9] a renewal that %s is tried again, and nothing is left unhandled', async (_how, fail) => {
  const leases = new Leases(15_000);
  const renew = vi.fn(fail);
  const stop = leases.keep(renew);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(renew).toHaveBeenCalledTimes(3);
  stop();
});
