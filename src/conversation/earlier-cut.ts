// Where no cut is remembered (no store, a restart, another branch): the one that an earlier turn was given. Else each
// request would be cut anew, a little further on, and nothing of the former prompt would stay a prefix.
import type { Message } from './message.ts';
import { type Cut, intelligentTruncateMessages, type TruncateOptions, targetShare } from './truncate.ts';

/** Pure: all requests of a growing conversation find the same cut, until a quarter of the budget has come in. */
export function earlierCut(
  messages: readonly Message[],
  budget: number,
  { count, wordsInResults }: Pick<TruncateOptions, 'count' | 'wordsInResults'>,
): Cut | undefined {
  let total = 0;
  for (const message of messages) total += count(message);
  if (total <= budget || budget <= 0) return undefined;
  // Each cut frees so much: the budget was passed, and passed again each time that as much had come in.
  const freed = budget * (1 - targetShare);
  const passed = budget + Math.floor((total - budget) / freed) * freed;
  let sum = 0;
  // A request ends where the model is to speak.
  const end = messages.findIndex(message => {
    if (sum > passed && message.role === 'assistant') return true;
    sum += count(message);
    return false;
  });
  return end === -1
    ? undefined
    : intelligentTruncateMessages(messages.slice(0, end), budget, { count, wordsInResults }).cut;
}
