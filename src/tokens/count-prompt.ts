// A whole request: the sum over its pieces.
import type { CohereMessage } from '../cohere/wire.ts';
import {
  countMessage,
  type MessageWeight,
  type Place,
  placeMessage,
  startOfHistory,
} from './count-message.ts';
import { countOverhead, type HistoryFacts, type PromptOptions } from './count-overhead.ts';
import type { Family } from './families.ts';
import type { Count } from './parts.ts';

export interface PromptCount {
  /** What Cohere reports as `usage.tokens.input_tokens`. */
  readonly tokens: number;
  /** What it reports beside them, as `image_tokens`. */
  readonly images: number;
  /** The part of `tokens` that is not history. */
  readonly overhead: number;
  /** Of each message, at its place. */
  readonly messages: readonly number[];
}

export type Weigh = (message: CohereMessage) => MessageWeight;

/** @param weigh for whoever keeps the weights of messages; each is counted anew without it */
export function countPrompt(
  options: PromptOptions,
  messages: readonly CohereMessage[],
  family: Family,
  count: Count,
  weigh: Weigh = message => countMessage(message, family, count),
): PromptCount {
  let history = startHistory((options.documents?.length ?? 0) > 0);
  const placed = messages.map(message => {
    const before = history.tokens;
    history = addToHistory(history, weigh(message), family);
    return history.tokens - before;
  });
  const overhead = countOverhead(options, family, history, count);
  return { tokens: overhead + history.tokens, images: history.images, overhead, messages: placed };
}

/**
 * The messages so far. Kept with a conversation, a turn adds what is new in it and costs the same wherever it stands;
 * only a history that was cut is added up again, from weights that are kept.
 */
export interface HistoryCount extends HistoryFacts {
  readonly tokens: number;
  readonly images: number;
  readonly place: Place;
}

/** @param documents whether the request has any */
export function startHistory(documents: boolean): HistoryCount {
  return { tokens: 0, images: 0, developerText: false, calls: false, place: startOfHistory(documents) };
}

export function addToHistory(history: HistoryCount, weight: MessageWeight, family: Family): HistoryCount {
  const { tokens, place } = placeMessage(weight, history.place, family);
  return {
    tokens: history.tokens + tokens,
    images: history.images + weight.images,
    developerText:
      history.developerText || (history.place.isFirst && weight.role === 'system' && weight.tokens > 0),
    calls: history.calls || weight.calls > 0,
    place,
  };
}

/** Keeps what each message weighs for as long as the message itself is kept. */
export function keptWeights(family: Family, count: Count): Weigh {
  const kept = new WeakMap<CohereMessage, MessageWeight>();
  return message => {
    let weight = kept.get(message);
    if (!weight) {
      weight = countMessage(message, family, count);
      kept.set(message, weight);
    }
    return weight;
  };
}
