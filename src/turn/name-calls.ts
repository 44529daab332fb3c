// Tool calls as the client sees them: with ids of our making, which every client takes as they are and which are given
// once, with Cohere's beside them; and only the first call where the client asked for no parallel ones, which Cohere
// cannot promise.
import { ProxyError } from '../conversation/errors.ts';
import type { TurnEvent } from '../conversation/turn-event.ts';

export class CallNamer {
  readonly #onlyFirst: boolean;
  readonly #makeId: () => string;
  #first: number | undefined;

  constructor(options: { onlyFirst: boolean; makeId: () => string }) {
    this.#onlyFirst = options.onlyFirst;
    this.#makeId = options.makeId;
  }

  /** The same batch where there are none. */
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
    const { id, name } = event;
    // Nobody could run it, and Cohere would refuse to hear it again: the model failed, as it may not the next time.
    if (name.trim() === '') {
      throw new ProxyError('upstream_invalid_response', 'Cohere called a tool without a name.', {
        repeat: 'as-is',
      });
    }
    return { ...event, id: this.#makeId(), ...(id === '' ? {} : { nativeId: id }) };
  }
}

type CallEvent = Extract<TurnEvent, { type: 'tool-call-start' | 'tool-call-delta' | 'tool-call-end' }>;

function isCall(event: TurnEvent): event is CallEvent {
  return (
    event.type === 'tool-call-start' || event.type === 'tool-call-delta' || event.type === 'tool-call-end'
  );
}
