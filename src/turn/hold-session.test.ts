// Two proxies on one store: each has a gate of its own.
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { ProxyError } from '../conversation/errors.ts';
import type { Turn } from '../conversation/session.ts';
import { defaultLimits } from '../limits.ts';
import { MemoryStore } from '../store/memory-store.ts';
import { type HeldSession, type HoldParts, tryHoldSession, waitForSession } from './hold-session.ts';
import { Leases } from './leases.ts';
import { SessionGate } from './session-gate.ts';

const key = { owner: 'ada', user: undefined, id: 's' };
const never = new AbortController().signal;

let store: MemoryStore;
let made = 0;

beforeEach(() => {
  vi.useFakeTimers();
  store = new MemoryStore({ limits: { ...defaultLimits, sessionIdleMs: 60_000 }, now: Date.now });
  onTestFinished(async () => {
    await store.close();
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });
});

function node({ sessionWaitMs = 1_000 } = {}) {
  const gate = new SessionGate({ sessionQueue: 8, sessionWaitMs });
  const leases = new Leases(15_000);
  const debug = vi.fn();
  const parts = (signal = never): HoldParts => {
    made += 1;
    return { store, gate, leases, holder: `turn_${made}`, signal, log: { debug } };
  };
  return {
    gate,
    debug,
    wait: (signal?: AbortSignal) => waitForSession(key, parts(signal)),
    attempt: () => tryHoldSession(key, parts()),
  };
}

function turn(said: string): Turn {
  made += 1;
  return {
    id: `turn_${made}`,
    model: 'm',
    dialect: 'session',
    system: [],
    tools: [],
    keep: Number.MAX_SAFE_INTEGER,
    added: [{ role: 'user', content: said }],
    reply: {
      message: { role: 'assistant', content: 're' },
      finishReason: 'stop',
      rawFinishReason: 'COMPLETE',
    },
    answerId: 'a',
    createdAtMs: 0,
  };
}

const versionOf = ({ read }: HeldSession) => (read.status === 'found' ? read.session.version : read.status);
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'held',
    (error: unknown) => (error instanceof ProxyError ? error.code : error),
  );

describe('waiting for a session', () => {
  test('[R16] the other proxy reads what the first one appended', async () => {
    const [one, two] = [node(), node()];
    const first = await one.wait();
    expect(versionOf(first)).toBe('missing');
    const second = two.wait();
    await vi.advanceTimersByTimeAsync(100);
    expect((await first.append(turn('one'), 0)).status).toBe('appended');
    await vi.advanceTimersByTimeAsync(400);
    // The append let go: the first has not been released yet.
    expect(versionOf(await second)).toBe(1);
    first.release();
    expect((await (await second).append(turn('two'), 1)).status).toBe('appended');
    (await second).release();
  });

  test('[S10] in this process in the order in which they came; only the first asks the store', async () => {
    const [one, two] = [node(), node()];
    const first = await one.wait();
    const hold = vi.spyOn(store, 'hold');
    const order: number[] = [];
    const waiting = [1, 2, 3].map(async n => {
      const held = await two.wait();
      order.push(n);
      held.release();
    });
    await vi.advanceTimersByTimeAsync(200);
    const holders = new Set(hold.mock.calls.map(([, { holder }]) => holder));
    expect(holders.size).toBe(1);
    first.release();
    await vi.advanceTimersByTimeAsync(1_000);
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3]);
  });

  test('ends with conversation_locked, the time in the queue included', async () => {
    const [one, two] = [node(), node({ sessionWaitMs: 1_000 })];
    const first = await one.wait();
    const began = performance.now();
    const outcomes = [codeOf(two.wait()), codeOf(two.wait())];
    await vi.advanceTimersByTimeAsync(1_300);
    expect(await Promise.all(outcomes)).toEqual(['conversation_locked', 'conversation_locked']);
    expect(performance.now() - began).toBeLessThanOrEqual(1_300);
    expect(two.gate.isBusy(key)).toBe(false);
    // What was not held is not let go of.
    expect((await store.hold(key, { holder: 'x', ttlMs: 1 })).status).toBe('busy');
    first.release();
  });

  test('asks more and more seldom', async () => {
    const [one, two] = [node(), node({ sessionWaitMs: 30_000 })];
    const first = await one.wait();
    const hold = vi.spyOn(store, 'hold');
    const second = two.wait();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(hold.mock.calls.length).toBeGreaterThan(20);
    expect(hold.mock.calls.length).toBeLessThan(90);
    first.release();
    await vi.advanceTimersByTimeAsync(400);
    (await second).release();
  });

  test('is left by whoever has gone', async () => {
    const [one, two] = [node(), node()];
    const first = await one.wait();
    const client = new AbortController();
    const gone = codeOf(two.wait(client.signal));
    await vi.advanceTimersByTimeAsync(30);
    client.abort('gone');
    expect(await gone).toBe('gone');
    expect(two.gate.isBusy(key)).toBe(false);
    first.release();
    (await two.wait()).release();
  });

  test('who goes while the store answers holds nothing', async () => {
    const one = node();
    const client = new AbortController();
    const gone = codeOf(one.wait(client.signal));
    client.abort('gone');
    expect(await gone).toBe('gone');
    expect((await store.hold(key, { holder: 'x', ttlMs: 1 })).status).toBe('missing');
    await store.letGo(key, 'x');
  });
});

