// Which id Cohere knows a call by. Clients are given ids of our making, Cohere is told its own again; where one would come
// twice in a prompt, which Cohere refuses, the later call goes by another.
import type { Fold } from './history.ts';
import type { Citation, JsonObject, Message } from './message.ts';

export class NativeCallIds {
  readonly #before: NativeCallIds | undefined;
  /** By the client's ids. */
  readonly #ids = new Map<string, string>();
  /** The client's ids by Cohere's. */
  readonly #clientIds = new Map<string, string>();

  /** @param before those of the messages in front, which do not change */
  constructor(before?: NativeCallIds) {
    this.#before = before;
  }

  /** To be told in the order of the prompt, each message before it is written. */
  add(message: Message): void {
    if (message.role !== 'assistant') return;
    for (const { id, nativeId = id } of message.toolCalls ?? []) {
      const told = [nativeId, id].find(one => !this.isTaken(one)) ?? this.#another(id);
      this.#ids.set(id, told);
      this.#clientIds.set(told, id);
    }
  }

  toCohere(id: string): string {
    return this.#ids.get(id) ?? this.#before?.toCohere(id) ?? id;
  }

  toClient(nativeId: string): string {
    return this.#clientIds.get(nativeId) ?? this.#before?.toClient(nativeId) ?? nativeId;
  }

  /** Whether Cohere is told a call by this id already. */
  isTaken(nativeId: string): boolean {
    return this.#clientIds.has(nativeId) || this.#before?.isTaken(nativeId) === true;
  }

  #another(id: string): string {
    let number = 2;
    while (this.isTaken(`${id}_${number}`)) number += 1;
    return `${id}_${number}`;
  }
}

export const nativeCallIds: Fold<NativeCallIds> = {
  start: () => new NativeCallIds(),
  step(ids, message) {
    ids.add(message);
    return ids;
  },
};

/** A citation whose sources name their calls by other ids. Cohere: `<call id>:<number>`. */
export function renameSources(citation: Citation, rename: (callId: string) => string): Citation {
  if (!citation.sources.some(({ type }) => type === 'tool')) return citation;
  const sources = citation.sources.map((source): JsonObject => {
    const { type, id } = source;
    if (type !== 'tool' || typeof id !== 'string') return source;
    const end = id.lastIndexOf(':');
    const callId = end === -1 ? id : id.slice(0, end);
    const renamed = rename(callId);
    return renamed === callId ? source : { ...source, id: renamed + id.slice(callId.length) };
  });
  return { ...citation, sources };
}
