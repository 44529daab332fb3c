// Which session a request speaks to: named, recognised, begun, or refused. Never silent amnesia, never another's.
import { digestLongTexts } from '../conversation/canonical-form.ts';
import type { ChatRequest, SessionChoice } from '../conversation/chat-request.ts';
import { withoutCutCalls } from '../conversation/cut-calls.ts';
import { ProxyError } from '../conversation/errors.ts';
import { lastStepIn } from '../conversation/last-step.ts';
import { matchInSteps, type TranscriptMatch } from '../conversation/match-transcript.ts';
import type { Message } from '../conversation/message.ts';
import {
  isMadeSessionId,
  type Session,
  type SessionKey,
  type Space,
  sessionNotFound,
  type Turn,
} from '../conversation/session.ts';
import { isSideRequest } from '../conversation/side-request.ts';
import { splitLeadingSystem } from '../conversation/transcript.ts';
import type { AppendResult, ReadResult, SessionStore } from '../store/session-store.ts';
import { inSlices } from '../streams/slices.ts';
import { appendTo, beginWith, type Continuation, goOnFrom, goOnFromStep, type Sent } from './continuation.ts';
import { type HeldSession, type HoldParts, tryHoldSession, waitForSession } from './hold-session.ts';
import {
  cutCallsOf,
  findNative,
  findNativeTexts,
  isCallingReply,
  openCarried,
  type Seal,
} from './native-messages.ts';
import { isOtherLabel, type Recognised, recognise, withoutLastReply } from './recognise.ts';

export type SessionState = 'new' | 'continued' | 'forked' | 'none';

export interface OpenSession {
  readonly state: SessionState;
  /** Where the turn will be stored; undefined where nothing is. */
  readonly key: SessionKey | undefined;
  /** 0: the turn begins it. */
  readonly version: number;
  readonly continuation: Continuation;
  /** Under which id the session stays as it is, where the turn takes its name for another branch. */
  readonly leftBehindId?: string | undefined;
  /** Whether the client counts on the session: it named one, or speaks its dialect. */
  readonly isNeeded: boolean;
  /** Stores the turn; undefined where nothing is stored. */
  readonly append: ((turn: Turn) => Promise<AppendResult>) | undefined;
  /** Lets the session's next turn in. To be called however the turn ends. */
  readonly release: () => void;
}

export interface OpenSessionOptions extends Omit<HoldParts, 'store'> {
  readonly store: SessionStore | undefined;
  readonly seal: Seal;
  readonly makeSessionId: () => string;
  readonly now: () => number;
  readonly log: HoldParts['log'] & { warn(details: object, message: string): void };
}

/** @throws ProxyError `session_not_found`, `conversation_locked`, `sessions_disabled`, `store_unavailable`, `store_full` */
export async function openSession(
  request: ChatRequest,
  space: Space,
  options: OpenSessionOptions,
): Promise<OpenSession> {
  const { session: choice } = request;
  const { store } = options;
  const sent = await readSent(request, space, store, options);
  if (store && choice.id !== undefined)
    return openNamed(choice, choice.id, sent, space, { ...options, store });
  if (isNeeded(choice)) {
    if (!store) throw sessionsDisabled(choice);
    // Nothing is looked for: a store that fails would only be noticed once Cohere was paid.
    await store.check();
    return begin(space, { ...options, store }, appendTo(undefined, sent), true);
  }
  if (!store) return withoutStore(sent);
  try {
    return await openRecognised(choice, sent, space, { ...options, store });
  } catch (error) {
    // A transcript is complete without us.
    if (!isStoreFailure(error)) throw error;
    options.log.warn({ err: error }, 'no session could be looked for; a transcript is answered without one');
    return withoutStore(await readSent(request, space, undefined, options));
  }
}

type WithStore = OpenSessionOptions & { readonly store: SessionStore };

async function openNamed(
  choice: SessionChoice,
  id: string,
  sent: Sent,
  space: Space,
  options: WithStore,
): Promise<OpenSession> {
  const { store, makeSessionId } = options;
  const key: SessionKey = { owner: space.owner, user: space.user, id };
  const held = await waitForSession(key, options);
  try {
    const { read } = held;
    checkFound(choice, id, read.status);
    if (read.status === 'found') {
      const { session } = read;
      const continuation = await continueNamed(choice, session, sent, space, store);
      const goesOn = { ...takeTurn(held, session.version), continuation, isNeeded: true };
      if (continuation.history.length === session.messages.length) return { state: 'continued', ...goesOn };
      return { state: 'forked', leftBehindId: makeSessionId(), ...goesOn };
    }
    const continuation =
      choice.dialect === 'session'
        ? appendTo(undefined, sent)
        : await withNative(beginWith(sent), undefined, space, store);
    if (!isMadeSessionId(id)) return { state: 'new', ...takeTurn(held, 0), continuation, isNeeded: true };
    held.release();
    return begin(space, options, continuation, true);
  } catch (error) {
    held.release();
    throw error;
  }
}

