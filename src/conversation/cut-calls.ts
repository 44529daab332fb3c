// Calls whose arguments the output limit cut are given out by a stream, as far as they came, but are not stored. Clients
// bring them back, and often a result that says that they failed: both are left out again.
import type { Fold } from './history.ts';
import type { Message } from './message.ts';

/** The ids of all of a history's cut calls. */
export const cutCallIds: Fold<ReadonlySet<string>> = {
  start: () => new Set(),
  step(ids, message) {
    if (message.role !== 'assistant' || !message.cutCalls) return ids;
    return new Set([...ids, ...message.cutCalls]);
  },
};

/** The same messages where none is among them. */
export function withoutCutCalls(messages: readonly Message[], cut: ReadonlySet<string>): readonly Message[] {
  if (cut.size === 0) return messages;
  return messages.flatMap((message): readonly Message[] => {
    if (message.role === 'tool') return cut.has(message.toolCallId) ? [] : [message];
    if (message.role !== 'assistant' || !message.toolCalls?.some(({ id }) => cut.has(id))) return [message];
    const { toolCalls, ...said } = message;
    const whole = toolCalls.filter(({ id }) => !cut.has(id));
    return [whole.length > 0 ? { ...said, toolCalls: whole } : said];
  });
}
