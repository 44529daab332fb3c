// matchTranscript(): how far a transcript that a client sends is the stored conversation. It counts up to a place
// where conversations part: right after a reply, or where the first reply is due.
import { compareResults, type MessageList, nextCompared } from './canonical-form.ts';
import type { Message, ToolMessage } from './message.ts';
import { isOwnReply } from './origin.ts';
import { ParseRoom } from './same-arguments.ts';
import {
  hasOtherReasoning,
  hasSameReasoning,
  isSameBeginning,
  isSameForm,
  isSameMessage,
} from './same-message.ts';

export interface TranscriptMatch {
  /** `reply`: right after an assistant message. `opening`: before the first one. */
  readonly end: 'reply' | 'opening';
  /** How many of the stored messages belong to it. */
  readonly storedLength: number;
  /** How many of the sent ones, with those between that are not compared. What follows is new. */
  readonly sentLength: number;
  /** Nothing that is compared follows in the stored conversation. */
  readonly reachesEnd: boolean;
  /** A call that this proxy gave out is in it: no two conversations have such a part in common by chance. */
  readonly holdsOwnCall: boolean;
  /** An answer that this proxy gave out is in it. */
  readonly sharesReply: boolean;
  /** How many answers of ours came back with the reasoning that they have. */
  readonly sameReasoning: number;
  /** An answer of ours came back with other reasoning than it has. */
  readonly isContradicted: boolean;
  /** Some of what users said is only the beginning of the other. */
  readonly isLoose: boolean;
  /** What clients wrote is sent as it is stored, and not only equal where it is compared. */
  readonly isVerbatim: boolean;
  /** Absent: equal messages stand at equal places. See `storedPlaceOf`. */
  readonly places: Int32Array | undefined;
}

/** Where the stored message stands that equals a sent one of the matched part; -1: there is none. */
export function storedPlaceOf({ places, sentLength }: TranscriptMatch, sentPlace: number): number {
  if (sentPlace >= sentLength) return -1;
  return places === undefined ? sentPlace : (places[sentPlace] ?? -1);
}

/**
 * The longest part that both begin with. Neither has its leading system messages.
 * @param isLoose where what a user said may be the beginning of the other, if the same reply follows
 */
