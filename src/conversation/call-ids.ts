// A conversation whose transcript was rewritten (condensed, cut at its beginning) is still known by the ids of its
// tool calls, which no client changes; and so are single replies.
import type { MessageList } from './canonical-form.ts';
import type { AssistantMessage } from './message.ts';
import { isSameMessage } from './same-message.ts';

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

/**
 * What the model is shown for a reply that a client sends, where a stored one has its call ids: the stored one, as the
 * model wrote it, if the calls and the text are the same. Otherwise the client has changed what was said, and means it.
 */
export function nativeByCallIds(sent: AssistantMessage, stored: AssistantMessage): AssistantMessage {
  return sent.toolCalls?.length && isSameMessage(stored, sent) ? stored : sent;
}
