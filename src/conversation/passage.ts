// What a model is to be told, in order: the leading messages, a stored history as far as it is shown, and the rest.
// Kept apart so that what is derived from the history is derived once.
import { type Fold, History, type View } from './history.ts';
import { holdsImage, type Message } from './message.ts';
import { NativeCallIds, nativeCallIds } from './native-call-ids.ts';

export interface PassageFacts {
  readonly holdsImage: boolean;
  readonly holdsCalls: boolean;
  /** Of the tools that were called, in order. */
  readonly toolNames: ReadonlySet<string>;
}

export class Passage implements Iterable<Message> {
  readonly lead: readonly Message[];
  readonly history: History;
  readonly view: View | undefined;
  readonly rest: readonly Message[];
  #facts: PassageFacts | undefined;

  constructor(parts: {
    lead: readonly Message[];
    history: History;
    view?: View | undefined;
    rest: readonly Message[];
  }) {
    this.lead = parts.lead;
    this.history = parts.history;
    this.view = parts.view;
    this.rest = parts.rest;
  }

  static of(messages: readonly Message[]): Passage {
    return new Passage({ lead: [], history: History.empty, rest: messages });
  }

  *[Symbol.iterator](): Generator<Message> {
    yield* this.lead;
    if (this.view) {
      let place = 0;
      for (const message of this.history) {
        yield* this.view.show(message, place);
        place += 1;
      }
    } else yield* this.history;
    yield* this.rest;
  }

  get facts(): PassageFacts {
    this.#facts ??= this.#gather();
    return this.#facts;
  }

  /** The ids by which Cohere knows the calls. */
  callIds(): NativeCallIds {
    const ids = new NativeCallIds(this.history.fold(nativeCallIds, this.view));
    for (const message of this.rest) ids.add(message);
    return ids;
  }

  #gather(): PassageFacts {
    const before = this.history.fold(facts, this.view);
    if (this.rest.every(isPlain)) return before;
    let gathered: Facts = { ...before, toolNames: new Set(before.toolNames) };
    for (const message of this.rest) gathered = facts.step(gathered, message);
    return gathered;
  }
}

interface Facts extends PassageFacts {
  readonly toolNames: Set<string>;
}

/** Nothing to be noted of it. */
function isPlain(message: Message): boolean {
  return !holdsImage(message) && !(message.role === 'assistant' && message.toolCalls?.length);
}

const facts: Fold<Facts> = {
  start: () => ({ holdsImage: false, holdsCalls: false, toolNames: new Set() }),
  step(state, message) {
    if (isPlain(message)) return state;
    const calls = message.role === 'assistant' ? (message.toolCalls ?? []) : [];
    for (const { name } of calls) state.toolNames.add(name);
    return {
      holdsImage: state.holdsImage || holdsImage(message),
      holdsCalls: state.holdsCalls || calls.length > 0,
      toolNames: state.toolNames,
    };
  },
};
