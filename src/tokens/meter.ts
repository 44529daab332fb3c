// Measures prompts: the history message by message, each counted once and kept, and everything around it; corrected
// by what Cohere itself has counted before for this model and mix of features.
import type { CohereChatOptions, CohereMessage, CohereTool } from '../cohere/wire.ts';
import type { Message } from '../conversation/message.ts';
import type { Passage } from '../conversation/passage.ts';
import { Calibration } from './calibration.ts';
import { placeMessage } from './count-message.ts';
import { countOverhead, type HistoryFacts, overheadTexts } from './count-overhead.ts';
import { countPrompt, type PromptCount } from './count-prompt.ts';
import type { Encoder } from './encoder.ts';
import { type Family, familyOf } from './families.ts';
import { featureMix } from './feature-mix.ts';
import { type Format, Scale } from './scale.ts';
import { TextCounter } from './text-counter.ts';

export interface CohereChatRequest extends CohereChatOptions {
  readonly messages: readonly CohereMessage[];
}

/** A prompt as Cohere sees it. */
export interface DescribedPrompt {
  readonly options: CohereChatOptions;
  /** The same object for the same form of messages. */
  readonly form: object;
  readonly format: Format;
}

/** Where a message costs most: calls and results are numbered, and large numbers have more digits. */
const leadingPlace = { isFirst: true, afterTool: false, calls: 0, answering: 0, results: 0 };
const distantPlace = { isFirst: false, afterTool: false, calls: 9_999, answering: 9_999, results: 9_999 };
const everyFacts = [false, true].flatMap(developerText =>
  [false, true].map(calls => ({ developerText, calls })),
);

const maxAround = 256;

/** All that was counted with one vocabulary. */
class Counted {
  readonly counter: TextCounter;
  readonly #scales = new WeakMap<object, Map<Family, Scale>>();
  readonly #around = new WeakMap<readonly CohereTool[], Map<string, number>>();

  constructor(encoder: Encoder | undefined) {
    this.counter = new TextCounter(encoder);
  }

  scaleOf(form: object, family: Family): Scale {
    const scales = this.#scales.get(form) ?? new Map<Family, Scale>();
    this.#scales.set(form, scales);
    const scale = scales.get(family) ?? new Scale(family, this.counter);
    scales.set(family, scale);
    return scale;
  }

  /** Whether nothing of it has to be counted anew: agents send the same tools with each request. */
  isCounted({ tools, documents, response_format }: CohereChatOptions): boolean {
    return !documents && !response_format && (!tools || this.#around.has(tools));
  }

  /** Everything but the history. What has tools and nothing else that is large is counted once for the same tools. */
  around(options: CohereChatOptions, family: Family, facts: HistoryFacts): number {
    const count = () => countOverhead(options, family, facts, text => this.counter.countAgain(text));
    const { tools, documents, response_format, tool_choice, thinking, citation_options, safety_mode } =
      options;
    if (!tools || documents || response_format) return count();
    const counts = this.#around.get(tools) ?? new Map<string, number>();
    this.#around.set(tools, counts);
    const { developerText, calls } = facts;
    const rest = [tool_choice, thinking?.type, citation_options?.mode, safety_mode, developerText, calls];
    const name = `${family.name} ${rest.join(' ')}`;
    const tokens = counts.get(name) ?? count();
    // Clients choose some of these words.
    if (counts.size < maxAround) counts.set(name, tokens);
    return tokens;
  }
}

export class TokenMeter {
  readonly calibration = new Calibration();
  readonly #ownEncoder: (model: string) => Encoder | undefined;
  readonly #counted = new WeakMap<Encoder, Counted>();
  /** Without a vocabulary of the model's own. */
  #usual = new Counted(undefined);

  /** @param ownEncoder the model's own vocabulary, where it is there by now */
  constructor(ownEncoder: (model: string) => Encoder | undefined = () => undefined) {
    this.#ownEncoder = ownEncoder;
  }

  /** From now on counts are exact for every model. */
  use(encoder: Encoder): void {
    this.#usual = this.#countedWith(encoder);
  }

  measure({ options, form, format }: DescribedPrompt, messages: Passage) {
    const { model } = options;
    const family = familyOf(model);
    // A turn keeps to one vocabulary from its beginning to its end.
    const counted = this.#countedFor(model);
    const scale = counted.scaleOf(form, family);
    const isExact = counted.counter.encoder !== undefined;
    const use = { format, documents: (options.documents?.length ?? 0) > 0 };
    const around = (facts: HistoryFacts) => counted.around(options, family, facts);
    const predict = (given: Passage) => {
      const history = scale.weighPassage(given, use);
      const mix = featureMix(options, { ...history, images: history.images > 0, estimated: !isExact });
      const predicted = around(history) + history.tokens;
      const correction = this.calibration.correction(model, mix, predicted);
      return { predicted, mix, correction, images: history.images };
    };
    return {
      isExact,
      prepare: (): Promise<void> | undefined => scale.prepare(messages, use, overheadTexts(options, family)),
      get overhead(): number {
        // What is cut may change what stands around the rest: the dearest case is taken.
        const dearest = Math.max(...everyFacts.map(around));
        return dearest + Math.max(0, predict(messages).correction);
      },
      count: (message: Message): number => {
        let tokens = 0;
        for (const weight of scale.weigh(message, format)) {
          const leading = weight.role === 'system' ? placeMessage(weight, leadingPlace, family).tokens : 0;
          tokens += Math.max(leading, placeMessage(weight, distantPlace, family).tokens) + weight.images;
        }
        return tokens;
      },
      total: (given: Passage): number => {
        const { predicted, correction, images } = predict(given);
        return predicted + correction + images;
      },
      learned: (given: Passage) => {
        const { mix, correction } = predict(given);
        return { correction, answers: this.calibration.answers(model, mix), features: mix };
      },
      learn: (given: Passage, actual: number, source: 'answer' | 'refusal'): void => {
        const { predicted, mix } = predict(given);
        if (source === 'answer') this.calibration.observe(model, mix, { predicted, actual });
        else this.calibration.observeRefusal(model, mix, { predicted, actual });
      },
    };
  }

  /** A request as it goes over the wire, exactly as far as the layout is known; undefined without the vocabulary. */
  countRequest({ messages, ...options }: CohereChatRequest): PromptCount | undefined {
    const { counter } = this.#countedFor(options.model);
    if (!counter.encoder) return undefined;
    return countPrompt(options, messages, familyOf(options.model), text => counter.countAgain(text));
  }

  #countedFor(model: string): Counted {
    const own = this.#ownEncoder(model);
    return own ? this.#countedWith(own) : this.#usual;
  }

  #countedWith(encoder: Encoder): Counted {
    const counted = this.#counted.get(encoder) ?? new Counted(encoder);
    this.#counted.set(encoder, counted);
    return counted;
  }
}