function takeTurn(held: HeldSession, version: number) {
  const append = (turn: Turn) => held.append(turn, version);
  return { key: held.key, version, append, release: () => held.release() };
}

/** How a request would go on, without holding anything. Throws as `openSession` does. */
export async function lookForContinuation(
  request: ChatRequest,
  space: Space,
  options: Pick<OpenSessionOptions, 'store' | 'seal' | 'now'>,
): Promise<Continuation> {
  const { session: choice } = request;
  const { store } = options;
  const sent = await readSent(request, space, store, options);
  if (!store) return beginWith(sent);
  if (choice.id === undefined) {
    if (choice.dialect === 'session') return appendTo(undefined, sent);
    const found = await findContinuation(choice, sent, space, store).catch(goOnWithoutStore);
    return found?.continuation ?? beginWith(sent);
  }
  const read = await store.read({ owner: space.owner, user: space.user, id: choice.id });
  checkFound(choice, choice.id, read.status);
  return read.status === 'found'
    ? continueNamed(choice, read.session, sent, space, store)
    : withNative(beginWith(sent), undefined, space, store);
}

/** Whether the client counts on a session: it named one, or speaks its dialect. */
export function isNeeded({ id, dialect }: SessionChoice): boolean {
  return id !== undefined || dialect === 'session';
}

/** A transcript is complete without a store. */
export function goOnWithoutStore(error: unknown): undefined {
  if (isStoreFailure(error)) return undefined;
  throw error;
}

/** It cannot be reached, or nothing can be written to it. What is damaged, or refused, is said to whoever asked. */
function isStoreFailure(error: unknown): boolean {
  return error instanceof ProxyError && (error.code === 'store_unavailable' || error.code === 'store_full');
}

async function readSent(
  { messages }: ChatRequest,
  space: Space,
  store: SessionStore | undefined,
  { seal, now }: Pick<OpenSessionOptions, 'seal' | 'now'>,
): Promise<Sent> {
  const { system, rest } = splitLeadingSystem(messages);
  const atMs = now();
  const opened = await openCarried(rest, space, seal, store === undefined);
  // Of these very messages: what is kept with others is lost where one is copied.
  await inSlices(digestLongTexts(opened));
  return { system, messages: opened, atMs };
}

/** @throws ProxyError where the client counts on a session that is not there. */
function checkFound(choice: SessionChoice, id: string, status: ReadResult['status']): void {
  if (status === 'found' || isBegunBy(choice, id, status)) return;
  throw sessionNotFound(id, status === 'expired', choice.param);
}

/** How a request goes on from the session that it names. */
async function continueNamed(
  { dialect, isReplaced }: SessionChoice,
  session: Session,
  brought: Sent,
  space: Space,
  store: SessionStore,
): Promise<Continuation> {
  const sent = withoutCut(brought, [session]);
  const step = isReplaced ? undefined : lastStepIn(session.messages, sent.messages);
  if (step !== undefined) return goOnFromStep(session, step, sent);
  if (dialect === 'session') return appendTo(session, sent);
  const match = await inSlices(matchInSteps(session.messages, comparedOf(sent)));
  const continuation = match ? goOnFrom(session, match, sent) : { ...beginWith(sent), session };
  return withNative(continuation, match, space, store);
}

async function withNative(
  continuation: Continuation,
  match: TranscriptMatch | undefined,
  space: Space,
  store: SessionStore,
): Promise<Continuation> {
  const { messages } = await findNative(continuation.added, space, store);
  const isProven = match?.holdsOwnCall || messages.some(isCallingReply);
  const added = await findNativeTexts(messages, continuation.session, store, isProven);
  return { ...continuation, added };
}

/** How a transcript goes on from a session that nobody named. `isEnd`: it can be appended to that one. */
async function findContinuation(
  { label }: SessionChoice,
  sent: Sent,
  space: Space,
  store: SessionStore,
): Promise<{ readonly continuation: Continuation; readonly isEnd: boolean }> {
  const { best: recognised, isDoubtful } = await recognise(sent, space, label, store);
  const isEnd = recognised !== undefined && isOpenEnd(recognised, label);
  // Equal first words alone are another conversation.
  if (!recognised || !(isEnd || recognised.match.sharesReply)) {
    const { messages: found, session, cutIn } = await findNative(sent.messages, space, store);
    if (cutIn.length > 0) return findWithoutCut(label, sent, cutIn, space, store);
    // The calls say which conversation it is, and not which of its branches.
    const messages = isDoubtful ? found : await findNativeTexts(found, session, store, true);
    return { continuation: beginWith({ ...sent, messages }, session), isEnd: false };
  }
  const goesOn = goOnFrom(recognised.session, recognised.match, sent);
  const { messages: found, cutIn } = await findNative(goesOn.added, space, store);
  if (cutIn.length > 0) return findWithoutCut(label, sent, cutIn, space, store);
  const isProven = recognised.match.holdsOwnCall || found.some(isCallingReply);
  const added = await findNativeTexts(found, goesOn.session, store, isProven);
  return { continuation: { ...goesOn, added }, isEnd: isEnd && !isAside(recognised.match, added) };
}

