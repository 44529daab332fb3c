// What was said, as an immutable list that only grows at its end. Lists that begin alike share what they have in
// common, and what is derived from the messages one by one (counts, bytes, digests) is kept with the list: turn 1,000
// pays for what is new in it, as turn 10 does.
import type { Message } from './message.ts';

/**
 * Something derived from messages in order. Kept for as long as the list and this very object live. A step may change
 * what it was given: a state is never continued twice.
 */
export interface Fold<S> {
  start(): S;
  step(state: S, message: Message): S;
}

/** What is shown of a list: other messages in the place of each, or none. What is derived is kept by this object. */
export interface View {
  show(message: Message, place: number): readonly Message[];
}

interface Kept {
  readonly place: number;
  readonly state: unknown;
}

/** Messages that several lists begin with, each with as many of them as it is long. */
class Log {
  readonly messages: Message[];
  readonly #kept = new WeakMap<View, WeakMap<object, Kept>>();

  constructor(messages: Message[]) {
    this.messages = messages;
  }

  keptBy(view: View): WeakMap<object, Kept> {
    let kept = this.#kept.get(view);
    if (!kept) {
      kept = new WeakMap();
      this.#kept.set(view, kept);
    }
    return kept;
  }
}

const whole: View = { show: message => [message] };

export class History implements Iterable<Message> {
  static readonly empty = new History(new Log([]), 0);

  readonly length: number;
  readonly #log: Log;

  private constructor(log: Log, length: number) {
    this.#log = log;
    this.length = length;
  }

  static of(messages: Iterable<Message>): History {
    const log = new Log([...messages]);
    return new History(log, log.messages.length);
  }

  at(place: number): Message | undefined {
    return place >= 0 && place < this.length ? this.#log.messages[place] : undefined;
  }

  /** Lists with the same one hold the same messages, as far as both go. */
  get origin(): object {
    return this.#log;
  }

  /** Costs what is new, except where another list already went on from here in another way. */
  append(messages: readonly Message[]): History {
    if (messages.length === 0) return this;
    const log = this.#log.messages.length === this.length && this.length > 0 ? this.#log : new Log([...this]);
    for (const message of messages) log.messages.push(message);
    return new History(log, log.messages.length);
  }

  /** The first so many. */
  take(length: number): History {
    return length >= this.length ? this : new History(this.#log, Math.max(0, length));
  }

  *[Symbol.iterator](): Generator<Message> {
    const { messages } = this.#log;
    for (let place = 0; place < this.length; place += 1) {
      const message = messages[place];
      if (message) yield message;
    }
  }

  slice(start = 0, end = this.length): Message[] {
    return this.#log.messages.slice(start, Math.min(end, this.length));
  }

  /** What is derived is derived anew, the next time. */
  forget(fold: Fold<unknown>, view: View = whole): void {
    this.#log.keptBy(view).delete(fold);
  }

  /** From which place on a fold has to go through messages; their number where it need not. */
  foldedTo(fold: Fold<unknown>, view: View = whole): number {
    const { place } = this.#log.keptBy(view).get(fold) ?? { place: 0 };
    return place <= this.length ? place : 0;
  }

  fold<S>(fold: Fold<S>, view: View = whole): S {
    const keptBy = this.#log.keptBy(view);
    const kept = keptBy.get(fold);
    // What is kept may belong to a list that is longer: then this one is gone through by itself.
    const isUsable = kept !== undefined && kept.place <= this.length;
    let state = isUsable ? (kept.state as S) : fold.start();
    const { messages } = this.#log;
    for (let place = isUsable ? kept.place : 0; place < this.length; place += 1) {
      const message = messages[place];
      if (!message) continue;
      if (view === whole) state = fold.step(state, message);
      else for (const shown of view.show(message, place)) state = fold.step(state, shown);
    }
    if (isUsable || !kept) keptBy.set(fold, { place: this.length, state });
    return state;
  }
}
