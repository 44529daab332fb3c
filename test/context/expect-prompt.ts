// Compares what a client brought with what went to Cohere: what is left out, what is given in short, and whether all is
// there that must be. It reads both from the wire and knows nothing of how the proxy cuts.
import { expect } from 'vitest';
import { type ClientMessage, callIdsOf, isSaidByUser, textOf } from './client-message.ts';

export interface Compared {
  /** Places of the brought messages that were given. */
  readonly kept: ReadonlySet<number>;
  /** Of those, the tool results that were given in short. */
  readonly shortened: ReadonlySet<number>;
}

const notice = /^\[(\d+) earlier messages? (?:was|were) left out here to fit the context\.\]$/;
const remark = /\n\[… (\d+) characters left out …\]\n/;

/** What must hold of every prompt. */
export function expectPrompt(
  brought: readonly ClientMessage[],
  given: readonly ClientMessage[],
  header: string | null,
): Compared {
  const compared = compare(brought, given);
  expectPins(brought, compared);
  expectWholeSteps(given);
  const leftOut = brought.length - compared.kept.size;
  const { size } = compared.shortened;
  expect(header).toBe(leftOut + size > 0 ? `messages=${leftOut}, results=${size}` : null);
  return compared;
}

/** A subsequence of what was brought, but for shortened results and one notice after the first user message. */
function compare(brought: readonly ClientMessage[], given: readonly ClientMessage[]): Compared {
  const kept = new Set<number>();
  const shortened = new Set<number>();
  const notices: string[] = [];
  let next = 0;
  for (const [position, message] of given.entries()) {
    const place = brought.findIndex((candidate, index) => index >= next && isGiven(candidate, message));
    const leftOut = message.role === 'system' ? notice.exec(textOf(message))?.[1] : undefined;
    if (leftOut !== undefined && place === -1) {
      notices.push(leftOut);
      const firstUser = given.findIndex(({ role }) => role === 'user');
      expect(position, 'the place of the notice').toBe(firstUser + 1);
      continue;
    }
    expect(place, `nobody said: ${JSON.stringify(message).slice(0, 200)}`).not.toBe(-1);
    kept.add(place);
    if (textOf(message) !== textOf(brought[place] ?? message)) shortened.add(place);
    next = place + 1;
  }
  const leftOut = brought.length - kept.size;
  expect(notices).toEqual(leftOut === 0 ? [] : [String(leftOut)]);
  return { kept, shortened };
}

function isGiven(brought: ClientMessage, given: ClientMessage): boolean {
  if (brought.role !== given.role || brought.tool_call_id !== given.tool_call_id) return false;
  if (String(callIdsOf(brought)) !== String(callIdsOf(given))) return false;
  return textOf(brought) === textOf(given) || isInShort(textOf(brought), given);
}

/** Its beginning and its end, and in between how much is missing. */
function isInShort(whole: string, given: ClientMessage): boolean {
  const text = textOf(given);
  const found = remark.exec(text);
  if (given.role !== 'tool' || !found) return false;
  const { index } = found;
  const tail = text.slice(index + found[0].length);
  return (
    whole.startsWith(text.slice(0, index)) &&
    whole.endsWith(tail) &&
    index + Number(found[1]) + tail.length === whole.length
  );
}

function expectPins(brought: readonly ClientMessage[], { kept, shortened }: Compared): void {
  const firstOther = brought.findIndex(({ role }) => role !== 'system');
  const lastAnswer = brought.findLastIndex(({ role }) => role === 'assistant');
  const latest = brought.findLastIndex(isSaidByUser);
  const lastStep = places(brought).filter(place => place >= lastAnswer);
  const pins = new Set([
    ...places(brought).filter(place => place < firstOther),
    brought.findIndex(({ role }) => role === 'user'),
    // A result goes nowhere without its call.
    ...stepOf(brought, latest),
    ...lastStep,
  ]);
  expect(
    [...pins].filter(place => !kept.has(place)),
    'what must be kept',
  ).toEqual([]);
  // The last step is read by the model for the first time: it is cut only where nothing else is left to cut.
  if (lastStep.some(place => shortened.has(place)))
    expect([...kept].sort((a, b) => a - b)).toEqual([...pins].sort((a, b) => a - b));
}

function places(messages: readonly unknown[]): number[] {
  return [...messages.keys()];
}

function stepOf(messages: readonly ClientMessage[], place: number): number[] {
  if (messages[place]?.role !== 'tool') return [place];
  const start = messages.findLastIndex(({ role }, index) => index < place && role === 'assistant');
  return places(messages).filter(
    index => index === start || (index > start && index <= place && messages[index]?.role === 'tool'),
  );
}

/** Each call is answered directly after it, nothing is answered that was not called. */
function expectWholeSteps(given: readonly ClientMessage[]): void {
  let open: string[] = [];
  for (const message of given) {
    if (message.role === 'tool') expect(message.tool_call_id).toBe(open.shift());
    else expect(open, 'calls without results').toEqual([]);
    if (message.role === 'assistant') open = callIdsOf(message);
  }
  expect(open, 'calls without results').toEqual([]);
}
