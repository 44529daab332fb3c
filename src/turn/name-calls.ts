// Tool calls as the client may see them: ids that every client takes (`[A-Za-z0-9_-]{1,64}`) and that are unique
// in the session; and only the first call where the client asked for no parallel ones, which Cohere cannot promise.
import { ProxyError } from '../conversation/errors.ts';
import type { TurnEvent } from '../conversation/turn-event.ts';

const usableId = /^[A-Za-z0-9_-]{1,64}$/;

export class CallNamer {
  readonly #isTaken: (id: string) => boolean;
  readonly #onlyFirst: boolean;
  readonly #makeId: () => string;
  readonly #named = new Set<string>();
  #first: number | undefined;

  /** @param options.isTaken whether the session holds a call with this id */
  constructor(options: { isTaken: (id: string) => boolean; onlyFirst: boolean; makeId: () => string }) {
    this.#isTaken = options.isTaken;
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
    const { id, name } = event;
    // Nobody could run it, and Cohere would refuse to hear it again: the model failed, as it may not the next time.
    if (name.trim() === '') {
      throw new ProxyError('upstream_invalid_response', 'Cohere called a tool without a name.', {
        repeat: 'as-is',
      });
    }
    const isUsable = usableId.test(id) && !this.#named.has(id) && !this.#isTaken(id);
    const given = isUsable ? id : this.#makeId();
    this.#named.add(given);
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
