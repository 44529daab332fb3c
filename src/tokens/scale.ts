// Weighs messages for one vocabulary, layout and form, each of them once. What was weighed is kept with it, so that
// nothing of another vocabulary can get among it.
import { setImmediate } from 'node:timers/promises';
import type { CohereMessage } from '../cohere/wire.ts';
import type { Fold } from '../conversation/history.ts';
import type { Message } from '../conversation/message.ts';
import type { Passage } from '../conversation/passage.ts';
import { countMessage, countMessageSliced, type MessageWeight } from './count-message.ts';
import { addToHistory, type HistoryCount, startHistory } from './count-prompt.ts';
import type { Family } from './families.ts';
import type { TextCounter } from './text-counter.ts';

export type Format = (message: Message) => readonly CohereMessage[];

export interface ScaleUse {
  /** The same for the same message, but for names of tools that collide, which is rare. */
  readonly format: Format;
  /** Whether the request has any. */
  readonly documents: boolean;
}

/** Counting gives way to others after so long; texts from this length on are counted in slices. */
const sliceMs = 10;
const slicedFrom = 20_000;
/** A message costs as much as so many characters before any of it is counted. */
const perMessage = 200;

export class Scale {
  readonly family: Family;
  readonly #counter: TextCounter;
  readonly #weights = new WeakMap<Message, readonly MessageWeight[]>();
  readonly #folds = new Map<string, Fold<HistoryCount>>();

  constructor(family: Family, counter: TextCounter) {
    this.family = family;
    this.#counter = counter;
  }

  /**
   * Where there is much that was not weighed before: does it with pauses for others.
   * @param around texts that stand around the messages
   */
  prepare(
    { lead, history, view, rest }: Passage,
    use: ScaleUse,
    around: readonly string[],
  ): Promise<void> | undefined {
    const folded = history.foldedTo(this.#foldOf(use, lead.length > 0), view);
    const isNew = (message: Message) => !this.#weights.has(message);
    const fresh = [...lead, ...history.slice(folded), ...rest].filter(isNew);
    let characters = 0;
    for (const message of fresh) characters += perMessage + lengthOf(message);
    const long = around.filter(text => text.length >= slicedFrom);
    if (characters < slicedFrom && long.length === 0) return undefined;
    return this.#prepare(fresh, use.format, long);
  }

  async #prepare(messages: readonly Message[], format: Format, texts: readonly string[]): Promise<void> {
    for (const text of texts) await this.#counter.prepare(text, sliceMs);
    await this.#weighSliced(messages, format);
  }

  weigh(message: Message, format: Format): readonly MessageWeight[] {
    let weights = this.#weights.get(message);
    if (!weights) {
      const count = (text: string) => this.#counter.count(text);
      weights = isBeyondAll(message)
        ? [beyondAll(message)]
        : format(message).map(formatted => countMessage(formatted, this.family, count));
      this.#weights.set(message, weights);
    }
    return weights;
  }

  /** Costs what is new in the passage. */
  weighPassage({ lead, history, view, rest }: Passage, use: ScaleUse): HistoryCount {
    const add = (count: HistoryCount, message: Message) => this.#add(count, message, use.format);
    let count = lead.reduce(add, startHistory(use.documents));
    if (history.length > 0) {
      const kept = history.fold(this.#foldOf(use, !count.place.isFirst), view);
      count = {
        tokens: count.tokens + kept.tokens,
        images: count.images + kept.images,
        developerText: count.developerText || kept.developerText,
        calls: count.calls || kept.calls,
        place: kept.place,
      };
    }
    return rest.reduce(add, count);
  }

  async #weighSliced(messages: readonly Message[], format: Format): Promise<void> {
    let pauseAt = performance.now() + sliceMs;
    for (const message of messages) {
      if (lengthOf(message) < slicedFrom || isBeyondAll(message)) this.weigh(message, format);
      else {
        const count = (text: string) => this.#counter.countSliced(text, sliceMs);
        const weights: MessageWeight[] = [];
        for (const formatted of format(message))
          weights.push(await countMessageSliced(formatted, this.family, count));
        this.#weights.set(message, weights);
      }
      if (performance.now() < pauseAt) continue;
      await setImmediate();
      pauseAt = performance.now() + sliceMs;
    }
  }

  #add(count: HistoryCount, message: Message, format: Format): HistoryCount {
    let added = count;
    for (const weight of this.weigh(message, format)) added = addToHistory(added, weight, this.family);
    return added;
  }

  /** The count of a history behind a system text, or without one. */
  #foldOf({ format, documents }: ScaleUse, hasLead: boolean): Fold<HistoryCount> {
    const name = `${hasLead} ${documents}`;
    let fold = this.#folds.get(name);
    if (!fold) {
      const start = startHistory(documents);
      fold = {
        start: () => ({ ...start, place: { ...start.place, isFirst: !hasLead } }),
        step: (count, message) => this.#add(count, message, format),
      };
      this.#folds.set(name, fold);
    }
    return fold;
  }
}

/** Characters above which no model takes a message, whatever they are: to count them exactly helps nobody. */
const longestCounted = 2_000_000;
/** Of such a text: few, so that the figure is high. */
const charactersPerToken = 2;

function isBeyondAll(message: Message): boolean {
  return lengthOf(message) > longestCounted;
}

function beyondAll(message: Message): MessageWeight {
  const { role } = message;
  const calls = role === 'assistant' ? (message.toolCalls?.length ?? 0) : 0;
  const results = role === 'tool' ? 1 : 0;
  return { role, calls, results, tokens: Math.ceil(lengthOf(message) / charactersPerToken), images: 0 };
}

const lengths = new WeakMap<Message, number>();

/** Characters of everything in a message that the model may read. */
function lengthOf(message: Message): number {
  const known = lengths.get(message);
  if (known !== undefined) return known;
  const length = measure(message);
  lengths.set(message, length);
  return length;
}

function measure(message: Message): number {
  const { content = '' } = message;
  let length = 0;
  if (typeof content === 'string') length = content.length;
  else
    for (const part of content) {
      if (part.type === 'document')
        length += (typeof part.data === 'string' ? part.data : JSON.stringify(part.data)).length;
      else if (part.type !== 'image') length += part.text.length;
    }
  if (message.role !== 'assistant') return length;
  length += message.toolPlan?.length ?? 0;
  for (const call of message.toolCalls ?? []) length += call.arguments.length;
  return length;
}
