// The proxy keys that are good now. They may be replaced while the proxy runs: what was let in stays in, and the next
// request is judged by the new ones.
import { hash, timingSafeEqual } from 'node:crypto';
import type { ProxyKey } from '../proxy-keys.ts';

interface Known {
  readonly digest: Buffer;
  readonly name: string;
}

export class KeyRing {
  #known: readonly Known[] = [];

  constructor(keys: readonly ProxyKey[]) {
    this.replace(keys);
  }

  replace(keys: readonly ProxyKey[]): void {
    this.#known = keys.map(({ name, key }) => ({ digest: digestOf(key), name }));
  }

  /** Whose key it is. */
  find(key: string): string | undefined {
    const given = digestOf(key);
    let found: string | undefined;
    // No early exit: the time must not tell which key of the file came close, nor how many there are before it.
    for (const { digest, name } of this.#known) if (timingSafeEqual(given, digest)) found = name;
    return found;
  }
}

function digestOf(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}
