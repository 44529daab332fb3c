// Which vocabulary counts for which model. Each model may name a tokenizer of its own; it is fetched beside the
// requests, once, when the model is first used. Until then, and where it cannot be had, the package's counts.
import type { Encoder } from './encoder.ts';
import { fetchEncoder, type LoadEncoderOptions, loadEncoder } from './vocabulary.ts';

export interface EncoderChoiceOptions
  extends Pick<LoadEncoderOptions, 'cacheDirectory' | 'dispatcher' | 'packagesFrom'> {
  /** False: only the package's vocabulary is used, whatever models name. */
  readonly fetches: boolean;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
  readonly now: () => number;
  /** Told in words for a log; at most once per address and hour. */
  readonly onProblem: (problem: string) => void;
  readonly onFetched: (model: string) => void;
}

/** A tokenizer that models name. */
interface Own {
  encoder: Encoder | undefined;
  /** Infinity: under way, or settled. */
  nextTryAtMs: number;
}

const hourMs = 60 * 60_000;
/** Addresses that are ever fetched from: each costs some 16 MB of network and 6 MB of disk, once. */
const maxAddresses = 32;
/** Vocabularies that differ, of some 7 MB each. The Command family has one. */
const maxHeld = 4;
/** Each client's key may list models of its own. */
const maxModels = 1_000;

export class EncoderChoice {
  readonly #options: EncoderChoiceOptions;
  readonly #addresses = new Map<string, Own>();
  readonly #models = new Map<string, Own>();
  readonly #held: Encoder[] = [];
  /** One after the other: each may take 200 MB for a second. Never rejects. */
  #lastLoad: Promise<unknown> = Promise.resolve();

  constructor(options: EncoderChoiceOptions) {
    this.#options = options;
  }

  /** The model's own, if it is there; else the one of `loadPackage` is meant. */
  encoderFor(model: string): Encoder | undefined {
    return this.#models.get(model)?.encoder;
  }

  /** For all models without one of their own. Undefined where there is none; rejects only where it was ended. */
  loadPackage(): Promise<Encoder | undefined> {
    const loaded = this.#lastLoad.then(async () => {
      const encoder = await loadEncoder(this.#options);
      return encoder && (this.#share(encoder) ?? encoder);
    });
    this.#lastLoad = loaded.catch(() => {});
    return loaded;
  }

  /** A model that is used, and the tokenizer that it names. Returns at once. */
  want(model: string, tokenizerUrl: string | undefined): void {
    const { fetches, now } = this.#options;
    if (!fetches || tokenizerUrl === undefined) return;
    const own = this.#ownAt(tokenizerUrl);
    if (!own) return;
    this.#remember(model, own);
    if (own.nextTryAtMs > now()) return;
    own.nextTryAtMs = Number.POSITIVE_INFINITY;
    this.#lastLoad = this.#lastLoad.then(() => this.#fetch(model, tokenizerUrl, own));
  }

  #ownAt(tokenizerUrl: string): Own | undefined {
    let own = this.#addresses.get(tokenizerUrl);
    if (!own && this.#addresses.size < maxAddresses) {
      own = { encoder: undefined, nextTryAtMs: 0 };
      this.#addresses.set(tokenizerUrl, own);
    }
    return own;
  }

  #remember(model: string, own: Own): void {
    if (this.#models.get(model) === own) return;
    this.#models.delete(model);
    this.#models.set(model, own);
    for (const oldest of this.#models.keys()) {
      if (this.#models.size <= maxModels) break;
      this.#models.delete(oldest);
    }
  }

  async #fetch(model: string, tokenizerUrl: string, own: Own): Promise<void> {
    const { signal, now, onProblem, onFetched } = this.#options;
    if (signal.aborted) return;
    try {
      own.encoder = this.#share(await fetchEncoder(tokenizerUrl, this.#options));
      if (own.encoder) onFetched(model);
      else onProblem(`the tokenizer of ${model} is not used: ${maxHeld} others are held in memory`);
    } catch (error) {
      if (signal.aborted) return;
      own.nextTryAtMs = now() + hourMs;
      const reason = error instanceof Error ? error.message : String(error);
      onProblem(`the tokenizer of ${model} cannot be used: ${reason}`);
    }
  }

  /** One object for all that count alike: nothing is held twice, and no count has to be made again. */
  #share(encoder: Encoder): Encoder | undefined {
    const held = this.#held.find(other => other.countsAs(encoder));
    if (held) return held;
    if (this.#held.length >= maxHeld) return undefined;
    this.#held.push(encoder);
    return encoder;
  }
}
