// Which stored conversation a transcript goes on with. Anchors only say where to look; what counts is the comparison,
// message by message, so that nobody's words reach another conversation.
import { anchorChain, anchorsOf, openingOf } from '../conversation/anchor.ts';
import { matchTranscript, type TranscriptMatch } from '../conversation/match-transcript.ts';
import type { Message, SystemMessage } from '../conversation/message.ts';
import type { Session, Space } from '../conversation/session.ts';
import type { SessionStore } from '../store/session-store.ts';
import type { Sent } from './continuation.ts';

export interface Recognised {
  readonly session: Session;
  readonly match: TranscriptMatch;
}

/** So many are compared; where more begin alike, the whole chain of digests says which. */
const maxCompared = 8;

export async function recognise(
  sent: Sent,
  space: Space,
  label: string | undefined,
  store: SessionStore,
): Promise<Recognised | undefined> {
  const candidates = await findCandidates(sent.messages, space, store);
  const messages = withoutLastReply(sent.messages);
  const compared = candidates.flatMap(session => {
    const match = matchTranscript(session.messages, messages);
    return match && isEnough(match, session, sent, label) ? [{ session, match }] : [];
  });
  const [best] = compared.sort(
    (a, b) =>
      b.match.sentLength - a.match.sentLength ||
      rank(b.session.label === label) - rank(a.session.label === label) ||
      rank(isSameSystem(b.session, sent)) - rank(isSameSystem(a.session, sent)) ||
      rank(b.match.reachesEnd) - rank(a.match.reachesEnd) ||
      b.session.updatedAtMs - a.session.updatedAtMs,
  );
  return best;
}

async function findCandidates(
  messages: readonly Message[],
  space: Space,
  store: SessionStore,
): Promise<readonly Session[]> {
  const opening = openingAnchor(messages);
  const begunAlike = opening === undefined ? [] : await store.findByAnchor(space, opening, maxCompared + 1);
  if (begunAlike.length > 0 && begunAlike.length <= maxCompared) return begunAlike;
  const { anchors } = anchorsOf(messages);
  for (const { digest } of anchors.toReversed()) {
    const found = await store.findByAnchor(space, digest, maxCompared);
    if (found.length > 0) return found;
  }
  return begunAlike;
}

/** Something has to be new: a client may want an answer of its own to be gone on with. */
export function withoutLastReply(messages: readonly Message[]): readonly Message[] {
  const last = messages.findLastIndex(message => message.role !== 'assistant');
  return last === messages.length - 1 ? messages : messages.slice(0, last + 1);
}

function openingAnchor(messages: readonly Message[]): string | undefined {
  let chain = anchorChain.start();
  for (const message of messages) {
    if (chain.opening !== undefined) break;
    chain = anchorChain.step(chain, message);
  }
  return openingOf(chain);
}

/** The same words may open many conversations; the ids of calls are of one alone. */
function isEnough(
  { end, holdsCallId }: TranscriptMatch,
  session: Session,
  sent: Sent,
  label: string | undefined,
): boolean {
  if (end === 'opening' && isOtherLabel(session.label, label)) return false;
  return holdsCallId || isSameSystem(session, sent);
}

/** The client itself says that these are two. */
export function isOtherLabel(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other;
}

function isSameSystem(session: Session, { system }: Sent): boolean {
  if (session.system === system) return true;
  return textOfAll(session.system) === textOfAll(system);
}

/** A line each, however they are divided into messages and parts. */
function textOfAll(system: readonly SystemMessage[]): string {
  const texts = system.flatMap(({ content }) =>
    typeof content === 'string' ? content : content.map(({ text }) => text),
  );
  return texts.join('\n');
}

function rank(holds: boolean): number {
  return holds ? 1 : 0;
}
