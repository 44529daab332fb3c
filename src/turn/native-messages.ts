// Answers that a client brings, in the model's own words where these are known although the conversation around them
// is not: by the ids of their calls, or sealed in the message itself.
import { callIdsOf } from '../conversation/call-ids.ts';
import { answerText, spokenText } from '../conversation/canonical-form.ts';
import { cutCallIds, withoutCutCalls } from '../conversation/cut-calls.ts';
import { digestOf } from '../conversation/digest.ts';
import type { Fold } from '../conversation/history.ts';
import type { AssistantMessage, Message } from '../conversation/message.ts';
import { isMadeCall, isOwnReply, markBrought } from '../conversation/origin.ts';
import { passOverDamaged } from '../conversation/pass-over-damaged.ts';
import {
  hasOtherReasoning,
  isSameBeginning,
  isSameForm,
  isSameMessage,
} from '../conversation/same-message.ts';
import type { Session, Space } from '../conversation/session.ts';
import type { SessionStore } from '../store/session-store.ts';
import { Pauses } from '../streams/pauses.ts';

/** Seals answers for clients to carry, and opens what they bring back. `seal.ts` is the one that is real. */
export interface Seal {
  /** Undefined where the message is too large to be carried. */
  seal(message: AssistantMessage, space: Space): string | undefined;
  /** Undefined for what is not ours, of another space, or was changed. */
  open(data: string, space: Space): AssistantMessage | undefined;
}

const maxSessions = 4;
/** Characters of all that is opened for one request; no model's context is as long. */
const maxOpened = 8_000_000;

/**
 * Opens what was carried, and marks the rest as the client's own words. Where a store is, what was carried is not kept:
 * the next answer is found there.
 */
export async function openCarried(
  messages: readonly Message[],
  space: Space,
  seal: Seal,
  isKept: boolean,
): Promise<readonly Message[]> {
  const pauses = new Pauses();
  const opened: Message[] = [];
  const cut = new Set<string>();
  let left = maxOpened;
  // The newest first: what is sealed is deflated, so that little can become much.
  for (const message of messages.toReversed()) {
    if (!holdsCarried(message)) {
      opened.push(markBrought(message));
      continue;
    }
    await pauses.pass();
    const { carried, ...visible } = message;
    const sealed = left > 0 ? seal.open(carried, space) : undefined;
    if (sealed) left -= JSON.stringify(sealed).length;
    const reply: AssistantMessage | undefined = sealed && { ...sealed, origin: 'reply' };
    for (const id of reply?.cutCalls ?? []) cut.add(id);
    const [whole = visible] = withoutCutCalls([visible], cut);
    // What the client has changed is meant.
    const native = reply && isSameMessage(reply, whole) ? reply : markBrought(visible);
    opened.push(isKept ? { ...native, carried } : native);
  }
  return withoutCutCalls(opened.reverse(), cut);
}

/**
 * @returns the messages without calls that were cut, the newest session that gave out one of their calls, and those that
 * gave out one that was cut
 */
export async function findNative(
  messages: readonly Message[],
  space: Space,
  store: SessionStore,
): Promise<{
  readonly messages: readonly Message[];
  readonly session: Session | undefined;
  readonly cutIn: readonly Session[];
}> {
  const ids = callIdsOf(messages);
  const sessions = ids.length === 0 ? [] : await store.findByCallIds(space, ids, maxSessions);
  let known: Session | undefined;
  if (sessions.length === 0) return { messages, session: undefined, cutIn: [] };
  const cut = cutCallsOf(sessions);
  const cutIn = sessions.filter(session => ids.some(id => session.messages.fold(cutCallIds).has(id)));
  const nativeOf = (message: Message): Message => {
    const [call] = message.role === 'assistant' ? (message.toolCalls ?? []) : [];
    if (message.role !== 'assistant' || !call) return message;
    let found: AssistantMessage | undefined;
    for (const session of sessions) {
      const stored = session.messages.fold(repliesByCallId).get(call.id);
      if (!stored) continue;
      known ??= session;
      // A call that the client has changed is meant.
      if (!isSameMessage(stored, message)) continue;
      // Version 0.1 gave out the ids of others, who may repeat them: then it cannot be told whose answer this is.
      if (found && !isSameForm(found, stored)) return message;
      found = stored;
    }
    const isOneOfMany = sessions.length === maxSessions && !found?.toolCalls?.every(isMadeCall);
    return found && !isOneOfMany ? found : message;
  };
  const native: Message[] = [];
  const pauses = new Pauses();
  for (const message of withoutCutCalls(messages, cut)) {
    native.push(nativeOf(message));
    await pauses.pass();
  }
  return { messages: native, session: known ?? cutIn[0], cutIn };
}

