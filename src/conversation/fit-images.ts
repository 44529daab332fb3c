// Images beyond what Cohere takes in one request: the oldest give way to a note, as the oldest text does. The stored
// history keeps them.
import type { ImagePart, Message, UserMessage } from './message.ts';
import { Passage } from './passage.ts';
import { showAs } from './result-images.ts';

/** https://docs.cohere.com/docs/image-inputs: in one request. */
const mostImages = 20;
const mostImageBytes = 20_000_000;
/** More go than needed, so that the beginning of the prompt stays the same over some more images. */
const keptShare = 0.75;

const note = `[An image was left out here: at most ${mostImages} images and ${mostImageBytes / 1e6} MB are taken, and later ones came.]`;

export interface FittedImages {
  readonly messages: Passage;
  /** The paths of those that gave way: `messages[3].content[1]`. */
  readonly leftOut: readonly string[];
}

interface Held {
  readonly place: number;
  readonly part: number;
  readonly bytes: number;
}

/** Pure, and by the order alone: a conversation that grows loses the same images again, and more only with new ones. */
export function fitImages(messages: Passage): FittedImages {
  if (!messages.facts.holdsImage) return { messages, leftOut: [] };
  const all = [...messages];
  const gone = new Map<number, number[]>();
  const leftOut: string[] = [];
  const held: Held[] = [];
  let bytes = 0;
  const isOver = (share: number) => held.length > mostImages * share || bytes > mostImageBytes * share;
  for (const [place, message] of all.entries()) {
    for (const image of imagesOf(message)) {
      held.push({ ...image, place });
      bytes += image.bytes;
    }
    // Of its own images a message gives up what it must, no more.
    const isTooMuch = isOver(1);
    while (isTooMuch && (isOver(1) || (isOver(keptShare) && held[0] && held[0].place < place))) {
      const oldest = held.shift();
      if (!oldest) break;
      bytes -= oldest.bytes;
      gone.set(oldest.place, [...(gone.get(oldest.place) ?? []), oldest.part]);
      leftOut.push(`messages[${oldest.place}].content[${oldest.part}]`);
    }
  }
  if (gone.size === 0) return { messages, leftOut };
  const shown = all.map((message, place) => withoutImages(message, gone.get(place)));
  return { messages: Passage.of(shown), leftOut };
}

function imagesOf(message: Message): Omit<Held, 'place'>[] {
  if (message.role !== 'user' || typeof message.content === 'string') return [];
  return [...message.content.entries()].flatMap(([part, content]) =>
    content.type === 'image' ? [{ part, bytes: bytesOf(content) }] : [],
  );
}

/** What lies elsewhere Cohere fetches, and only it learns how large that is. */
function bytesOf({ url }: ImagePart): number {
  return url.startsWith('data:') ? (url.length - url.indexOf(',') - 1) * 0.75 : 0;
}

/** The same objects each time: what is derived from a message is kept with it. */
const shortened = new WeakMap<Message, { readonly parts: string; readonly message: UserMessage }>();

function withoutImages(message: Message, parts: readonly number[] | undefined): Message {
  if (!parts || message.role !== 'user' || typeof message.content === 'string') return message;
  const known = shortened.get(message);
  if (known?.parts === String(parts)) return known.message;
  const content = message.content.map((part, place) =>
    parts.includes(place) ? { type: 'text' as const, text: note } : part,
  );
  const shown: UserMessage = { ...message, content };
  showAs(shown, message);
  shortened.set(message, { parts: String(parts), message: shown });
  return shown;
}
