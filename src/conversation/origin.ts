// Which assistant messages are answers that this proxy gave out. The stored message says so; the look of its ids does
// not, since clients and other servers repeat ids from one conversation to the next.
import type { AssistantMessage, Message, ToolCall } from './message.ts';

/** Whether this proxy gave it out, so that its call ids are of one conversation alone. */
export function isOwnReply({ origin, toolPlan, citations, toolCalls }: AssistantMessage): boolean {
  if (origin !== undefined) return origin === 'reply';
  // Stored by version 0.1. Only Cohere's answers have plans and citations; a text proves nothing either way.
  if (toolPlan !== undefined || citations !== undefined || !toolCalls?.length) return true;
  return toolCalls.every(isRandomCall);
}

/** What a client brings is its own word, until it is found to be an answer of ours. */
export function markBrought<M extends Message>(message: M): M {
  return message.role === 'assistant' && message.origin === undefined
    ? { ...message, origin: 'client' }
    : message;
}

/** Whether its id was made here, so that no other call has it. Version 0.1 gave out Cohere's own, where they were usable. */
export function isMadeCall({ nativeId }: ToolCall): boolean {
  return nativeId !== undefined;
}

/**
 * For what version 0.1 stored: an id that ends as Cohere's do (`get_weather_1byjy32y4hvq`) is no client's count
 * (`call_0`, `functions.f:0`), nor one that is always the same (`call_0000000000`).
 */
function isRandomCall(call: ToolCall): boolean {
  if (isMadeCall(call)) return true;
  const end = /(?<![A-Za-z0-9])[A-Za-z0-9]{10,}$/.exec(call.id.slice(-40))?.[0] ?? '';
  return /\d/.test(end) && /[A-Za-z]/.test(end) && new Set(end).size >= 6;
}
