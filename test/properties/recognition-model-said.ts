// What was really said in a conversation, apart from how anybody writes it down.
import type { NativeMessage } from '../clients/native-answer.ts';
import type { WireCall } from '../clients/transcript-client.ts';
import { randomSource } from '../support/seed.ts';
import type { Pick } from './transcript-losses.ts';

export type Said =
  | { readonly role: 'user'; readonly text: string }
  | { readonly role: 'tool'; readonly callId: string; readonly text: string }
  | Answer;

export interface Answer {
  readonly role: 'assistant';
  /** As the client was shown them. */
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly WireCall[];
  /** As Cohere said it; absent where the words are the client's own. */
  readonly native?: NativeMessage;
}

export function user(text: string): Said {
  return { role: 'user', text };
}

/** The client's own words in the place of an answer, or an answer of which nobody knows more. */
export function inClientsWords({ text, reasoning, calls }: Answer): Answer {
  return { role: 'assistant', text, reasoning, calls };
}

/** Equal where the same was said. */
export function keyOf(said: Said): string {
  switch (said.role) {
    case 'user':
      return JSON.stringify(['user', said.text]);
    case 'tool':
      return JSON.stringify(['tool', said.callId, said.text]);
    case 'assistant': {
      const calls = said.calls.map(({ id, function: { name } }) => [id, name]);
      return JSON.stringify(['assistant', said.text.trim(), calls]);
    }
    default:
      return said satisfies never;
  }
}

/** Neighbouring results come in any order: here in one that depends on nothing but them. */
export function withSortedResults<Item extends { readonly role: string }>(
  items: readonly Item[],
  nameOf: (item: Item) => string,
): Item[] {
  const sorted: Item[] = [];
  let start = 0;
  for (const item of items) {
    sorted.push(item);
    if (item.role !== 'tool') {
      start = sorted.length;
      continue;
    }
    const step = sorted.splice(start).sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
    sorted.push(...step);
  }
  return sorted;
}

export function keysOf(said: readonly Said[]): string[] {
  return withSortedResults(said, keyOf).map(keyOf);
}

/** Always the first value where the number is 0: what is shrunk becomes plain. */
export function pickBy(number: number): Pick {
  const random = number === 0 ? () => 0 : randomSource(`recognition ${number}`);
  return <Value>(...values: readonly Value[]) => values[Math.floor(random() * values.length)] as Value;
}

/** Every client has words of its own: `word3q7z` is the seventh of client 3. */
export const ownWord = /word(\d+)q\d+z/g;
