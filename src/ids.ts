// Random ids: a prefix and 128 bits. Drawn from a pool, since asking the system for each costs fifty times more.
import { randomFillSync } from 'node:crypto';

const idBytes = 16;
const pool = Buffer.alloc(idBytes * 256);
let used = pool.length;

export function makeId(prefix: string): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const text = pool.toString('base64url', used, used + idBytes);
  // An id is a secret until it is given out: nothing of it stays behind.
  pool.fill(0, used, used + idBytes);
  used += idBytes;
  return prefix + text;
}
