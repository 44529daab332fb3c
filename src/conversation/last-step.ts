// A session waits for the results of its last calls. Many clients send the message with the calls again before the
// results, as OpenAI's protocol has it: that is no history in the place of the stored one.
import type { History } from './history.ts';
import type { Message } from './message.ts';

/**
 * Where the step begins in the history that the sent messages begin with: its last message with calls, with nothing but
 * results behind it. Undefined where they begin with anything else.
 */
export function lastStepIn(history: History, [first]: readonly Message[]): number | undefined {
  if (first?.role !== 'assistant' || !first.toolCalls?.length) return undefined;
  for (let place = history.length - 1; place >= 0; place -= 1) {
    const message = history.at(place);
    if (message?.role === 'tool') continue;
    if (message?.role !== 'assistant') return undefined;
    const ids = new Set(message.toolCalls?.map(({ id }) => id));
    return first.toolCalls.every(({ id }) => ids.has(id)) ? place : undefined;
  }
  return undefined;
}
