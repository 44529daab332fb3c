// What of a message counts when a client sends it again: what all clients give back. Left out is what some of them
// lose or change: reasoning, plans, arguments, citations, names, how a text is divided into parts.
// Messages leave the same anchor exactly when these forms are equal; same-message.ts then compares the arguments too.
import type { AssistantMessage, Message, ToolMessage, UserMessage } from './message.ts';

/** An array, or a stored history. */
export interface MessageList {
  readonly length: number;
  at(place: number): Message | undefined;
}

/** Clients move and rewrite system messages, and drop assistant messages that say nothing. */
export function isCompared(message: Message): boolean {
  if (message.role === 'system') return false;
  return message.role !== 'assistant' || Boolean(message.toolCalls?.length) || answerText(message) !== '';
}

/** The next place, from this one on, whose message is compared; the list's length where there is none. */
export function nextCompared(list: MessageList, place: number): number {
  for (; place < list.length; place += 1) {
    const message = list.at(place);
    if (message && isCompared(message)) break;
  }
  return place;
}

/** What an assistant message says, as clients are shown it: its text parts in one. */
export function answerText({ content }: AssistantMessage): string {
  if (content === undefined) return '';
  if (typeof content === 'string') return withoutTraces(content);
  let text = '';
  for (const part of content) if (part.type === 'text') text += part.text;
  return withoutTraces(text);
}

/** What it thought before; '' where it did not say. */
export function reasoningText({ content }: AssistantMessage): string {
  if (content === undefined || typeof content === 'string') return '';
  let text = '';
  for (const part of content) if (part.type === 'reasoning') text += part.text;
  return text.trim();
}

const thinkStart = '<think>';
const thinkEnd = '</think>';
const interrupted = '[Response interrupted';

/**
 * Without what clients put around a text: reasoning that they show as text before it, the remark that it was
 * interrupted after it, white space. Both ends are looked at first: most texts have neither.
 */
function withoutTraces(text: string): string {
  let said = text.trim();
  while (said.startsWith(thinkStart)) {
    const end = said.indexOf(thinkEnd);
    if (end === -1) break;
    said = said.slice(end + thinkEnd.length).trimStart();
  }
  while (said.endsWith(']')) {
    const remark = said.lastIndexOf('[');
    if (!said.startsWith(interrupted, remark)) break;
    said = said.slice(0, remark).trimEnd();
  }
  return said;
}

/** All parts in one text, a line each; documents as JSON. Images are not in it. */
export function spokenText({ content }: UserMessage | ToolMessage): string {
  if (typeof content === 'string') return content;
  let text = '';
  let isFirst = true;
  for (const part of content) {
    if (part.type === 'image') continue;
    if (!isFirst) text += '\n';
    isFirst = false;
    text += part.type === 'text' ? part.text : JSON.stringify(part.data);
  }
  return text;
}

/** The images of a message and where in its text they stand; '' where it has none. */
export function placedImages({ content }: UserMessage | ToolMessage): string {
  if (typeof content === 'string') return '';
  let images = '';
  let place = 0;
  for (const part of content) {
    if (part.type === 'image') images += `${place},${part.url.length}:${part.url}`;
    else if (part.type === 'text') place += part.text.length + 1;
    else place += JSON.stringify(part.data).length + 1;
  }
  return images;
}

/** The results of one step come in any order: by call, then by text, which parts two of the same call. */
export function compareResults(a: ToolMessage, b: ToolMessage): number {
  if (a.toolCallId !== b.toolCallId) return a.toolCallId < b.toolCallId ? -1 : 1;
  const [textOfA, textOfB] = [spokenText(a), spokenText(b)];
  if (textOfA === textOfB) return 0;
  return textOfA < textOfB ? -1 : 1;
}
