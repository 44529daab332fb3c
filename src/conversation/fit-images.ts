// Images beyond what Cohere takes in one request: the oldest give way to a note, as the oldest text does; and so does one
// that Cohere could not read before. The stored history keeps them.
import type { ImagePart, Message, UserMessage } from './message.ts';
import { Passage } from './passage.ts';
import { showAs } from './result-images.ts';

/** https://docs.cohere.com/docs/image-inputs: in one request. */
const mostImages = 20;
const mostImageBytes = 20_000_000;
/** More go than needed, so that the beginning of the prompt stays the same over some more images. */
const keptShare = 0.75;

const tooMany = `[An image was left out here: at most ${mostImages} images and ${mostImageBytes / 1e6} MB are taken, and later ones came.]`;
const unreadable = '[An image was left out here: it could not be read.]';

export interface FittedImages {
  readonly messages: Passage;
  /** The paths of those that gave way: `messages[3].content[1]`. */
  readonly leftOut: readonly string[];
}

export interface FitImagesOptions {
  /** Whether Cohere could not read what is at this address. */
  readonly isRefused?: ((url: string) => boolean) | undefined;
  /** False: only those are left out. */
  readonly isLimited?: boolean;
}

interface Held {
  readonly place: number;
  readonly part: number;
  readonly url: string;
  readonly bytes: number;
}

/** The note that stands for each part of a message that is left out. */
type Notes = Map<number, string>;

/** Pure, and by the order alone: a conversation that grows loses the same images again, and more only with new ones. */
export function fitImages(
  messages: Passage,
  { isRefused = () => false, isLimited = true }: FitImagesOptions = {},
): FittedImages {
  if (!messages.facts.holdsImage) return { messages, leftOut: [] };
  const all = [...messages];
  const gone = new Map<number, Notes>();
  const leftOut: string[] = [];
  const leave = ({ place, part }: Held, note: string) => {
    const notes: Notes = gone.get(place) ?? new Map();
    gone.set(place, notes.set(part, note));
    leftOut.push(`messages[${place}].content[${part}]`);
  };
  const held: Held[] = [];
  let bytes = 0;
  const isOver = (share: number) =>
    isLimited && (held.length > mostImages * share || bytes > mostImageBytes * share);
  for (const [place, message] of all.entries()) {
    for (const image of imagesOf(message)) {
      const one = { ...image, place };
      if (isRefused(one.url)) {
        leave(one, unreadable);
        continue;
      }
      held.push(one);
      bytes += one.bytes;
    }
    // Of its own images a message gives up what it must, no more.
    const isTooMuch = isOver(1);
    while (isTooMuch && (isOver(1) || (isOver(keptShare) && held[0] && held[0].place < place))) {
      const oldest = held.shift();
      if (!oldest) break;
      bytes -= oldest.bytes;
      leave(oldest, tooMany);
    }
  }
  if (gone.size === 0) return { messages, leftOut };
  const shown = all.map((message, place) => withoutImages(message, gone.get(place)));
  return { messages: Passage.of(shown), leftOut };
}

/** Where a model that takes none is not shown one. */
export function imagePaths(messages: Passage): readonly string[] {
  if (!messages.facts.holdsImage) return [];
  return [...messages].flatMap((message, place) =>
    imagesOf(message).map(({ part }) => `messages[${place}].content[${part}]`),
  );
}

function imagesOf(message: Message): Omit<Held, 'place'>[] {
  if (message.role !== 'user' || typeof message.content === 'string') return [];
  return [...message.content.entries()].flatMap(([part, content]) =>
    content.type === 'image' ? [{ part, url: content.url, bytes: bytesOf(content) }] : [],
  );
}

/** What lies elsewhere Cohere fetches, and only it learns how large that is. */
function bytesOf({ url }: ImagePart): number {
  return url.startsWith('data:') ? (url.length - url.indexOf(',') - 1) * 0.75 : 0;
}

/** The same objects each time: what is derived from a message is kept with it. */
const shortened = new WeakMap<Message, { readonly parts: string; readonly message: UserMessage }>();

function withoutImages(message: Message, notes: Notes | undefined): Message {
  if (!notes || message.role !== 'user' || typeof message.content === 'string') return message;
  const parts = JSON.stringify([...notes]);
  const known = shortened.get(message);
  if (known?.parts === parts) return known.message;
  const content = message.content.map((part, place) => {
    const text = notes.get(place);
    return text === undefined ? part : { type: 'text' as const, text };
  });
  const shown: UserMessage = { ...message, content };
  showAs(shown, message);
  shortened.set(message, { parts, message: shown });
  return shown;
}

/** Characters by which an address is known: sentences of Cohere's are cut. */
const longestNamed = 200;

/** The images that a refusal names; where it names none, all that it may mean. */
export function imagesMeant(messages: Iterable<Message>, sentence: string): readonly string[] {
  const urls = new Set<string>();
  for (const message of messages) for (const { url } of imagesOf(message)) urls.add(url);
  const named = [...urls].filter(url => sentence.includes(url.slice(0, longestNamed)));
  if (named.length > 0) return named;
  // Only what lies elsewhere has to be fetched.
  const isFetched = /\b(?:fetch|download|retriev|load|access|reach|open)/i.test(sentence);
  const fetched = [...urls].filter(url => /^https?:/i.test(url));
  return isFetched && fetched.length > 0 ? fetched : [...urls];
}
