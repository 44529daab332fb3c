import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ProxyError } from '../conversation/errors.ts';
import { Deadline } from './deadline.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const limits = { firstEventTimeoutMs: 100, idleTimeoutMs: 30, totalTimeoutMs: 1000 };
const never = new AbortController().signal;
const start = (stream: boolean, more: Partial<typeof limits> = {}, client = never) =>
  new Deadline({ limits: { ...limits, ...more }, stream, client });
const codeOf = ({ signal }: Deadline) =>
  signal.aborted ? (signal.reason instanceof ProxyError ? signal.reason.code : signal.reason) : 'runs';

describe('a stream', () => {
  test('stalls where the first event does not come', () => {
    const deadline = start(true);
    vi.advanceTimersByTime(99);
    expect(codeOf(deadline)).toBe('runs');
    vi.advanceTimersByTime(1);
    expect(codeOf(deadline)).toBe('upstream_stalled');
  });

  test('stalls where the next one does not, and each moves the clock', () => {
    const deadline = start(true);
    vi.advanceTimersByTime(99);
    for (let event = 0; event < 10; event += 1) {
      deadline.heard();
      vi.advanceTimersByTime(29);
      expect(codeOf(deadline)).toBe('runs');
    }
    vi.advanceTimersByTime(1);
    expect(codeOf(deadline)).toBe('upstream_stalled');
  });

  test('has a time in all, however lively it is', () => {
    const deadline = start(true);
    for (let passedMs = 0; passedMs < 1000; passedMs += 20) {
      expect(codeOf(deadline)).toBe('runs');
      deadline.heard();
      vi.advanceTimersByTime(20);
    }
    expect(codeOf(deadline)).toBe('upstream_timeout');
  });

  test('that is heard of only after its time is out of time', () => {
    const deadline = start(true, { idleTimeoutMs: 5000, firstEventTimeoutMs: 5000, totalTimeoutMs: 1000 });
    deadline.heard();
    vi.advanceTimersByTime(1000);
    expect(codeOf(deadline)).toBe('upstream_timeout');
  });

  test('whose time in all is shorter than the wait for its first event is out of time, not stalled', () => {
    const deadline = start(true, { totalTimeoutMs: 50 });
    vi.advanceTimersByTime(50);
    expect(codeOf(deadline)).toBe('upstream_timeout');
  });
});

test('a whole answer has only the time in all', () => {
  const deadline = start(false);
  vi.advanceTimersByTime(999);
  expect(codeOf(deadline)).toBe('runs');
  vi.advanceTimersByTime(1);
  expect(codeOf(deadline)).toBe('upstream_timeout');
});

describe('the client', () => {
  test('ends it by leaving, with its reason', () => {
    const client = new AbortController();
    const deadline = start(true, {}, client.signal);
    expect(codeOf(deadline)).toBe('runs');
    client.abort('gone');
    expect(codeOf(deadline)).toBe('gone');
    deadline.stop();
  });

  test('may be gone before', () => {
    const deadline = start(true, {}, AbortSignal.abort('gone'));
    expect(codeOf(deadline)).toBe('gone');
    deadline.stop();
  });
});

test('stopped, it runs no more and leaves nothing behind', () => {
  const client = new AbortController();
  const removed = vi.spyOn(client.signal, 'removeEventListener');
  const deadlines = [start(true, {}, client.signal), start(false, {}, client.signal)];
  for (const deadline of deadlines) {
    deadline.heard();
    deadline.stop();
    deadline.stop();
  }
  expect(vi.getTimerCount()).toBe(0);
  expect(removed).toHaveBeenCalled();
  client.abort('gone');
  vi.advanceTimersByTime(5000);
  expect(deadlines.map(codeOf)).toEqual(['runs', 'runs']);
});

test('what is heard after the stop starts no clock', () => {
  const deadline = start(true);
  deadline.stop();
  deadline.heard();
  expect(vi.getTimerCount()).toBe(0);
});
