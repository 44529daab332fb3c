// Which stored conversation a transcript goes on with. Anchors only say where to look; what counts is the comparison,
// message by message, so that nobody's words reach another conversation.
import {
  type Anchor,
  anchorsInSteps,
  replyAnchorsInSteps,
  scopedAnchor,
  scopesOf,
} from '../conversation/anchor.ts';
import { isCompared } from '../conversation/canonical-form.ts';
import { matchInSteps, type TranscriptMatch } from '../conversation/match-transcript.ts';
import type { Message } from '../conversation/message.ts';
import { givesDoubtfulWords, hasSameNativeReplies } from '../conversation/native-replies.ts';
import { passOverDamaged } from '../conversation/pass-over-damaged.ts';
import type { Session, Space } from '../conversation/session.ts';
import { isEqualSystemText, isSameSystemText, systemDigest } from '../conversation/system-text.ts';
import type { Hinted, SessionStore } from '../store/session-store.ts';
import { Pauses } from '../streams/pauses.ts';
import { inSlices } from '../streams/slices.ts';
import type { Sent } from './continuation.ts';

export interface Recognised {
  readonly session: Session;
  readonly match: TranscriptMatch;
}

export interface Recognition {
  readonly best: Recognised | undefined;
  /** It may be any of several, which differ in words that clients are not shown. */
  readonly isDoubtful: boolean;
}

type Looked = Pick<SessionStore, 'findIdsByAnchors' | 'read' | 'check'>;

/** So many sessions are compared of each anchor, and in all; what is passed over costs a branch, or a new session. */
const maxCompared = 8;
const maxComparedInAll = 64;
const nothing: Hinted = { ids: [], isAll: true };
/** So many anchors are asked for at once, the longest first; a conversation that goes on is found with the first. */
const askedAtOnce = [1, 7, 32, 128];

export async function recognise(
  sent: Sent,
  space: Space,
  label: string | undefined,
  store: Looked,
): Promise<Recognition> {
  const messages = withoutLastReply(sent.messages);
  if (!messages.some(isReply)) {
    // Those that begin alike and were answered are other conversations. A store that fails is to be noticed all the same.
    await store.check();
    return { best: undefined, isDoubtful: false };
  }
  const search = new Search({ ...sent, messages }, space, label, store);
  await lookToTheLetter(search, messages);
  await lookForReminders(search, messages);
  return search.best();
}

async function lookToTheLetter(search: Search, messages: readonly Message[]): Promise<void> {
  // All that goes on begins so: where at most one does, the rest need not be digested.
  const [opening] = await inSlices(anchorsInSteps(messages.slice(0, messages.findIndex(isReply))));
  if (opening) {
    const [alike = nothing] = await search.find([opening]);
    if (alike.isAll && alike.ids.length <= 1) return search.compareAll(opening, alike);
  }
  const anchors = (await inSlices(anchorsInSteps(messages))).toReversed();
  let asked = 0;
  for (let round = 0; asked < anchors.length; round += 1) {
    const batch = anchors.slice(asked, asked + (askedAtOnce[round] ?? 128));
    asked += batch.length;
    const found = await search.find(batch);
    for (const [index, anchor] of batch.entries()) {
      await search.compareAll(anchor, found[index] ?? nothing);
      const next = batch[index + 1] ?? anchors[asked];
      // What a shorter anchor finds reaches no farther.
      if (next && search.reach >= next.length) return;
    }
  }
}

/** So many of the newest replies are looked for by themselves. */
const maxReplies = 8;

/** Where nothing reaches as far to the letter: what users said may have had something behind it. */
async function lookForReminders(search: Search, messages: readonly Message[]): Promise<void> {
  if (search.reach > messages.findLastIndex(isReply)) return;
  const anchors = await inSlices(replyAnchorsInSteps(messages, maxReplies));
  const found = await search.find(anchors);
  for (const [index, hinted] of found.entries()) {
    await search.compareLoosely(hinted);
    if (search.reach >= (anchors[index + 1]?.length ?? 0)) return;
  }
}

function isReply(message: Message): boolean {
  return message.role === 'assistant' && isCompared(message);
}

/** Something has to be new: a client may want an answer of its own to be gone on with. */
export function withoutLastReply(messages: readonly Message[]): readonly Message[] {
  const last = messages.findLastIndex(message => message.role !== 'assistant');
  return last === messages.length - 1 ? messages : messages.slice(0, last + 1);
}

/** The client itself says that these are two. */
export function isOtherLabel(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other;
}

class Search {
  readonly #sent: Sent;
  readonly #space: Space;
  readonly #label: string | undefined;
  readonly #store: Looked;
  readonly #seen = new Set<string>();
  readonly #seenLoosely = new Set<string>();
  readonly #fitting: Recognised[] = [];
  /** What was found where all that left an anchor were looked at. */
  readonly #amongAll = new Set<string>();
  readonly #unread = new Set<string>();
  /** Some that left an anchor were not looked at. */
  #isPartial = false;
  readonly #pauses = new Pauses();
  #compared = 0;
  #digest: string | undefined;

  constructor(sent: Sent, space: Space, label: string | undefined, store: Looked) {
    this.#sent = sent;
    this.#space = space;
    this.#label = label;
    this.#store = store;
  }

