// Whether a message that a client sends is the stored one: whether their canonical forms are equal. Nothing is made
// where both are shaped alike, which is nearly always.
import { answerText, placedImages, spokenText } from './canonical-form.ts';
import type { AssistantMessage, Message, ToolCall, ToolMessage, UserMessage } from './message.ts';

type SpokenMessage = UserMessage | ToolMessage;
type Part = Exclude<SpokenMessage['content'], string>[number];

export function isSameMessage(a: Message, b: Message): boolean {
  switch (a.role) {
    case 'system':
      // Not compared: no two are told to be the same.
      return false;
    case 'user':
      return b.role === 'user' && hasSameContent(a, b);
    case 'tool':
      return b.role === 'tool' && a.toolCallId === b.toolCallId && hasSameContent(a, b);
    case 'assistant':
      return b.role === 'assistant' && hasSameCalls(a, b) && saysTheSame(a, b);
    default:
      return a satisfies never;
  }
}

function hasSameContent(a: SpokenMessage, b: SpokenMessage): boolean {
  if (typeof a.content === 'string' && typeof b.content === 'string') return a.content === b.content;
  if (typeof a.content === 'object' && typeof b.content === 'object' && areSame(a.content, b.content))
    return true;
  return spokenText(a) === spokenText(b) && placedImages(a) === placedImages(b);
}

/** Whether nothing needs to be put together to see it. */
function areSame(a: readonly Part[], b: readonly Part[]): boolean {
  return a.length === b.length && a.every((part, index) => isSamePart(part, b[index]));
}

function isSamePart(a: Part, b: Part | undefined): boolean {
  if (a.type === 'text') return b?.type === 'text' && a.text === b.text;
  return a.type === 'image' && b?.type === 'image' && a.url === b.url;
}

function saysTheSame(a: AssistantMessage, b: AssistantMessage): boolean {
  return a.content === b.content || answerText(a) === answerText(b);
}

/** Ids and names, in order; never the arguments, which clients parse and write anew. */
function hasSameCalls(
  { toolCalls: a = [] }: AssistantMessage,
  { toolCalls: b = [] }: AssistantMessage,
): boolean {
  return a.length === b.length && a.every((call, index) => isSameCall(call, b[index]));
}

function isSameCall(a: ToolCall, b: ToolCall | undefined): boolean {
  return a.id === b?.id && a.name === b.name;
}
