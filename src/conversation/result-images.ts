// Images in tool results. Cohere takes them only from the user: in the prompt they stand in messages of the user's, behind
// all results of their step. The stored history keeps them where the tool gave them.
import type { Fold, History } from './history.ts';
import { holdsImage, type ImagePart, type Message, type ToolMessage, type UserMessage } from './message.ts';

const pointer = '[Image: it is shown after the tool results.]';
const heading = 'Image of a tool result above:';

interface Moved {
  readonly result: ToolMessage;
  readonly shown: UserMessage;
}

/** The same objects each time: what is derived from a message is kept with it. */
const moved = new WeakMap<ToolMessage, Moved>();
const shownMessages = new WeakSet<Message>();

/** Whether nobody said it: it is a part of the step before it. */
export function isResultImage(message: Message | undefined): boolean {
  return message !== undefined && shownMessages.has(message);
}

/** The one message stands in the place of the other. */
export function showAs(shown: UserMessage, original: Message): void {
  if (shownMessages.has(original)) shownMessages.add(shown);
}

export function holdsResultImage(history: History, added: readonly Message[]): boolean {
  return history.fold(anyResultImage) || added.some(isResultWithImage);
}

const anyResultImage: Fold<boolean> = {
  start: () => false,
  step: (holds, message) => holds || isResultWithImage(message),
};

function isResultWithImage(message: Message): message is ToolMessage {
  return message.role === 'tool' && holdsImage(message);
}

/** The messages stand in an order that Cohere takes already (`repairTranscript`). */
export function moveResultImages(messages: readonly Message[]): readonly Message[] {
  if (!messages.some(isResultWithImage)) return messages;
  const told: Message[] = [];
  let waiting: UserMessage[] = [];
  for (const message of messages) {
    if (message.role !== 'tool') {
      for (const shown of waiting) told.push(shown);
      waiting = [];
    }
    if (!isResultWithImage(message)) told.push(message);
    else {
      const { result, shown } = move(message);
      told.push(result);
      waiting.push(shown);
    }
  }
  return [...told, ...waiting];
}

function move(message: ToolMessage): Moved {
  const known = moved.get(message);
  if (known) return known;
  const parts = typeof message.content === 'string' ? [] : message.content;
  const images = parts.filter((part): part is ImagePart => part.type === 'image');
  const result: ToolMessage = {
    ...message,
    content: parts.map(part => (part.type === 'image' ? { type: 'text', text: pointer } : part)),
  };
  const shown: UserMessage = { role: 'user', content: [{ type: 'text', text: heading }, ...images] };
  shownMessages.add(shown);
  moved.set(message, { result, shown });
  return { result, shown };
}
