import { expect, test } from 'vitest';
import { makeCallId, makeId } from './ids.ts';

test('a prefix and 128 bits, in letters that are safe everywhere', () => {
  for (const prefix of ['sess_', 'call_', 'chatcmpl-', '']) {
    const id = makeId(prefix);
    expect(id.startsWith(prefix)).toBe(true);
    expect(id.slice(prefix.length)).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(Buffer.from(id.slice(prefix.length), 'base64url').length).toBe(16);
  }
});

test('no id comes twice, also over many refills of the pool', () => {
  const ids = Array.from({ length: 10_000 }, () => makeId('sess_'));
  expect(new Set(ids).size).toBe(ids.length);
});

test('every bit is random', () => {
  const ones = new Array<number>(128).fill(0);
  const count = 4000;
  for (let drawn = 0; drawn < count; drawn += 1) {
    for (const [index, byte] of Buffer.from(makeId(''), 'base64url').entries()) {
      for (let bit = 0; bit < 8; bit += 1) {
        const at = index * 8 + bit;
        ones[at] = (ones[at] ?? 0) + ((byte >> bit) & 1);
      }
    }
  }
  // Nine standard deviations: once in 10^16 runs.
  for (const set of ones) expect(Math.abs(set - count / 2)).toBeLessThan(9 * Math.sqrt(count / 4));
});

test('ids of calls are call_ and 22 letters or digits, all of them alike, and never twice', () => {
  const ids = Array.from({ length: 20_000 }, makeCallId);
  for (const id of ids) expect(id).toMatch(/^call_[A-Za-z0-9]{22}$/);
  expect(new Set(ids).size).toBe(ids.length);
  const counts = new Map<string, number>();
  for (const letter of ids.map(id => id.slice(5)).join('')) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  expect(counts.size).toBe(62);
  // Seven deviations of chance at most.
  for (const count of counts.values()) expect(Math.abs(count - 440_000 / 62)).toBeLessThan(600);
});
