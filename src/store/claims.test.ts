import { expect, test } from 'vitest';
import { ProxyError } from '../conversation/errors.ts';
import { Claims } from './claims.ts';

function begin({ max = 100, maxBytes = 100_000, room = Number.MAX_SAFE_INTEGER } = {}) {
  let nowMs = 0;
  const claims = new Claims({
    max,
    maxBytes,
    now: () => nowMs,
    makeRoom: (_owner, bytes) => {
      if (bytes > room) throw new ProxyError('store_full', 'no room');
    },
  });
  const claim = (name: string, holder = 'a', ttlMs = 100) =>
    claims.claim(name, { holder, ttlMs, fingerprint: 'f' }).status;
  const answer = (name: string, text = 'done', ttlMs = 1_000) => {
    claim(name);
    claims.settle('ada', name, 'a', { text, ttlMs });
  };
  return { claims, claim, answer, wait: (ms: number) => (nowMs += ms) };
}

test('[R8] so many answers are kept, then the oldest is forgotten', () => {
  const { claim, answer } = begin({ max: 2 });
  for (const name of ['x', 'y', 'z']) answer(name);
  expect(['y', 'z'].map(name => claim(name))).toEqual(['answered', 'answered']);
  expect(claim('x')).toBe('claimed');
});

test('[R8] so many bytes as well', () => {
  const { claims, claim, answer } = begin({ maxBytes: 10_000 });
  for (const name of ['x', 'y', 'z']) answer(name, name.repeat(4_000));
  expect(claims.bytes).toBeLessThanOrEqual(10_000);
  expect(claims.bytes).toBeGreaterThan(8_000);
  expect(['y', 'z'].map(name => claim(name))).toEqual(['answered', 'answered']);
  expect(claim('x')).toBe('claimed');
});

test('[R8] one that cannot be kept is told so, and its request is not run again meanwhile', () => {
  const tooLarge = begin({ maxBytes: 10_000 });
  expect(() => tooLarge.answer('x', 'x'.repeat(20_000))).toThrow('too large');
  const noRoom = begin({ room: 5_000 });
  expect(() => noRoom.answer('x', 'x'.repeat(6_000))).toThrow('no room');
  for (const { claims, claim, wait } of [tooLarge, noRoom]) {
    expect(claims.bytes).toBe(0);
    expect(claim('x', 'b')).toBe('running');
    wait(100);
    expect(claim('x', 'b')).toBe('claimed');
  }
});

test('[R8] so many run, and one more is told so until another is over', () => {
  const { claims, claim, wait } = begin({ max: 2 });
  for (const name of ['x', 'y']) expect(claim(name)).toBe('claimed');
  expect(() => claim('z')).toThrow('Too many');
  expect(claim('x')).toBe('claimed');
  claims.settle('ada', 'x', 'a');
  expect(claim('z')).toBe('claimed');
  wait(100);
  claims.sweep();
  for (const name of ['v', 'w']) expect(claim(name)).toBe('claimed');
});

test('what is too old is freed', () => {
  const { claims, answer, wait } = begin();
  answer('x');
  expect(claims.bytes).toBeGreaterThan(0);
  wait(999);
  claims.sweep();
  expect(claims.bytes).toBeGreaterThan(0);
  wait(1);
  claims.sweep();
  expect(claims.bytes).toBe(0);
});