export function matchTranscript(
  stored: MessageList,
  sent: MessageList,
  isLoose = false,
): TranscriptMatch | undefined {
  const steps = matchInSteps(stored, sent, isLoose);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** Work, in parsed values, after which others have their turn. */
const longStep = 5_000;

/** The same, with pauses where many arguments are to be parsed. */
export function* matchInSteps(
  stored: MessageList,
  sent: MessageList,
  isLoose = false,
): Generator<void, TranscriptMatch | undefined, void> {
  const room = new ParseRoom();
  let work = 0;
  const places = new Places(sent);
  // Up to the last equal messages.
  let storedLength = 0;
  let sentLength = 0;
  const facts = {
    holdsOwnCall: false,
    sharesReply: false,
    sameReasoning: 0,
    isContradicted: false,
    isLoose: false,
    isVerbatim: true,
  };
  let match: Omit<TranscriptMatch, 'reachesEnd' | 'places'> | undefined;
  for (;;) {
    const storedPlace = nextCompared(stored, storedLength);
    const sentPlace = nextCompared(sent, sentLength);
    if (sentPlace > sentLength) places.skip(sentLength, sentPlace);
    const mine = stored.at(storedPlace);
    const theirs = sent.at(sentPlace);
    if (!match && sentLength > 0 && !facts.isLoose && isReplyDue(mine) && isReplyDue(theirs))
      match = { end: 'opening', storedLength, sentLength, ...facts };
    if (!mine || !theirs) break;
    work += room.taken;
    room.refill();
    if (work > longStep) {
      work = 0;
      yield;
    }
    if (isSameMessage(mine, theirs, room)) {
      facts.isVerbatim &&= isGivenAsStored(mine, theirs);
      places.pair(sentPlace, storedPlace);
      storedLength = storedPlace + 1;
      sentLength = sentPlace + 1;
    } else if (isLoose && isSameBeginning(mine, theirs)) {
      facts.isLoose = true;
      facts.isVerbatim = false;
      places.pair(sentPlace, storedPlace);
      storedLength = storedPlace + 1;
      sentLength = sentPlace + 1;
    } else if (mine.role === 'tool' && theirs.role === 'tool') {
      const results = resultsFrom(stored, storedPlace);
      const sentResults = resultsFrom(sent, sentPlace);
      if (!areSame(results, sentResults)) break;
      places.keep(sentPlace);
      for (const [index, { place }] of sentResults.entries()) {
        const other = results[index]?.place ?? 0;
        const [result, sentResult] = [stored.at(other), sent.at(place)];
        facts.isVerbatim &&=
          result !== undefined && sentResult !== undefined && isSameForm(result, sentResult);
        places.pair(place, other);
        storedLength = Math.max(storedLength, other + 1);
        sentLength = Math.max(sentLength, place + 1);
      }
    } else break;
    if (mine.role === 'assistant') {
      if (isOwnReply(mine)) {
        facts.sharesReply = true;
        if (theirs.role === 'assistant' && hasSameReasoning(mine, theirs)) facts.sameReasoning += 1;
        else if (theirs.role === 'assistant') facts.isContradicted ||= hasOtherReasoning(mine, theirs);
        facts.holdsOwnCall ||= Boolean(mine.toolCalls?.length);
      }
      match = { end: 'reply', storedLength, sentLength, ...facts };
    }
  }
  if (!match) return undefined;
  const reachesEnd = nextCompared(stored, match.storedLength) === stored.length;
  return { ...match, reachesEnd, places: places.list };
}

/** Answers of ours are given to the model as they are stored, whatever a client has lost of them. */
function isGivenAsStored(stored: Message, sent: Message): boolean {
  return (stored.role === 'assistant' && isOwnReply(stored)) || isSameForm(stored, sent);
}

function isReplyDue(message: Message | undefined): boolean {
  return message === undefined || message.role === 'assistant';
}

interface Result {
  readonly place: number;
  readonly message: ToolMessage;
}

/** What is left of a step's results, in the order in which they are compared. */
function resultsFrom(list: MessageList, start: number): Result[] {
  const results: Result[] = [];
  for (let place = start; ; place = nextCompared(list, place + 1)) {
    const message = list.at(place);
    if (message?.role !== 'tool') break;
    results.push({ place, message });
  }
  return results.sort((a, b) => compareResults(a.message, b.message));
}

function areSame(a: readonly Result[], b: readonly Result[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ message }, index) => {
      const other = b[index]?.message;
      return other !== undefined && isSameMessage(message, other);
    })
  );
}

/** Keeps nothing as long as equal messages stand at equal places. */
class Places {
  list: Int32Array | undefined;
  readonly #sent: MessageList;

  constructor(sent: MessageList) {
    this.#sent = sent;
  }

  pair(sentPlace: number, storedPlace: number): void {
    if (sentPlace !== storedPlace) this.keep(sentPlace);
    if (this.list) this.list[sentPlace] = storedPlace;
  }

  /** An assistant message without counterpart must not be taken for the stored message at its place. */
  skip(from: number, to: number): void {
    for (let place = from; place < to; place += 1) {
      if (this.#sent.at(place)?.role === 'assistant') this.keep(from);
    }
  }

  /** From here on; what was paired before stands at equal places. */
  keep(start: number): void {
    if (this.list) return;
    this.list = new Int32Array(this.#sent.length).fill(-1);
    for (let place = nextCompared(this.#sent, 0); place < start; place = nextCompared(this.#sent, place + 1))
      this.list[place] = place;
  }
}
