import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ProxyError } from '../conversation/errors.ts';
import { SessionGate } from './session-gate.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const key = { owner: 'ada', user: undefined, id: 's' };
const never = new AbortController().signal;
const gateOf = (sessionQueue = 8, sessionWaitMs = 1000) => new SessionGate({ sessionQueue, sessionWaitMs });
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'entered',
    (error: unknown) => (error instanceof ProxyError ? error.code : error),
  );

test('one at a time, the others in the order in which they came', async () => {
  const gate = gateOf();
  const order: string[] = [];
  const turn = async (name: string) => {
    const release = await gate.enter(key, never);
    order.push(`${name} in`);
    await Promise.resolve();
    order.push(`${name} out`);
    release();
  };
  await Promise.all([turn('a'), turn('b'), turn('c'), turn('d')]);
  expect(order).toEqual(['a in', 'a out', 'b in', 'b out', 'c in', 'c out', 'd in', 'd out']);
  expect(gate.isBusy(key)).toBe(false);
});

test('busy from the first to the last, also while it is handed over', async () => {
  const gate = gateOf();
  expect(gate.isBusy(key)).toBe(false);
  const first = await gate.enter(key, never);
  const second = gate.enter(key, never);
  expect(gate.isBusy(key)).toBe(true);
  first();
  expect(gate.isBusy(key)).toBe(true);
  const release = await second;
  expect(gate.isBusy(key)).toBe(true);
  release();
  expect(gate.isBusy(key)).toBe(false);
});

test('sessions do not wait for each other, nor do spaces', async () => {
  const gate = gateOf(0);
  const keys = [
    key,
    { ...key, id: 't' },
    { ...key, user: '' },
    { ...key, user: 's' },
    { ...key, owner: 'eve' },
  ];
  const releases = await Promise.all(keys.map(other => gate.enter(other, never)));
  for (const other of keys) expect(gate.isBusy(other)).toBe(true);
  for (const release of releases) release();
  for (const other of keys) expect(gate.isBusy(other)).toBe(false);
});

test('released twice it lets in one, not two', async () => {
  const gate = gateOf();
  const first = await gate.enter(key, never);
  const second = gate.enter(key, never);
  const third = gate.enter(key, never);
  let isThirdIn = false;
  void third.then(() => {
    isThirdIn = true;
  });
  first();
  first();
  const releaseSecond = await second;
  first();
  await vi.advanceTimersByTimeAsync(1);
  expect(isThirdIn).toBe(false);
  releaseSecond();
  (await third)();
  expect(gate.isBusy(key)).toBe(false);
});

describe('the queue', () => {
  test('is bounded: who finds it full is told at once, and it is free again later', async () => {
    const gate = gateOf(2);
    const release = await gate.enter(key, never);
    const waiting = [gate.enter(key, never), gate.enter(key, never)];
    expect(await codeOf(gate.enter(key, never))).toBe('conversation_locked');
    release();
    (await waiting[0])?.();
    (await waiting[1])?.();
    (await gate.enter(key, never))();
    expect(gate.isBusy(key)).toBe(false);
  });

  test('of length 0 lets nobody wait', async () => {
    const gate = gateOf(0);
    const release = await gate.enter(key, never);
    expect(await codeOf(gate.enter(key, never))).toBe('conversation_locked');
    release();
  });

  test('is left after the time limit, not before', async () => {
    const gate = gateOf(8, 1000);
    const release = await gate.enter(key, never);
    const late = codeOf(gate.enter(key, never));
    await vi.advanceTimersByTimeAsync(999);
    const next = gate.enter(key, never);
    await vi.advanceTimersByTimeAsync(1);
    expect(await late).toBe('conversation_locked');
    release();
    (await next)();
    expect(gate.isBusy(key)).toBe(false);
  });

  test('is left by whoever has gone, and the place is free', async () => {
    const gate = gateOf(1);
    const release = await gate.enter(key, never);
    const client = new AbortController();
    const gone = codeOf(gate.enter(key, client.signal));
    client.abort('gone');
    expect(await gone).toBe('gone');
    const next = gate.enter(key, never);
    release();
    (await next)();
    expect(gate.isBusy(key)).toBe(false);
  });
});

test('who is gone before does not enter', async () => {
  const gate = gateOf();
  expect(await codeOf(gate.enter(key, AbortSignal.abort('gone')))).toBe('gone');
  expect(gate.isBusy(key)).toBe(false);
});

test('who goes after entering still holds the gate until the release', async () => {
  const gate = gateOf();
  const client = new AbortController();
  const first = await gate.enter(key, never);
  const entered = gate.enter(key, client.signal);
  first();
  client.abort('gone');
  const release = await entered;
  expect(gate.isBusy(key)).toBe(true);
  release();
  expect(gate.isBusy(key)).toBe(false);
});
