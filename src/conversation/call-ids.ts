// A conversation whose transcript was rewritten (condensed, cut at its beginning) is still known by the ids of its
// tool calls, which no client changes; and so are single replies.
import type { MessageList } from './canonical-form.ts';

/** Of the calls in a transcript, the newest first, each once. */
export function callIdsOf(messages: MessageList, limit = 64): readonly string[] {
  const ids = new Set<string>();
  for (let place = messages.length - 1; place >= 0 && ids.size < limit; place -= 1) {
    const message = messages.at(place);
    const calls = message?.role === 'assistant' ? (message.toolCalls ?? []) : [];
    for (let index = calls.length - 1; index >= 0 && ids.size < limit; index -= 1) {
      const id = calls[index]?.id;
      if (id !== undefined) ids.add(id);
    }
  }
  return [...ids];
}
