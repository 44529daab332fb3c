// How a request goes on from what is stored: what is there before it, what is new. Pure.
import { History } from '../conversation/history.ts';
import { storedPlaceOf, type TranscriptMatch } from '../conversation/match-transcript.ts';
import type { Message, SystemMessage } from '../conversation/message.ts';
import { isOwnReply } from '../conversation/origin.ts';
import { cutsWithin, type RememberedCut } from '../conversation/remembered-cuts.ts';
import { isSameForm, isSameMessage } from '../conversation/same-message.ts';
import type { Parent, Session } from '../conversation/session.ts';
import type { SystemText } from '../conversation/system-text.ts';

export interface Continuation {
  /** What it goes on from or was begun by, for what it remembers beside messages. */
  readonly session: Session | undefined;
  readonly system: readonly SystemMessage[];
  /** What is stored before `added`. */
  readonly history: History;
  /** The same in the client's present words, where these are others than what is compared. */
  readonly told?: readonly Message[] | undefined;
  readonly added: readonly Message[];
  /** How many messages of the request stand before `added`. */
  readonly offset: number;
  readonly cuts?: readonly RememberedCut[] | undefined;
  readonly parent?: Parent | undefined;
  /** An answer is wanted although nothing new is said. */
  readonly isAsked?: boolean | undefined;
}

/** The client brings what is new, or all there is. */
export interface Sent extends SystemText {
  readonly messages: readonly Message[];
  /** Results came of calls that were cut: nothing of them is kept, but the model is to go on. */
  readonly isAsked?: boolean;
}

/** New messages after all that is stored. A session's system text is only replaced as a whole. */
export function appendTo(session: Session | undefined, { system, messages, isAsked }: Sent): Continuation {
  return {
    session,
    isAsked,
    system: system.length > 0 ? system : (session?.system ?? []),
    history: session?.messages ?? History.empty,
    added: messages,
    offset: system.length,
    cuts: session?.cuts,
  };
}

/** A transcript of which nothing is stored. `parent`: it was begun in other words. */
export function beginWith({ system, messages }: Sent, parent?: Session): Continuation {
  return {
    session: parent,
    system,
    history: History.empty,
    added: messages,
    offset: system.length,
    parent: parent && { id: parent.key.id, rootId: parent.rootId, messages: History.empty },
  };
}

/** A transcript whose first part is stored: the model is given its own words back. */
export function goOnFrom(session: Session, match: TranscriptMatch, sent: Sent): Continuation {
  const { system, messages, isAsked } = sent;
  const history = session.messages.take(match.reachesEnd ? session.messages.length : match.storedLength);
  const told = inPresentWords(history, match, messages);
  return {
    session,
    system,
    history,
    told,
    isAsked,
    added: messages.slice(match.sentLength),
    offset: system.length + match.sentLength,
    // A cut names places: it says nothing about other messages, or fewer.
    cuts: told === undefined ? cutsWithin(session.cuts ?? [], history.length) : undefined,
    parent: { id: session.key.id, rootId: session.rootId, messages: history },
  };
}

/**
 * What is sent begins with the session's own last step, from `step` on: what follows is new. Where a call or a result of
 * it is another one now, the client's word holds from there on, as in a transcript.
 */
export function goOnFromStep(session: Session, step: number, sent: Sent): Continuation {
  const { messages } = session;
  const [calls, ...rest] = sent.messages;
  const stored = messages.at(step);
  const leave = (place: number, added: readonly Message[]): Continuation => ({
    ...appendTo(session, sent),
    history: messages.take(place),
    added,
    offset: sent.system.length + place - step,
    cuts: cutsWithin(session.cuts ?? [], place),
  });
  if (!calls || !stored || !isSameMessage(stored, calls)) return leave(step, sent.messages);
  const results = messages.slice(step + 1);
  const isEdited = results.some(result => rest.some(one => isOtherResult(result, one)));
  if (isEdited) return leave(step + 1, rest);
  return leave(
    messages.length,
    rest.filter(one => !results.some(result => isSameMessage(result, one))),
  );
}

function isOtherResult(stored: Message, sent: Message): boolean {
  const isOfCall = stored.role === 'tool' && sent.role === 'tool' && stored.toolCallId === sent.toolCallId;
  return isOfCall && !isSameMessage(stored, sent);
}

/**
 * Undefined where the stored messages can be given as they are. Else, for the matched part: what the client sends now,
 * and in the place of each answer of ours the stored one.
 */
function inPresentWords(
  history: History,
  match: TranscriptMatch,
  messages: readonly Message[],
): Message[] | undefined {
  const matched = messages.slice(0, match.sentLength);
  const isAligned = match.places === undefined && match.sentLength === history.length;
  const holdsAnySystem = history.fold(holdsSystem) || matched.some(({ role }) => role === 'system');
  if (isAligned && match.isVerbatim && !holdsAnySystem) return undefined;
  const told: Message[] = [];
  let isSame = isAligned && match.isVerbatim;
  for (const [place, message] of matched.entries()) {
    const stored = history.at(storedPlaceOf(match, place));
    if (message.role === 'system') {
      told.push(message);
      isSame &&= stored?.role === 'system' && JSON.stringify(stored) === JSON.stringify(message);
    } else if (stored?.role === 'assistant') told.push(isOwnReply(stored) ? stored : message);
    // Answers that say nothing stand for none that is stored.
    else if (message.role !== 'assistant')
      told.push(stored && isSameWhole(stored, message) ? stored : message);
  }
  return isSame ? undefined : told;
}

/** What was matched may be the beginning of the other. */
function isSameWhole(stored: Message, message: Message): boolean {
  return isSameMessage(stored, message) && isSameForm(stored, message);
}

const holdsSystem = {
  start: () => false,
  step: (holds: boolean, { role }: Message) => holds || role === 'system',
};