/** The chat keeps its session; what is asked beside it branches off. */
function isAside({ sharesReply }: TranscriptMatch, added: readonly Message[]): boolean {
  return sharesReply && isSideRequest(added);
}

/** A transcript with calls that were cut in these sessions: it is one of theirs once they are left out. */
async function findWithoutCut(
  label: string | undefined,
  brought: Sent,
  sessions: readonly Session[],
  space: Space,
  store: SessionStore,
): Promise<{ readonly continuation: Continuation; readonly isEnd: boolean }> {
  const sent = withoutCut(brought, sessions);
  let best: Recognised | undefined;
  for (const session of sessions) {
    const match = await inSlices(matchInSteps(session.messages, comparedOf(sent)));
    if (match && (!best || match.sentLength > best.match.sentLength)) best = { session, match };
  }
  const goesOn = best ? goOnFrom(best.session, best.match, sent) : beginWith(sent, sessions[0]);
  const continuation = await withNative(goesOn, best?.match, space, store);
  const isEnd = best !== undefined && isOpenEnd(best, label) && !isAside(best.match, continuation.added);
  return { continuation, isEnd };
}

function withoutCut(sent: Sent, sessions: readonly Session[]): Sent {
  const cut = cutCallsOf(sessions);
  if (cut.size === 0) return sent;
  const messages = withoutCutCalls(sent.messages, cut);
  const isAsked = sent.messages.at(-1)?.role === 'tool' && messages.at(-1)?.role !== 'tool';
  return { ...sent, messages, isAsked };
}

/** What of a transcript is compared. Where it goes on from an answer, that is a part of it. */
function comparedOf({ messages, isAsked }: Sent): readonly Message[] {
  return isAsked ? messages : withoutLastReply(messages);
}

/** Whether a transcript that names no session may be appended. */
function isOpenEnd({ session, match }: Recognised, label: string | undefined): boolean {
  const isForeign = isOtherLabel(label, session.label) || !isMadeSessionId(session.key.id);
  return match.reachesEnd && session.dialect === 'transcript' && !isForeign;
}

async function openRecognised(
  choice: SessionChoice,
  sent: Sent,
  space: Space,
  options: WithStore,
): Promise<OpenSession> {
  const { continuation, isEnd } = await findContinuation(choice, sent, space, options.store);
  const { session } = continuation;
  // A session that is busy is not waited for: the client knows nothing of it.
  const held = session && isEnd ? await tryHoldSession(session.key, options) : undefined;
  if (held) {
    const { read } = held;
    if (read.status === 'found' && read.session.version === session?.version)
      return { state: 'continued', ...takeTurn(held, session.version), continuation, isNeeded: false };
    held.release();
  }
  return begin(space, options, continuation, false);
}

/** Nobody else knows the id yet, so nobody can be in the way. */
function begin(
  space: Space,
  { store, makeSessionId }: WithStore,
  continuation: Continuation,
  isNeeded: boolean,
): OpenSession {
  const key = { owner: space.owner, user: space.user, id: makeSessionId() };
  const state = continuation.history.length > 0 ? 'forked' : 'new';
  const append = (turn: Turn) => store.append(key, turn, { expectedVersion: 0 });
  return { state, key, version: 0, continuation, isNeeded, append, release: () => {} };
}

function withoutStore(sent: Sent): OpenSession {
  return {
    state: 'none',
    key: undefined,
    version: 0,
    continuation: beginWith(sent),
    isNeeded: false,
    append: undefined,
    release: () => {},
  };
}

/** Nothing is lost where the client brings the whole conversation; a name of its own that is unused is free. */
function isBegunBy({ dialect }: SessionChoice, id: string, status: 'missing' | 'expired'): boolean {
  return dialect === 'transcript' || (status === 'missing' && !isMadeSessionId(id));
}

function sessionsDisabled({ id }: SessionChoice): ProxyError {
  return new ProxyError(
    'sessions_disabled',
    'This proxy keeps no sessions. Send the whole conversation instead.',
    { param: id === undefined ? 'message' : 'sessionId' },
  );
}
