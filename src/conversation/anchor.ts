// Anchors: a digest of a conversation up to each reply, and one of its opening, by which a transcript finds the stored
// conversations that begin as it does. Two lists share an anchor exactly where matchTranscript() can end, collisions
// apart; it has the last word.
import {
  answerText,
  compareResults,
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
  readonly holdsCallId: boolean;
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
  start: (): AnchorChain => ({ holdsCallId: false, text: '' }),

  /** The same chain where the message does not count. */
  step(chain: AnchorChain, message: Message): AnchorChain {
    if (!isCompared(message)) return chain;
    const { opening, holdsCallId } = chain;
    const begun = opening === undefined ? undefined : { opening };
    switch (message.role) {
      case 'tool':
        return {
          ...begun,
          holdsCallId,
          text: chain.text,
          results: { last: message, before: chain.results },
        };
      case 'user':
        return { ...begun, holdsCallId, text: textOf(chain) + encodeUser(message) };
      case 'assistant': {
        const before = opening === undefined ? (openingOf(chain) ?? '') : textOf(chain);
        const digest = digestOf(before + encodeAssistant(message));
        return {
          digest,
          opening: opening ?? before,
          holdsCallId: holdsCallId || Boolean(message.toolCalls?.length),
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

export interface Anchor {
  readonly digest: string;
  /** How many of the messages it stands for. */
  readonly length: number;
  readonly holdsCallId: boolean;
}

/** The anchors after the replies of a list, the oldest first, and the chain to go on with. */
export function anchorsOf(messages: MessageList): { anchors: readonly Anchor[]; chain: AnchorChain } {
  const anchors: Anchor[] = [];
  let chain = anchorChain.start();
  for (let place = 0; place < messages.length; place += 1) {
    const message = messages.at(place);
    const next = message ? anchorChain.step(chain, message) : chain;
    if (next !== chain && next.digest !== undefined) {
      anchors.push({ digest: next.digest, length: place + 1, holdsCallId: next.holdsCallId });
    }
    chain = next;
  }
  return { anchors, chain };
}

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
  return images === '' ? `u${text.length}:${text}` : `u${text.length}:${text}i${images.length}:${images}`;
}

function encodeAssistant(message: AssistantMessage): string {
  const text = answerText(message);
  let encoded = `a${text.length}:${text}`;
  for (const { id, name } of message.toolCalls ?? []) encoded += `c${id.length}:${id}${name.length}:${name}`;
  return encoded;
}

function encodeResult(message: ToolMessage): string {
  const { toolCallId: id } = message;
  const text = spokenText(message);
  const images = placedImages(message);
  const encoded = `t${id.length}:${id}${text.length}:${text}`;
  return images === '' ? encoded : `${encoded}i${images.length}:${images}`;
}
