// Whether Cohere takes the proxy's own key: asked at the start, and every hour while it does not. Every turn says it
// too. A key that is refused stops nothing: whoever runs the proxy is told.
import type { CohereClient, KeyState } from './client.ts';

export interface OwnKeyOptions {
  readonly apiKey: string;
  readonly cohere: Pick<CohereClient, 'checkKey'>;
  /** Told of each change. */
  readonly onState: (state: KeyState) => void;
}

const againMs = 60 * 60_000;

export class OwnKey {
  readonly #options: OwnKeyOptions;
  #state: KeyState = 'unchecked';
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: OwnKeyOptions) {
    this.#options = options;
  }

  get state(): KeyState {
    return this.#state;
  }

  /** Never rejects. */
  async check(): Promise<void> {
    const { cohere, apiKey } = this.#options;
    const state = await cohere.checkKey(apiKey);
    // No answer says nothing else than what was known.
    if (state !== 'unchecked') this.hear(state);
    else if (this.#state === 'refused') this.#checkLater();
  }

  /** What Cohere said of it, in whatever answer. */
  hear(state: 'accepted' | 'refused'): void {
    if (this.#isClosed) return;
    const isNew = state !== this.#state;
    this.#state = state;
    if (state === 'refused') this.#checkLater();
    else clearTimeout(this.#timer);
    if (isNew) this.#options.onState(state);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #checkLater(): void {
    clearTimeout(this.#timer);
    if (!this.#isClosed) this.#timer = setTimeout(() => void this.check(), againMs).unref();
  }
}
