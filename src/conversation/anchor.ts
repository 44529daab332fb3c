// Anchors: a digest of a conversation up to each reply, and one of its opening, by which a transcript finds the stored
// conversations that begin as it does. Two lists share an anchor exactly where matchTranscript() can end, collisions
// apart; it has the last word.
import {
  answerText,
  compareResults,
  inShort,
  isCompared,
  type MessageList,
  placedImages,
  spokenText,
} from './canonical-form.ts';
import { digestOf } from './digest.ts';
import type { AssistantMessage, Message, ToolMessage, UserMessage } from './message.ts';

/** Goes on with each message (`anchorChain.step`). Immutable; after a reply it is short plain data, fit to be stored. */
export interface AnchorChain {
  /** The anchor of everything so far. Only right after a reply. */
  readonly digest?: string;
  /** The anchor of what came before the first reply. Only after one; '' where nothing came before it. */
  readonly opening?: string;
  /** The last anchor, and what was said since. */
  readonly text: string;
  /** A step's results, which are put in order once no more can come. */
  readonly results?: Results;
}

interface Results {
  readonly last: ToolMessage;
  readonly before: Results | undefined;
}

/** A fold over messages. */
export const anchorChain = {
  start: (): AnchorChain => ({ text: '' }),

  /** The same chain where the message does not count. */
  step(chain: AnchorChain, message: Message): AnchorChain {
    if (!isCompared(message)) return chain;
    const { opening } = chain;
    const begun = opening === undefined ? undefined : { opening };
    switch (message.role) {
      case 'tool':
        return {
          ...begun,
          text: chain.text,
          results: { last: message, before: chain.results },
        };
      case 'user':
        return { ...begun, text: textOf(chain) + encodeUser(message) };
      case 'assistant': {
        const before = opening === undefined ? (openingOf(chain) ?? '') : textOf(chain);
        const digest = digestOf(before + encodeAssistant(message));
        return {
          digest,
          opening: opening ?? before,
          text: digest,
        };
      }
      default:
        return chain;
    }
  },
};

/** Undefined where nothing was said before the first reply. */
export function openingOf(chain: AnchorChain): string | undefined {
  if (chain.opening !== undefined) return chain.opening || undefined;
  const text = textOf(chain);
  return text === '' ? undefined : digestOf(text);
}

/**
 * A fold over messages: the anchor of the replies alone. It finds a conversation whose client puts reminders behind what
 * users say, and takes them away again.
 */
export const replyChain = {
  start: (): string | undefined => undefined,
  step: (before: string | undefined, message: Message): string | undefined =>
    message.role === 'assistant' && isCompared(message)
      ? digestOf(`r${before ?? ''}${encodeAssistant(message)}`)
      : before,
};

/** As `anchorsInSteps`, by the replies alone; the newest ones, the longest first. */
export function* replyAnchorsInSteps(
  messages: MessageList,
  limit: number,
): Generator<void, readonly Anchor[], void> {
  const anchors: Anchor[] = [];
  const work = new DigestWork();
  let chain = replyChain.start();
  for (let place = 0; place < messages.length; place += 1) {
    const message = messages.at(place);
    const next = message ? replyChain.step(chain, message) : chain;
    if (next !== undefined && next !== chain) anchors.push({ digest: next, length: place + 1 });
    chain = next;
    if (message && work.isEnough(message)) yield;
  }
  return anchors.slice(-limit).reverse();
}

/** What tells conversations apart that begin with the same words. */
export interface AnchorScope {
  readonly label: string | undefined;
  /** Absent: under whatever system text. */
  readonly systemDigest?: string;
}

/** The anchor of those conversations alone: there may be many more than are looked at. */
export function scopedAnchor(anchor: string, { label, systemDigest }: AnchorScope): string {
  return digestOf(JSON.stringify([anchor, label ?? null, systemDigest ?? null]));
}

/** By which an anchor is left and asked for, beside its words alone: the narrowest first. */
export function scopesOf(label: string | undefined, systemDigest: string): AnchorScope[] {
  return label === undefined ? [{ label, systemDigest }] : [{ label, systemDigest }, { label }];
}

export interface Anchor {
  readonly digest: string;
  /** How many of the messages it stands for. */
  readonly length: number;
}

/** Where stored conversations can be looked for that begin as a list does: its opening, and after each of its replies. */
export function anchorsOf(messages: MessageList): readonly Anchor[] {
  const steps = anchorsInSteps(messages);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** The same with pauses: a transcript may have megabytes, and all of them are digested. */
export function* anchorsInSteps(messages: MessageList): Generator<void, readonly Anchor[], void> {
  const anchors: Anchor[] = [];
  const work = new DigestWork();
  let chain = anchorChain.start();
  const open = (length: number) => {
    const digest = openingOf(chain);
    if (digest !== undefined) anchors.push({ digest, length });
  };
  for (let place = 0; place < messages.length; place += 1) {
    const message = messages.at(place);
    const next = message ? anchorChain.step(chain, message) : chain;
    if (chain.opening === undefined && next.opening !== undefined) open(place);
    if (next !== chain && next.digest !== undefined) anchors.push({ digest: next.digest, length: place + 1 });
    chain = next;
    if (message && work.isEnough(message)) yield;
  }
  if (chain.opening === undefined) open(messages.length);
  return anchors;
}

/** Characters that are digested before others have their turn. */
const stepLength = 1_000_000;

/** How much of a list was gone through. */
export class DigestWork {
  #length = 0;

  /** True where others should have their turn now. */
  isEnough(message: Message): boolean {
    this.#length += lengthOf(message);
    if (this.#length < stepLength) return false;
    this.#length = 0;
    return true;
  }
}

/** About as many characters as an anchor is made of. */
function lengthOf(message: Message): number {
  const { content = '' } = message;
  let length = perMessage;
  if (typeof content === 'string') length += content.length;
  else for (const part of content) length += part.type === 'text' ? part.text.length : perMessage;
  if (message.role === 'tool') length += message.toolCallId.length;
  if (message.role === 'assistant')
    for (const { id, name } of message.toolCalls ?? []) length += id.length + name.length;
  return length;
}

/** What is not text takes its time as well. */
const perMessage = 100;

/** With the results in their place. */
function textOf({ text, results }: AnchorChain): string {
  if (!results) return text;
  const list: ToolMessage[] = [];
  for (let next: Results | undefined = results; next; next = next.before) list.push(next.last);
  for (const result of list.sort(compareResults)) text += encodeResult(result);
  return text;
}

// Each text with its length before it: where one ends and the next begins is part of what is digested.

function encodeUser(message: UserMessage): string {
  const text = spokenText(message);
  const images = placedImages(message);
  const encoded = `u${text.length}:${inShort(message, text)}`;
  return images === '' ? encoded : `${encoded}i${images.length}:${images}`;
}

function encodeAssistant(message: AssistantMessage): string {
  const text = answerText(message);
  let encoded = `a${text.length}:${inShort(message, text)}`;
  for (const { id, name } of message.toolCalls ?? []) encoded += `c${id.length}:${id}${name.length}:${name}`;
  return encoded;
}

function encodeResult(message: ToolMessage): string {
  const { toolCallId: id } = message;
  const text = spokenText(message);
  const images = placedImages(message);
  const encoded = `t${id.length}:${id}${text.length}:${inShort(message, text)}`;
  return images === '' ? encoded : `${encoded}i${images.length}:${images}`;
}
