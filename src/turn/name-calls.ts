// Tool calls as the client may see them: ids that every client takes (`[A-Za-z0-9_-]{1,64}`) and that are unique
// in the session; and only the first call where the client asked for no parallel ones, which Cohere cannot promise.
import type { Message } from '../conversation/message.ts';
import type { TurnEvent } from '../conversation/turn-event.ts';

const usableId = /^[A-Za-z0-9_-]{1,64}$/;

export class CallNamer {
  readonly #history: readonly Message[];
  readonly #onlyFirst: boolean;
  readonly #makeId: () => string;
  #taken: Set<string> | undefined;
  #first: number | undefined;

  constructor(options: { history: readonly Message[]; onlyFirst: boolean; makeId: () => string }) {
    this.#history = options.history;
    this.#onlyFirst = options.onlyFirst;
    this.#makeId = options.makeId;
  }

  /** The same batch where nothing had to change. */
  name(batch: readonly TurnEvent[]): readonly TurnEvent[] {
    if (!batch.some(event => isCall(event))) return batch;
    return batch.flatMap(event => {
      if (!isCall(event)) return event;
      if (event.type === 'tool-call-start') this.#first ??= event.index;
      if (this.#onlyFirst && event.index !== this.#first) return [];
      return event.type === 'tool-call-start' ? this.#nameCall(event) : event;
    });
  }

  #nameCall(event: Extract<TurnEvent, { type: 'tool-call-start' }>): TurnEvent {
    this.#taken ??= idsOf(this.#history);
    const { id } = event;
    const isUsable = usableId.test(id) && !this.#taken.has(id);
    const given = isUsable ? id : this.#makeId();
    this.#taken.add(given);
    if (isUsable) return event;
    return { ...event, id: given, ...(id === '' ? {} : { nativeId: id }) };
  }
}

type CallEvent = Extract<TurnEvent, { type: 'tool-call-start' | 'tool-call-delta' | 'tool-call-end' }>;

function isCall(event: TurnEvent): event is CallEvent {
  return (
    event.type === 'tool-call-start' || event.type === 'tool-call-delta' || event.type === 'tool-call-end'
  );
}

function idsOf(messages: readonly Message[]): Set<string> {
  const ids = new Set<string>();
  for (const message of messages) {
    if (message.role === 'assistant') for (const call of message.toolCalls ?? []) ids.add(call.id);
  }
  return ids;
}