describe('a transcript', () => {
  test('does not wait, neither here nor there', async () => {
    const [one, two] = [node(), node()];
    const first = await one.attempt();
    expect(first).toBeDefined();
    expect(await one.attempt()).toBeUndefined();
    expect(await two.attempt()).toBeUndefined();
    expect(two.gate.isBusy(key)).toBe(false);
    first?.release();
    (await two.attempt())?.release();
    expect(one.gate.isBusy(key)).toBe(false);
  });
});

describe('a hold', () => {
  test('[R16] lasts as long as the turn, however long that is', async () => {
    const [one, two] = [node(), node()];
    const first = await one.wait();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(await two.attempt()).toBeUndefined();
    first.release();
    (await two.attempt())?.release();
  });

  test('[R16] of a process that died ends by itself', async () => {
    const two = node({ sessionWaitMs: 30_000 });
    await store.hold(key, { holder: 'dead', ttlMs: 15_000 });
    const began = performance.now();
    const second = two.wait();
    await vi.advanceTimersByTimeAsync(15_300);
    (await second).release();
    expect(performance.now() - began).toBeLessThan(15_500);
  });

  test('[S12] that was lost meanwhile: the append of the one who slept is a conflict, and disturbs nobody', async () => {
    const [one, two] = [node(), node()];
    const hold = vi.spyOn(store, 'hold');
    const first = await one.wait();
    hold.mockRejectedValue(new ProxyError('store_unavailable', 'away'));
    await vi.advanceTimersByTimeAsync(16_000);
    expect(one.debug).toHaveBeenCalled();
    hold.mockRestore();
    const second = await two.wait();
    expect((await first.append(turn('late'), 0)).status).toBe('conflict');
    first.release();
    expect(await node().attempt()).toBeUndefined();
    expect((await second.append(turn('on time'), 0)).status).toBe('appended');
    second.release();
  });

  test('is not renewed behind the append that let go of it', async () => {
    const [one, two] = [node(), node()];
    const first = await one.wait();
    const append = store.append.bind(store);
    vi.spyOn(store, 'append').mockImplementation(async (...given) => {
      const appended = await append(...given);
      // The answer is on its way for longer than the next renewal is away.
      await vi.advanceTimersByTimeAsync(6_000);
      return appended;
    });
    await first.append(turn('one'), 0);
    const second = await two.attempt();
    expect(second).toBeDefined();
    first.release();
    expect(await node().attempt()).toBeUndefined();
    second?.release();
  });

  test.each(['rejects', 'conflict'])('is let go of where the append failed: %s', async how => {
    const [one, two] = [node(), node()];
    const first = await one.wait();
    const append = vi.spyOn(store, 'append');
    if (how === 'rejects') append.mockRejectedValue(new ProxyError('store_unavailable', 'away'));
    else append.mockResolvedValue({ status: 'conflict' });
    await first.append(turn('one'), 0).catch(() => {});
    first.release();
    const second = await two.attempt();
    expect(second).toBeDefined();
    second?.release();
  });

  test('[S16] of a store that fails to say so is let go of, too', async () => {
    const [one, two] = [node(), node()];
    const hold = store.hold.bind(store);
    vi.spyOn(store, 'hold').mockImplementationOnce(async (...given) => {
      await hold(...given);
      throw new ProxyError('store_unavailable', 'the answer was lost');
    });
    expect(await codeOf(one.wait())).toBe('store_unavailable');
    expect(one.gate.isBusy(key)).toBe(false);
    (await two.attempt())?.release();
  });

  test('that cannot be let go of is nobody’s failure', async () => {
    const one = node();
    const first = await one.wait();
    const letGo = vi.spyOn(store, 'letGo').mockRejectedValue(new ProxyError('store_unavailable', 'away'));
    first.release();
    expect(one.gate.isBusy(key)).toBe(false);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(one.debug).toHaveBeenCalledTimes(1);
    expect(letGo).toHaveBeenCalledTimes(31);
  });

  test('[S16] is let go of as soon as the store works again', async () => {
    const first = await node().wait();
    vi.spyOn(store, 'letGo').mockRejectedValueOnce(new ProxyError('store_unavailable', 'away'));
    first.release();
    await vi.advanceTimersByTimeAsync(499);
    expect((await store.hold(key, { holder: 'other', ttlMs: 1 })).status).toBe('busy');
    await vi.advanceTimersByTimeAsync(1);
    expect((await store.hold(key, { holder: 'other', ttlMs: 1 })).status).not.toBe('busy');
  });
});
