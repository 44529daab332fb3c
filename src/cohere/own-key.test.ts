import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { KeyState } from './client.ts';
import { OwnKey } from './own-key.ts';

const hourMs = 3_600_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function begin(...answers: KeyState[]) {
  const asked: string[] = [];
  const told: KeyState[] = [];
  const checkKey = async (key: string) => {
    asked.push(key);
    return answers.shift() ?? 'unchecked';
  };
  const ownKey = new OwnKey({ apiKey: 'own', cohere: { checkKey }, onState: state => told.push(state) });
  return { asked, told, ownKey };
}

test('XC7 an accepted key is asked for once', async () => {
  const { asked, told, ownKey } = begin('accepted');
  expect(ownKey.state).toBe('unchecked');
  await ownKey.check();
  await vi.advanceTimersByTimeAsync(10 * hourMs);
  expect([asked, told, ownKey.state]).toEqual([['own'], ['accepted'], 'accepted']);
});

test('XC7 a refused one every hour, until it is accepted; no answer changes nothing', async () => {
  const { asked, told, ownKey } = begin('refused', 'unchecked', 'refused', 'accepted');
  await ownKey.check();
  await vi.advanceTimersByTimeAsync(hourMs - 1);
  expect([asked.length, ownKey.state]).toEqual([1, 'refused']);
  await vi.advanceTimersByTimeAsync(1);
  expect([asked.length, ownKey.state]).toEqual([2, 'refused']);
  await vi.advanceTimersByTimeAsync(2 * hourMs);
  expect([asked.length, ownKey.state]).toEqual([4, 'accepted']);
  await vi.advanceTimersByTimeAsync(10 * hourMs);
  expect([asked.length, told]).toEqual([4, ['refused', 'accepted']]);
});

test('XC7 a turn says it too, in both directions', async () => {
  const { asked, told, ownKey } = begin('refused', 'accepted');
  await ownKey.check();
  ownKey.hear('accepted');
  await vi.advanceTimersByTimeAsync(2 * hourMs);
  expect([asked.length, ownKey.state]).toEqual([1, 'accepted']);
  ownKey.hear('refused');
  ownKey.hear('refused');
  expect(told).toEqual(['refused', 'accepted', 'refused']);
  await vi.advanceTimersByTimeAsync(hourMs);
  expect([asked.length, ownKey.state]).toEqual([2, 'accepted']);
});

test('XC7 without an answer it is unchecked, and left at that', async () => {
  const { asked, told, ownKey } = begin('unchecked');
  await ownKey.check();
  await vi.advanceTimersByTimeAsync(10 * hourMs);
  expect([asked.length, told, ownKey.state]).toEqual([1, [], 'unchecked']);
});

test('XC7 once it is closed nothing is asked or told', async () => {
  const { asked, told, ownKey } = begin('refused');
  await ownKey.check();
  ownKey.close();
  ownKey.hear('accepted');
  await vi.advanceTimersByTimeAsync(10 * hourMs);
  expect([asked.length, told]).toEqual([1, ['refused']]);
});
