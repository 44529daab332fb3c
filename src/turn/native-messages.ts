// Answers that a client brings, in the model's own words where these are known although the conversation around them
// is not: by the ids of their calls, or sealed in the message itself.
import { callIdsOf, nativeByCallIds } from '../conversation/call-ids.ts';
import type { Fold } from '../conversation/history.ts';
import type { AssistantMessage, Message } from '../conversation/message.ts';
import { isSameArguments } from '../conversation/same-arguments.ts';
import { isSameMessage } from '../conversation/same-message.ts';
import type { Session, Space } from '../conversation/session.ts';
import type { SessionStore } from '../store/session-store.ts';

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

/** Opens what was carried. Where a store is, it is not kept: the next answer is found there. */
export function openCarried(
  messages: readonly Message[],
  space: Space,
  seal: Seal,
  isKept: boolean,
): readonly Message[] {
  if (!messages.some(holdsCarried)) return messages;
  let room = maxOpened;
  // The newest first: what is sealed is deflated, so that little can become much.
  return messages
    .toReversed()
    .map(message => {
      if (!holdsCarried(message)) return message;
      const { carried, ...visible } = message;
      const opened = room > 0 ? seal.open(carried, space) : undefined;
      if (opened) room -= JSON.stringify(opened).length;
      // A text that the client has changed is meant.
      const native = opened && isSameMessage(opened, visible) ? opened : visible;
      return isKept ? { ...native, carried } : native;
    })
    .reverse();
}

/** @returns the messages, and the newest session that knows any of them */
export async function findNative(
  messages: readonly Message[],
  space: Space,
  store: SessionStore,
): Promise<{ readonly messages: readonly Message[]; readonly session: Session | undefined }> {
  const ids = callIdsOf(messages);
  const sessions = ids.length === 0 ? [] : await store.findByCallIds(space, ids, maxSessions);
  let known: Session | undefined;
  if (sessions.length === 0) return { messages, session: undefined };
  const native = messages.map(message => {
    const [call] = message.role === 'assistant' ? (message.toolCalls ?? []) : [];
    if (message.role !== 'assistant' || !call) return message;
    for (const session of sessions) {
      const stored = session.messages.fold(repliesByCallId).get(call.id);
      if (!stored || !isNativeOf(stored, message)) continue;
      known ??= session;
      return stored;
    }
    return message;
  });
  return { messages: native, session: known };
}

/** By the id of their first call. */
const repliesByCallId: Fold<Map<string, AssistantMessage>> = {
  start: () => new Map(),
  step(replies, message) {
    const [call] = message.role === 'assistant' ? (message.toolCalls ?? []) : [];
    if (call && message.role === 'assistant') replies.set(call.id, message);
    return replies;
  },
};

/** An id alone may have been given twice; ids, names, text and arguments together were not. */
function isNativeOf(stored: AssistantMessage, sent: AssistantMessage): boolean {
  if (nativeByCallIds(sent, stored) !== stored) return false;
  const { toolCalls = [] } = stored;
  return toolCalls.every(({ arguments: text }, index) =>
    isSameArguments(text, sent.toolCalls?.[index]?.arguments ?? ''),
  );
}

function holdsCarried(message: Message): message is AssistantMessage & { readonly carried: string } {
  return message.role === 'assistant' && message.carried !== undefined;
}
