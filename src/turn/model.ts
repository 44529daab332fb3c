// What a turn needs of a model. `cohere/client.ts` is the one that is real.
import type { Adjustments } from '../conversation/adjustments.ts';
import type { Settings, Tool, ToolChoice } from '../conversation/chat-request.ts';
import type { Message } from '../conversation/message.ts';
import type { Passage } from '../conversation/passage.ts';
import type { TurnEventBatches } from '../conversation/turn-event.ts';

/** What a model can do, in Cohere's words of `GET /v1/models`. */
export type Feature =
  | 'tools'
  | 'tool_choice'
  | 'strict_tools'
  | 'reasoning'
  | 'vision'
  | 'tool_images'
  | 'citations'
  | 'json_mode'
  | 'json_schema'
  | 'safety_modes'
  | 'logprobs';

export interface ModelInfo {
  readonly name: string;
  /** False only where the model is known not to chat (embed, rerank, transcribe …). */
  readonly chat: boolean;
  /** Tokens; the limit that Cohere enforces, not the one in its documentation. */
  readonly contextLength?: number;
  /** Tokens. */
  readonly maxOutputTokens?: number;
  /** Absent: not known. */
  readonly features?: ReadonlySet<Feature>;
  /** Where the model's own tokenizer lies. */
  readonly tokenizerUrl?: string;
}

/** Everything that one call carries, in our words, after history and new messages were put together. */
export interface Prompt {
  readonly model: string;
  readonly messages: Passage;
  readonly tools: readonly Tool[];
  readonly toolChoice: ToolChoice;
  readonly strictTools: boolean;
  readonly settings: Settings;
  readonly stream: boolean;
}

/** What Cohere's own counts have taught for one model and mix of features. */
export interface Learned {
  /** Tokens that are added to what we count; among `total` already. */
  readonly correction: number;
  /** How many of the latest answers it rests on. */
  readonly answers: number;
  /** The mix, e.g. `tools calls developer`. */
  readonly features: string;
}

/** What a prompt weighs, in tokens. */
export interface Measured {
  /** False: without the vocabulary, counts are estimates with a margin. */
  readonly isExact: boolean;
  /**
   * Counts what is new, with pauses for others where that takes long: afterwards the rest here has little to do.
   * Undefined where there is nothing to wait for.
   */
  readonly prepare: () => Promise<void> | undefined;
  /** Everything but the messages, with what was learned from Cohere's own counts. */
  readonly overhead: number;
  /** One message, wherever it stands: never less than it adds to the prompt. */
  readonly count: (message: Message) => number;
  /** The whole prompt with these messages, as Cohere will count it. Costs what is new in them. */
  readonly total: (messages: Passage) => number;
  readonly learned: (messages: Passage) => Learned;
  /** Cohere has told what a prompt with these messages really had. */
  readonly learn: (messages: Passage, actual: number, source: 'answer' | 'refusal') => void;
}

export interface PromptMeter {
  measure(prompt: Prompt, info: ModelInfo | undefined): Measured;
}

export interface CallOptions {
  /** The key to use: the proxy's own, or the client's where it is passed through. */
  readonly apiKey: string | undefined;
  readonly signal: AbortSignal;
}

export interface PreparedCall extends Adjustments {
  /**
   * Calls the model once. The promise resolves when the answer's head has come and is good; the batches end
   * with `turn-end`. Both reject with ProxyError, with `upstream_interrupted` if the end is missing.
   */
  send(options: CallOptions): Promise<TurnEventBatches>;
}

export interface ChatModel {
  /** What is known of a model; undefined for an unknown name. Asks Cohere only where nothing is known yet. */
  lookup(model: string, apiKey: string | undefined): Promise<ModelInfo | undefined>;
  /** All that chat, in Cohere's order; what is built in where Cohere cannot be asked. */
  list(apiKey: string | undefined): Promise<readonly ModelInfo[]>;
  /**
   * @param without an option that was refused, as the error's `repeat` names it
   * @throws ProxyError 400 where the prompt asks for what the model or Cohere cannot do.
   */
  prepare(prompt: Prompt, info: ModelInfo | undefined, without?: string): PreparedCall;
}
