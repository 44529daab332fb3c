// Whether a client's own key may write. Anyone can invent keys, and each is an owner: whoever stores anything without a
// turn has a key that Cohere has accepted, in answer to a chat or to the question alone.
import { hash } from 'node:crypto';
import { ProxyError } from '../conversation/errors.ts';
import type { Caller } from './owner.ts';

/** `unchecked`: Cohere cannot be asked, or does not say. */
export type KeyState = 'accepted' | 'refused' | 'unchecked';

export interface AcceptedKeysOptions {
  readonly check: (apiKey: string) => Promise<KeyState>;
  readonly limits: { readonly acceptedKeys: number; readonly acceptedKeyMs: number };
  readonly now: () => number;
}

export class AcceptedKeys {
  readonly #options: AcceptedKeysOptions;
  /** By digest until when, the longest not accepted first. */
  readonly #accepted = new Map<string, number>();
  readonly #asking = new Map<string, Promise<KeyState>>();

  constructor(options: AcceptedKeysOptions) {
    this.#options = options;
  }

  accept(apiKey: string): void {
    const { limits, now } = this.#options;
    const digest = digestOf(apiKey);
    this.#accepted.delete(digest);
    this.#accepted.set(digest, now() + limits.acceptedKeyMs);
    for (const oldest of this.#accepted.keys()) {
      if (this.#accepted.size <= limits.acceptedKeys) break;
      this.#accepted.delete(oldest);
    }
  }

  refuse(apiKey: string): void {
    this.#accepted.delete(digestOf(apiKey));
  }

  /** @throws ProxyError `invalid_api_key`; `key_unchecked` where Cohere does not say. */
  async checkWriter({ apiKey }: Caller): Promise<void> {
    if (apiKey === undefined || this.#isAccepted(apiKey)) return;
    const state = await this.#ask(apiKey);
    if (state === 'refused') throw new ProxyError('invalid_api_key', 'Cohere refused this API key.');
    if (state === 'unchecked') {
      throw new ProxyError(
        'key_unchecked',
        'Cohere does not say now whether this API key is valid, so nothing is stored for it. Try again in a moment, or send a chat first.',
      );
    }
  }

  #isAccepted(apiKey: string): boolean {
    return (this.#accepted.get(digestOf(apiKey)) ?? 0) > this.#options.now();
  }

  /** Many requests at once ask once. */
  #ask(apiKey: string): Promise<KeyState> {
    const digest = digestOf(apiKey);
    const asking = this.#asking.get(digest) ?? this.#check(apiKey, digest);
    this.#asking.set(digest, asking);
    return asking;
  }

  async #check(apiKey: string, digest: string): Promise<KeyState> {
    try {
      const state = await this.#options.check(apiKey);
      if (state === 'accepted') this.accept(apiKey);
      return state;
    } finally {
      this.#asking.delete(digest);
    }
  }
}

function digestOf(apiKey: string): string {
  return hash('sha256', apiKey, 'base64');
}
