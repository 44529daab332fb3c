// Random ids: a prefix and 128 bits or more. Drawn from a pool, since asking the system for each costs fifty times more.
import { randomFillSync } from 'node:crypto';

const idBytes = 16;
const pool = Buffer.alloc(idBytes * 256);
let used = pool.length;

export function makeId(prefix: string): string {
  if (used + idBytes > pool.length) fill();
  const text = pool.toString('base64url', used, used + idBytes);
  // An id is a secret until it is given out: nothing of it stays behind.
  pool.fill(0, used, used + idBytes);
  used += idBytes;
  return prefix + text;
}

const callIdLength = 22;
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** Bytes from here on would make some letters likelier. */
const firstUnused = 256 - (256 % letters.length);

/** As OpenAI's own look, since programs rewrite what looks otherwise: `call_` and 22 letters or digits. */
export function makeCallId(): string {
  let id = 'call_';
  for (let length = 0; length < callIdLength; ) {
    if (used === pool.length) fill();
    const byte = pool[used] ?? firstUnused;
    pool[used] = 0;
    used += 1;
    if (byte >= firstUnused) continue;
    id += letters[byte % letters.length];
    length += 1;
  }
  return id;
}

function fill(): void {
  randomFillSync(pool);
  used = 0;
}
