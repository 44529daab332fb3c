// Images that Cohere could not read, by the digest of their address: they are left out at once the next time.
import { digestOf } from '../conversation/digest.ts';

const maxKept = 10_000;
/** What could not be fetched may be there again. */
const keptMs = 60 * 60_000;

export class RefusedImages {
  readonly #now: () => number;
  /** Until when, the oldest first. */
  readonly #untilMs = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  add(urls: readonly string[]): void {
    for (const url of urls) {
      const digest = keyOf(url);
      this.#untilMs.delete(digest);
      this.#untilMs.set(digest, this.#now() + keptMs);
    }
    for (const oldest of this.#untilMs.keys()) {
      if (this.#untilMs.size <= maxKept) break;
      this.#untilMs.delete(oldest);
    }
  }

  has(url: string): boolean {
    if (this.#untilMs.size === 0) return false;
    return (this.#untilMs.get(keyOf(url)) ?? 0) > this.#now();
  }
}

/** An image in base64 may be long: its two ends, and how long it is, tell it from all others. */
function keyOf(url: string): string {
  return digestOf(
    url.length <= 2 * endLength ? url : `${url.length}:${url.slice(0, endLength)}${url.slice(-endLength)}`,
  );
}

const endLength = 5_000;
