// Texts → tokens, with one vocabulary or, where there is none, by an estimate.
import type { Encoder } from './encoder.ts';
import { estimateTokens } from './estimate.ts';

/** Characters that are counted exactly without a pause (some 10 ms), and that are at least estimated. */
const longestCounted = 200_000;
const longestEstimated = 1_000_000;
/** Of what is longer: no model takes it, whatever it is. */
const charactersPerToken = 2;
const maxKept = 2_048;
const maxKeptCharacters = 16_000_000;

export class TextCounter {
  readonly encoder: Encoder | undefined;
  readonly #kept = new Map<string, number>();
  #keptCharacters = 0;

  constructor(encoder: Encoder | undefined) {
    this.encoder = encoder;
  }

  /** Blocks the process: beyond some tens of milliseconds a figure with a margin has to do. */
  count(text: string): number {
    if (text.length > longestEstimated) return Math.ceil(text.length / charactersPerToken);
    return this.encoder && text.length <= longestCounted ? this.encoder.count(text) : estimateTokens(text);
  }

  /** Exact for any length where there is a vocabulary; gives way to others after `sliceMs`. */
  async countSliced(text: string, sliceMs: number): Promise<number> {
    return this.encoder?.countSliced(text, { sliceMs }) ?? this.count(text);
  }

  /** For texts that come again: agents send the same tools with each request. */
  countAgain(text: string): number {
    return this.#kept.get(text) ?? this.#keep(text, this.count(text));
  }

  /** So that `countAgain` has nothing to do. */
  async prepare(text: string, sliceMs: number): Promise<void> {
    if (!this.#kept.has(text)) this.#keep(text, await this.countSliced(text, sliceMs));
  }

  #keep(text: string, tokens: number): number {
    if (this.#kept.size >= maxKept || this.#keptCharacters > maxKeptCharacters) {
      this.#kept.clear();
      this.#keptCharacters = 0;
    }
    this.#kept.set(text, tokens);
    this.#keptCharacters += text.length;
    return tokens;
  }
}
