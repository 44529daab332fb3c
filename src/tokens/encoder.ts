// Cohere's tokenizer, made for counting: byte-level byte-pair encoding over the tables of a `Vocabulary`. Exact, and
// near-linear for any text; nothing is allocated per word of usual length.
import { setImmediate } from 'node:timers/promises';
import { LongMerge } from './long-merge.ts';
import { mergeWord, shortWord } from './merge-word.ts';
import { PairTable } from './pair-table.ts';
import { blockEnd } from './split-blocks.ts';
import { wordEnd } from './split-words.ts';
import { TextUnits } from './text-units.ts';
import type { Vocabulary } from './vocabulary-file.ts';
import { cachedWord, WordCache } from './word-cache.ts';
import { bytesPerUnit, writeBytes } from './write-bytes.ts';

export interface EncodeOptions {
  /**
   * True: text that reads like a special token is one, as for the tokenizer by itself. Not so by default, since the
   * text of a message never becomes one: Cohere's template library rewrites such text first.
   */
  readonly specialTokens?: boolean;
}

export interface SlicedOptions extends EncodeOptions {
  /** Milliseconds of work after which the event loop gets a turn. */
  readonly sliceMs?: number;
  readonly signal?: AbortSignal;
}

/** Units of a word above which it is merged step by step, in memory of its own. */
const hugeWord = 2048;
/** Steps of such a merge that take about a millisecond. */
const stepsPerPause = 4096;

export class Encoder {
  readonly #vocabulary: Vocabulary;
  readonly #pairs: PairTable;
  readonly #specialIds: ReadonlyMap<string, number>;
  readonly #specialPattern: RegExp;
  readonly #cache = new WordCache();
  // Used from one word or block to the next; nothing in them outlives a pause.
  readonly #text = new TextUnits();
  readonly #symbols = new Int32Array(hugeWord * bytesPerUnit);
  readonly #longMerge: LongMerge;

  constructor(vocabulary: Vocabulary) {
    const { pairSlots, made, specialTokens } = vocabulary;
    this.#vocabulary = vocabulary;
    this.#pairs = new PairTable(pairSlots);
    this.#longMerge = new LongMerge(this.#symbols, this.#pairs, made);
    this.#specialIds = new Map(specialTokens.map(({ content, id }) => [content, id]));
    // Where two begin at the same place, the longer one is meant.
    const contents = [...this.#specialIds.keys()].sort((one, two) => two.length - one.length);
    this.#specialPattern = new RegExp(`(${contents.map(escapePattern).join('|') || '(?!)'})`);
  }

  /** Whether every text has as many tokens for the other. Ids and special tokens change no count. */
  countsAs(other: Encoder): boolean {
    const one = this.#vocabulary;
    const two = other.#vocabulary;
    return sameNumbers(one.made, two.made) && sameNumbers(one.pairSlots, two.pairSlots);
  }

  /** How many tokens the text is. Blocks for about a millisecond per 20,000 characters: else `countSliced`. */
  count(text: string, options: EncodeOptions = {}): number {
    const steps = this.#count(text, options);
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
    }
  }

  /** The same for text of any length: never keeps the event loop waiting for much longer than `sliceMs`. */
  async countSliced(text: string, { sliceMs = 10, signal, ...options }: SlicedOptions = {}): Promise<number> {
    const steps = this.#count(text, options);
    for (;;) {
      const pauseAt = performance.now() + sliceMs;
      do {
        const step = steps.next();
        if (step.done) return step.value;
      } while (performance.now() < pauseAt);
      await setImmediate(undefined, signal && { signal });
    }
  }

  /** The ids of the tokens, for whoever wants to see them; counting is much faster. */
  encode(text: string, options: EncodeOptions = {}): number[] {
    const { made, ids } = this.#vocabulary;
    const encoded: number[] = [];
    for (const { block, special } of this.#blocks(text, options)) {
      if (special !== undefined) encoded.push(special);
      const length = this.#text.load(block);
      const { units } = this.#text;
      for (let start = 0; start < length; ) {
        const end = wordEnd(units, start, length);
        const symbols = new Int32Array((end - start) * bytesPerUnit);
        const merge = new LongMerge(symbols, this.#pairs, made);
        merge.start(writeBytes(units, start, end, symbols));
        while (!merge.run(stepsPerPause));
        for (const symbol of merge.result()) encoded.push(ids[symbol] ?? 0);
        start = end;
      }
    }
    return encoded;
  }

  /** Counts, pausing after every piece of work that may take a millisecond. */
  *#count(text: string, options: EncodeOptions): Generator<void, number> {
    let tokens = 0;
    const huge: LongMerge[] = [];
    for (const { block, special } of this.#blocks(text, options)) {
      if (special !== undefined) tokens += 1;
      tokens += this.#countBlock(block, huge);
      yield;
      for (let merge = huge.pop(); merge; merge = huge.pop()) {
        while (!merge.run(stepsPerPause)) yield;
        tokens += merge.left;
      }
    }
    return tokens;
  }

  /** Blocks, some of them empty, in their order, each behind the special token that stands before it, if any. */
  *#blocks(text: string, options: EncodeOptions): Generator<{ block: string; special?: number | undefined }> {
    // Split at a pattern with a group: every second piece is what the pattern found.
    const pieces = options.specialTokens ? text.split(this.#specialPattern) : [text];
    for (let index = 0; index < pieces.length; index += 2) {
      const piece = pieces[index] ?? '';
      let special = this.#specialIds.get(pieces[index - 1] ?? '');
      let start = 0;
      do {
        const end = blockEnd(piece, start);
        yield { block: piece.slice(start, end), special };
        special = undefined;
        start = end;
      } while (start < piece.length);
    }
  }

  /** The tokens of a block but for its huge words, which are put into `huge`, ready to be merged. */
  #countBlock(block: string, huge: LongMerge[]): number {
    const length = this.#text.load(block);
    const { units } = this.#text;
    let tokens = 0;
    for (let start = 0; start < length; ) {
      const end = wordEnd(units, start, length);
      if (end - start <= cachedWord) tokens += this.#countKept(units, start, end);
      else if (end - start <= hugeWord) tokens += this.#countWord(units, start, end);
      else huge.push(this.#startMerge(units, start, end));
      start = end;
    }
    return tokens;
  }

  #countKept(units: Uint16Array, start: number, end: number): number {
    const slot = this.#cache.slotOf(units, start, end);
    const kept = this.#cache.find(slot, units, start, end);
    if (kept > 0) return kept;
    const count = this.#countWord(units, start, end);
    this.#cache.keep(slot, units, start, end, count);
    return count;
  }

  #countWord(units: Uint16Array, start: number, end: number): number {
    const length = writeBytes(units, start, end, this.#symbols);
    if (length <= shortWord) return mergeWord(this.#symbols, length, this.#pairs, this.#vocabulary.made);
    this.#longMerge.start(length);
    this.#longMerge.run(Number.POSITIVE_INFINITY);
    return this.#longMerge.left;
  }

  #startMerge(units: Uint16Array, start: number, end: number): LongMerge {
    const symbols = new Int32Array((end - start) * bytesPerUnit);
    const merge = new LongMerge(symbols, this.#pairs, this.#vocabulary.made);
    merge.start(writeBytes(units, start, end, symbols));
    return merge;
  }
}

function sameNumbers(one: Uint32Array, two: Uint32Array): boolean {
  return bytesOf(one).equals(bytesOf(two));
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