  /** How many of the messages the best comparison takes. */
  get reach(): number {
    return this.#fitting.reduce((reach, { match }) => Math.max(reach, match.sentLength), 0);
  }

  /** For each anchor the sessions that left it. */
  find(anchors: readonly Anchor[]): Promise<readonly Hinted[]> {
    return this.#ask(anchors.map(({ digest }) => digest));
  }

  /** Where more begin alike than are compared, those of the same label, or system text, are looked for. */
  async compareAll({ digest }: Anchor, hinted: Hinted): Promise<void> {
    if (hinted.isAll) return this.#compare(hinted);
    const scopes = scopesOf(this.#label, this.#systemDigest());
    // It may go on from one that was begun without a label.
    if (this.#label !== undefined) scopes.push(...scopesOf(undefined, this.#systemDigest()));
    const scoped = scopes.map(scope => scopedAnchor(digest, scope));
    for (const some of [...(await this.#ask(scoped)), hinted]) await this.#compare(some);
  }

  compareLoosely(hinted: Hinted): Promise<void> {
    return this.#compare(hinted, true);
  }

  /**
   * The one that shares most; then to the letter, of the same label, with the same system text, with the reasoning that
   * the client brings, that ends where the transcript goes on; then the latest used.
   */
  best(): Recognition {
    const ranked = this.#fitting
      .map(one => ({ ...one, ranks: this.#ranksOf(one) }))
      .sort((a, b) => compareRanks(a.ranks, b.ranks) || b.session.updatedAtMs - a.session.updatedAtMs);
    const [best, ...others] = ranked;
    if (!best) return { best, isDoubtful: this.#isPartial };
    // Words that clients are not shown, or lose, may be another conversation's: also one's that was not looked at.
    const isAmongAll = this.#amongAll.has(best.session.key.id);
    const rivals = others.filter(other => compareRanks(other.ranks, best.ranks, provingRanks) === 0);
    const isDoubtful =
      (!isAmongAll && givesDoubtfulWords(best, this.#sent.messages)) ||
      !rivals.every(rival => hasSameNativeReplies(best, rival));
    return { best: isDoubtful ? undefined : best, isDoubtful };
  }

  #ask(digests: readonly string[]): Promise<readonly Hinted[]> {
    return this.#store.findIdsByAnchors(this.#space, digests, maxCompared);
  }

  async #compare({ ids, isAll }: Hinted, isLoose = false): Promise<void> {
    const seen = isLoose ? this.#seenLoosely : this.#seen;
    const left = maxComparedInAll - this.#compared;
    const unseen = ids.filter(id => !seen.has(id)).slice(0, left);
    this.#compared += unseen.length;
    for (const id of unseen) seen.add(id);
    const read = await Promise.all(
      unseen.map(id => this.#store.read({ ...this.#space, id }).catch(passOverDamaged)),
    );
    for (const [index, id] of unseen.entries()) if (read[index]?.status !== 'found') this.#unread.add(id);
    // One that cannot be read may be the one that is meant.
    const isWhole = isAll && ids.every(id => seen.has(id) && !this.#unread.has(id));
    if (isWhole) for (const id of ids) this.#amongAll.add(id);
    else this.#isPartial = true;
    for (const one of read) {
      if (one.status !== 'found') continue;
      const { session } = one;
      const match = await inSlices(matchInSteps(session.messages, this.#sent.messages, isLoose));
      await this.#pauses.pass();
      if (!match || (isLoose && !match.isLoose)) continue;
      if (this.#isEnough(session, match)) this.#fitting.push({ session, match });
    }
  }

  /** The same words may open many conversations; the ids of our calls are of one alone. */
  #isEnough(session: Session, { end, holdsOwnCall, isContradicted }: TranscriptMatch): boolean {
    // Some clients reword what was thought; where nothing else says that it is this answer, it is another one.
    if (isContradicted && !holdsOwnCall) return false;
    if (end === 'opening' && isOtherLabel(session.label, this.#label)) return false;
    const hasSameLabel = this.#label !== undefined && session.label === this.#label;
    return holdsOwnCall || hasSameLabel || isSameSystemText(systemOf(session), this.#sent);
  }

  #ranksOf({ session, match }: Recognised): readonly number[] {
    return [
      match.sentLength,
      rank(!match.isLoose),
      rank(session.label === this.#label),
      rank(isSameSystemText(systemOf(session), this.#sent)),
      rank(isEqualSystemText(systemOf(session), this.#sent)),
      match.sameReasoning,
      rank(match.reachesEnd),
    ];
  }

  #systemDigest(): string {
    this.#digest ??= systemDigest(this.#sent);
    return this.#digest;
  }
}

/** All but where it ends, which only says what is likely. */
const provingRanks = 6;

/** The higher first. */
function compareRanks(a: readonly number[], b: readonly number[], count = a.length): number {
  for (let place = 0; place < count; place += 1) {
    const difference = (b[place] ?? 0) - (a[place] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function systemOf({ system, updatedAtMs }: Session) {
  return { system, atMs: updatedAtMs };
}

function rank(holds: boolean): number {
  return holds ? 1 : 0;
}
