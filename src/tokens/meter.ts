// Measures prompts: the history message by message, each counted once and kept, and everything around it; corrected
// by what Cohere itself has counted before for this model and mix of features.
import type { CohereChatOptions, CohereMessage } from '../cohere/wire.ts';
import type { Message } from '../conversation/message.ts';
import { Calibration } from './calibration.ts';
import { countMessage, type MessageWeight, placeMessage } from './count-message.ts';
import { countOverhead, type HistoryFacts } from './count-overhead.ts';
import { addToHistory, countPrompt, type PromptCount, startHistory } from './count-prompt.ts';
import type { Encoder } from './encoder.ts';
import { estimateTokens } from './estimate.ts';
import { type Family, familyOf } from './families.ts';
import { featureMix } from './feature-mix.ts';
import type { Count } from './parts.ts';

export interface CohereChatRequest extends CohereChatOptions {
  readonly messages: readonly CohereMessage[];
}

/** A prompt as Cohere sees it. */
export interface DescribedPrompt {
  readonly options: CohereChatOptions;
  /** The same object for the same form of messages. */
  readonly form: object;
  readonly format: (message: Message) => readonly CohereMessage[];
}

interface Kept {
  readonly form: object;
  readonly family: Family;
  readonly isExact: boolean;
  readonly weights: readonly MessageWeight[];
}

/** Where a message costs most: calls and results are numbered, and large numbers have more digits. */
const leadingPlace = { isFirst: true, afterTool: false, calls: 0, answering: 0, results: 0 };
const distantPlace = { isFirst: false, afterTool: false, calls: 9_999, answering: 9_999, results: 9_999 };

const maxCounted = 2_048;

/** Characters of one text that are counted exactly (some 10 ms of ordinary text), and that are at least estimated. */
const longestCounted = 200_000;
const longestEstimated = 1_000_000;
/** Of what is longer: no model takes it, whatever it is. */
const charactersPerToken = 2;

export class TokenMeter {
  readonly calibration = new Calibration();
  readonly #kept = new WeakMap<Message, Kept>();
  readonly #counted = new Map<string, number>();
  #encoder: Encoder | undefined;

  /** From now on counts are exact. */
  use(encoder: Encoder): void {
    this.#encoder = encoder;
    this.#counted.clear();
  }

  measure({ options, form, format }: DescribedPrompt, messages: readonly Message[]) {
    const { model } = options;
    const family = familyOf(model);
    const count = this.#counter();
    const isExact = this.#encoder !== undefined;
    const weigh = (message: Message): readonly MessageWeight[] => {
      const kept = this.#kept.get(message);
      if (kept?.form === form && kept.family === family && kept.isExact === isExact) return kept.weights;
      const weights = format(message).map(formatted => countMessage(formatted, family, count));
      this.#kept.set(message, { form, family, isExact, weights });
      return weights;
    };
    const around = (facts: HistoryFacts) =>
      countOverhead(options, family, facts, text => this.#countAgain(text));
    const predict = (given: readonly Message[]) => {
      let history = startHistory((options.documents?.length ?? 0) > 0);
      for (const message of given)
        for (const weight of weigh(message)) history = addToHistory(history, weight, family);
      const facts = { ...history, images: history.images > 0, estimated: !isExact };
      const mix = featureMix(options, facts);
      const predicted = around(history) + history.tokens;
      const correction = this.calibration.correction(model, mix, predicted);
      return { predicted, mix, correction, images: history.images };
    };
    // What is cut may change what stands around the rest: the dearer case is taken.
    const none = around({ developerText: false, calls: false });
    const all = around({ developerText: true, calls: true });
    return {
      isExact,
      overhead: Math.max(none, all) + Math.max(0, predict(messages).correction),
      count: (message: Message): number => {
        let tokens = 0;
        for (const weight of weigh(message)) {
          const leading = weight.role === 'system' ? placeMessage(weight, leadingPlace, family).tokens : 0;
          tokens += Math.max(leading, placeMessage(weight, distantPlace, family).tokens) + weight.images;
        }
        return tokens;
      },
      total: (given: readonly Message[]): number => {
        const { predicted, correction, images } = predict(given);
        return predicted + correction + images;
      },
      learn: (given: readonly Message[], actual: number, source: 'answer' | 'refusal'): void => {
        const { predicted, mix } = predict(given);
        if (source === 'answer') this.calibration.observe(model, mix, { predicted, actual });
        else this.calibration.observeRefusal(model, mix, { predicted, actual });
      },
    };
  }

  /** A request as it goes over the wire, exactly as far as the layout is known; undefined without the vocabulary. */
  countRequest({ messages, ...options }: CohereChatRequest): PromptCount | undefined {
    if (!this.#encoder) return undefined;
    return countPrompt(options, messages, familyOf(options.model), text => this.#countAgain(text));
  }

  #counter(): Count {
    const encoder = this.#encoder;
    // Counting blocks the process: beyond some tens of milliseconds a figure with a margin has to do.
    return text => {
      if (text.length > longestEstimated) return Math.ceil(text.length / charactersPerToken);
      return encoder && text.length <= longestCounted ? encoder.count(text) : estimateTokens(text);
    };
  }

  /** Agents send the same tools with each request. */
  #countAgain(text: string): number {
    let tokens = this.#counted.get(text);
    if (tokens === undefined) {
      tokens = this.#counter()(text);
      if (this.#counted.size >= maxCounted) this.#counted.clear();
      this.#counted.set(text, tokens);
    }
    return tokens;
  }
}
