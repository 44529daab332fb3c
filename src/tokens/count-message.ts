// What one message weighs. The result depends on the message and the family alone, so that it can be kept as long
// as the message is; the little that its neighbours change is added by `placeMessage`.
import type { CohereMessage } from '../cohere/wire.ts';
import { cmd3Message, toolResults } from './cmd3-message.ts';
import { commandRMessage } from './command-r-message.ts';
import type { Family } from './families.ts';
import { cmd3, commandR } from './figures.ts';
import { countImages } from './image-tokens.ts';
import { type Count, countParts, moreDigits, type Parts } from './parts.ts';

export interface MessageWeight {
  readonly role: CohereMessage['role'];
  readonly tokens: number;
  /** How many calls it makes. */
  readonly calls: number;
  /** How many results it holds. */
  readonly results: number;
  /** Tokens of its pictures, which are not among `tokens`. */
  readonly images: number;
}

/** What a message has to know of those before it. */
export interface Place {
  readonly isFirst: boolean;
  readonly afterTool: boolean;
  /** Numbers that were given to calls so far. */
  readonly calls: number;
  /** The number of the call that a tool message would answer now. */
  readonly answering: number;
  /** Results shown so far. */
  readonly results: number;
}

/** @param documents whether the request has any: they take the first number */
export function startOfHistory(documents: boolean): Place {
  const first = documents ? 1 : 0;
  return { isFirst: true, afterTool: false, calls: first, answering: first, results: first };
}

export function countMessage(message: CohereMessage, family: Family, count: Count): MessageWeight {
  return weigh(message, family, countParts(messageParts(message, family), count));
}

/** The same for an encoder that gives way to others in between. */
export async function countMessageSliced(
  message: CohereMessage,
  family: Family,
  count: (text: string) => Promise<number>,
): Promise<MessageWeight> {
  const { fixed, texts } = messageParts(message, family);
  let tokens = fixed;
  for (const text of texts) if (text !== '') tokens += await count(text);
  return weigh(message, family, tokens);
}

function messageParts(message: CohereMessage, family: Family): Parts {
  return family.layout === 'command-r' ? commandRMessage(message) : cmd3Message(message, family.layout);
}

function weigh(message: CohereMessage, family: Family, tokens: number): MessageWeight {
  return {
    role: message.role,
    tokens: tokens + Math.ceil(tokens * family.margin.share),
    calls: message.role === 'assistant' ? (message.tool_calls?.length ?? 0) : 0,
    results: message.role === 'tool' ? toolResults(message.content).length : 0,
    images: countImages(message),
  };
}

/** A message's tokens at its place, and the place of the next. Costs the same wherever it stands. */
export function placeMessage(
  weight: MessageWeight,
  place: Place,
  family: Family,
): { readonly tokens: number; readonly place: Place } {
  const { role, calls, results } = weight;
  const isOlder = family.layout === 'command-r';
  let { tokens } = weight;
  if (role === 'system' && place.isFirst && tokens > 0) tokens += developerText(family);
  if (role === 'tool') {
    const { resultFrame, betweenResults } = commandR;
    if (isOlder)
      tokens += (place.afterTool ? betweenResults : resultFrame) + moreDigits(place.results, results);
    else tokens += (place.afterTool ? 0 : cmd3.resultFrame) + moreDigits(place.answering, 1);
  }
  if (!isOlder) tokens += moreDigits(place.calls, calls);
  return {
    tokens,
    place: {
      isFirst: false,
      afterTool: role === 'tool',
      calls: place.calls + calls,
      answering: calls > 0 ? place.calls : place.answering + (role === 'tool' ? 1 : 0),
      results: place.results + results,
    },
  };
}

/** The first system message stands in the prompt's own system turn, and not in one of its own; not so in cmd4. */
function developerText({ layout }: Family): number {
  if (layout === 'cmd3') return cmd3.developerHeading - cmd3.turn;
  return layout === 'command-r' ? -commandR.turn : 0;
}