/** The ids of all calls that were cut in them. */
export function cutCallsOf(sessions: readonly Session[]): ReadonlySet<string> {
  return new Set(sessions.flatMap(({ messages }) => [...messages.fold(cutCallIds)]));
}

/** Answers of ours, by the id of their first call. */
const repliesByCallId: Fold<Map<string, AssistantMessage>> = {
  start: () => new Map(),
  step(replies, message) {
    if (message.role !== 'assistant' || !isOwnReply(message)) return replies;
    const [call] = message.toolCalls ?? [];
    if (call) replies.set(call.id, message);
    return replies;
  },
};

/**
 * Answers without calls, by their text: those of the session that goes on, and of the one that it came from. Where no
 * call proves that the conversation is this one, the text has to be one that is said but once.
 */
export async function findNativeTexts(
  messages: readonly Message[],
  session: Session | undefined,
  store: SessionStore,
  isProven: boolean,
): Promise<readonly Message[]> {
  if (!session || !messages.some(isBroughtText)) return messages;
  const questions = questionsOf(messages);
  const inSession = (held: Session, known: readonly Message[]) =>
    known.map((message, place) => nativeText(held, message, isProven || questions[place]) ?? message);
  const known = inSession(session, messages);
  const { key, parentId } = session;
  if (parentId === undefined || !known.some(isBroughtText)) return known;
  const parent = await store.read({ owner: key.owner, user: key.user, id: parentId }).catch(passOverDamaged);
  return parent.status === 'found' ? inSession(parent.session, known) : known;
}

/** Its calls prove whose conversation it stands in. */
export function isCallingReply(message: Message): boolean {
  return message.role === 'assistant' && isOwnReply(message) && Boolean(message.toolCalls?.length);
}

function isBroughtText(message: Message): message is AssistantMessage {
  return message.role === 'assistant' && !message.toolCalls?.length && !isOwnReply(message);
}

/** What each of them answers. */
function questionsOf(messages: readonly Message[]): (Message | undefined)[] {
  let last: Message | undefined;
  return messages.map(message => {
    const question = last;
    if (isQuestion(message)) last = message;
    return question;
  });
}

function isQuestion({ role }: Message): boolean {
  return role === 'user' || role === 'tool';
}

/** What is shorter is said again and again, each time to something else: `Done.`, `yes`. */
const leastDistinct = 16;

/** @param asked what it answers; true where that does not matter */
function nativeText({ messages }: Session, message: Message, asked: Message | true | undefined) {
  if (!isBroughtText(message)) return undefined;
  const text = answerText(message);
  const said = messages.fold(repliesByText).byText.get(digestOf(text)) ?? [];
  // Too many to be told apart.
  if (said.length > maxAlike) return undefined;
  const isDistinct = text.length >= leastDistinct;
  const fitting = said.filter(
    one => (isDistinct || isSameQuestion(one.asked, asked)) && isSameMessage(one.reply, message),
  );
  const [native, ...others] = fitting.map(({ reply }) => reply);
  if (!native || hasOtherReasoning(native, message)) return undefined;
  return others.every(other => isSameForm(native, other)) ? native : undefined;
}

function isSameQuestion(stored: Message | undefined, sent: Message | true | undefined): boolean {
  if (sent === true) return true;
  if (stored?.role !== 'user' || sent?.role !== 'user') return false;
  if (isSameBeginning(stored, sent)) return true;
  return spokenText(stored).length >= leastDistinct && isSameMessage(stored, sent);
}

interface TextReplies {
  readonly byText: Map<string, { readonly asked: Message | undefined; readonly reply: AssistantMessage }[]>;
  last: Message | undefined;
}

const maxAlike = 8;

/** Answers of ours without calls, by their text, with what each answers; of equal ones no more than can be told apart. */
const repliesByText: Fold<TextReplies> = {
  start: () => ({ byText: new Map(), last: undefined }),
  step(replies, message) {
    if (message.role === 'assistant' && !message.toolCalls?.length && isOwnReply(message)) {
      const digest = digestOf(answerText(message));
      const alike = replies.byText.get(digest) ?? [];
      if (alike.length <= maxAlike) alike.push({ asked: replies.last, reply: message });
      replies.byText.set(digest, alike);
    }
    if (isQuestion(message)) replies.last = message;
    return replies;
  },
};

function holdsCarried(message: Message): message is AssistantMessage & { readonly carried: string } {
  return message.role === 'assistant' && message.carried !== undefined;
}
