// Requests that some programs send beside a chat, with an instruction of their own behind it: for a title, for tags, for
// what could be asked next. The chat goes on without them.
import type { Message } from './message.ts';
import { textOf } from './message.ts';

const verb = `(?:generate|create|write|give|suggest|provide|propose|make|come up with|summari[sz]e|categori[sz]e)`;
const thing = `(?:titles?|tags?|headlines?|topics?|subject|names?|summary|follow[- ]?ups?|keywords?|emoji)`;
const whole = `(?:conversation|chat|dialogu?e?|discussion|messages|exchange|thread|above|so far)`;

/** An instruction, a title or the like, and within reach of it the conversation as a whole. */
const instruction = new RegExp(String.raw`\b${verb}\b[^.?!\n]{0,80}\b${thing}\b`, 'i');
const aboutWhole = new RegExp(String.raw`\b${whole}\b`, 'i');
const titleAlone = new RegExp(
  String.raw`^\s*(?:please\s)?${verb}\s(?:(?:a|an|the|some|short|brief|concise|me|us)\s){0,4}${thing}\b[^a-z]{0,3}$`,
  'i',
);

/** What is longer is no instruction alone. */
const searchedLength = 4_000;

/** Whether a transcript asks for something about the chat in front, and is not the chat itself that goes on. */
export function isSideRequest(added: readonly Message[]): boolean {
  const [message, ...others] = added;
  if (!message || others.length > 0 || (message.role !== 'user' && message.role !== 'system')) return false;
  const text = textOf(message).slice(0, searchedLength);
  return titleAlone.test(text) || (instruction.test(text) && aboutWhole.test(text));
}
