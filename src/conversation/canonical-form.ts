// What of a message counts when a client sends it again: what all clients give back. Left out is what some of them
// lose or change: reasoning, plans, arguments, citations, names, how a text is divided into parts.
// Messages leave the same anchor exactly when these forms are equal; same-message.ts then compares the arguments too.
import { digestInSteps, digestOf } from './digest.ts';
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
/** smolagents writes so, behind the text of an answer, what it ran. Alone it is all that was said. */
const writtenCalls = "\nCalling tools:\n[{'id': ";
/** Characters; a text of megabytes is not searched through each time. */
const longestCalls = 256 * 1024;
/** A text of nothing else may hold a million of them. */
const mostTraces = 100;

/**
 * Without what clients put around a text: reasoning that they show as text before it, the remark that it was
 * interrupted or the calls that were made of it after it, white space. Both ends are looked at first: most texts have neither.
 */
function withoutTraces(text: string): string {
  let said = text.trim();
  let left = mostTraces;
  for (; left > 0 && said.startsWith(thinkStart); left -= 1) {
    const end = said.indexOf(thinkEnd);
    if (end === -1) break;
    said = said.slice(end + thinkEnd.length).trimStart();
  }
  for (; left > 0 && said.endsWith(']'); left -= 1) {
    const remark = said.lastIndexOf('[');
    if (!said.startsWith(interrupted, remark)) break;
    said = said.slice(0, remark).trimEnd();
  }
  if (!said.endsWith(']')) return said;
  const end = said.slice(-longestCalls);
  const calls = end.lastIndexOf(writtenCalls);
  const before = calls === -1 ? '' : said.slice(0, said.length - end.length + calls).trimEnd();
  return before === '' ? said : before;
}

/** Characters above which a text stands in an anchor by its own digest: it is gone through once, and not each time. */
const longText = 1_000_000;
const digests = new WeakMap<object, string>();

/** @param of whose text it is; it is immutable, and has no other */
export function inShort(of: object, text: string): string {
  if (text.length <= longText) return text;
  const digest = digests.get(of) ?? digestOf(text);
  digests.set(of, digest);
  return `#${digest}`;
}

/** Makes the digests of all long texts, with a pause after each piece: afterwards `inShort` has nothing to do. */
export function* digestLongTexts(messages: Iterable<Message>): Generator<void, void, void> {
  for (const message of messages) {
    if (message.role === 'system' || !holdsLongText(message)) continue;
    const text = message.role === 'assistant' ? answerText(message) : spokenText(message);
    yield* digestLong(message, text);
    if (message.role === 'assistant' || typeof message.content === 'string') continue;
    for (const part of message.content) if (part.type === 'image') yield* digestLong(part, part.url);
  }
}

function holdsLongText({ content = '' }: Message): boolean {
  if (typeof content === 'string') return content.length > longText;
  let length = 0;
  for (const part of content) {
    if (part.type === 'image') length += part.url.length;
    else if (part.type !== 'document') length += part.text.length;
  }
  return length > longText;
}

function* digestLong(of: object, text: string): Generator<void, void, void> {
  if (text.length > longText && !digests.has(of)) digests.set(of, yield* digestInSteps(text));
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
    if (part.type === 'image') images += `${place},${part.url.length}:${inShort(part, part.url)}`;
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
