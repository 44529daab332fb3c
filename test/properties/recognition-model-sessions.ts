// The sessions as plain lists, and the rules by which a conversation finds its own among them: as the design words
// them, with no thought of cost.
import { spoken } from './recognition-model-losses.ts';
import {
  type Answer,
  inClientsWords,
  keyOf,
  keysOf,
  type Said,
  withSortedResults,
} from './recognition-model-said.ts';

/** Never changed: a turn puts another in its place. */
export interface Kept {
  readonly id: string;
  readonly user: string | undefined;
  readonly label: string | undefined;
  readonly dialect: 'session' | 'transcript';
  readonly system: string;
  /** An answer is Cohere's own where that is what is stored. */
  readonly said: readonly Said[];
  /** Of the answers those that its turns brought, not those that it shares with one that it branched off from. */
  readonly own: readonly Answer[];
  /** What was said up to each answer that a turn of it brought, also with what tells it from equals. */
  readonly anchors: readonly string[];
  readonly usedAt: number;
  /** Who went on in it. */
  readonly clients: readonly number[];
  /** Any of these, where it says so in a list. */
  readonly parents: readonly string[];
}

export interface Asked {
  readonly client: number;
  readonly user: string | undefined;
  readonly label: string | undefined;
  /** '': none. */
  readonly system: string;
  /** The whole conversation; what is new, in the session dialect. */
  readonly said: readonly Said[];
  readonly dialect: 'session' | 'transcript';
  readonly sessionId?: string | undefined;
}

export interface Opened {
  readonly asked: Asked;
  readonly state: 'new' | 'continued' | 'forked';
  /** What it goes on from. */
  readonly from: Kept | undefined;
  /** What of it is kept. */
  readonly history: readonly Said[];
  readonly added: readonly Said[];
  readonly system: string;
  readonly parents: readonly string[];
  /** No other session has as much in common with it. */
  readonly isOnly: boolean;
  /** Where the words that nobody is shown tell which session is meant: it may be none of them. */
  readonly orNew?: Opened;
}

interface Match {
  readonly kept: Kept;
  readonly length: number;
  readonly isOpening: boolean;
  /** By answers that the proxy gave out. */
  readonly holdsCall: boolean;
  readonly sharesReply: boolean;
}

/** What tells conversations apart that begin with the same words. */
function scopesOf(label: string | undefined, system: string): string[] {
  return label === undefined ? [`under ${system}`] : [`label ${label} under ${system}`, `label ${label}`];
}

function isOther(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other;
}

export class PlainSessions {
  #all: readonly Kept[] = [];
  #turns = 0;

  get all(): readonly Kept[] {
    return this.#all;
  }

  find(id: string, user: string | undefined): Kept | undefined {
    return this.#all.find(kept => kept.id === id && kept.user === user);
  }

  /** @param busy ids of sessions whose turn is running */
  open(asked: Asked, busy: ReadonlySet<string>): Opened {
    if (asked.sessionId !== undefined) return this.#openNamed(asked, this.find(asked.sessionId, asked.user));
    if (asked.dialect === 'session') return begin(asked, asked.said);
    const matches = this.#recognise(asked);
    const [match, other] = matches;
    const known = this.#whoKnows(asked);
    const parent = known[0] === undefined ? undefined : this.find(known[0], asked.user);
    const added = this.#withTexts(this.#withNative(asked), parent, true);
    const fresh = { ...begin(asked, added), parents: known.slice(0, 1) };
    // Equal first words alone are another conversation.
    if (!match?.sharesReply) return fresh;
    const { kept, length } = match;
    // What a client gave a name is only added to by that name.
    const isForeign = isOther(kept.label, asked.label) || !kept.id.startsWith('sess_');
    const isEnd = length === kept.said.length && kept.dialect === 'transcript' && !isForeign;
    const state = isEnd && !busy.has(kept.id) ? 'continued' : 'forked';
    const isOnly = other?.length !== length;
    const opened: Opened = { ...this.#goOn(asked, match), state, isOnly };
    // Where it cannot be told which of them goes on, no text is found in any.
    const doubtful: Opened = { ...fresh, added: this.#withNative(asked) };
    return matches.some(one => isRival(one, match, asked)) ? { ...opened, orNew: doubtful } : opened;
  }

  /** @returns the session as it is now */
  commit({ asked, state, from, history, added, system, parents }: Opened, id: string, answer: Answer): Kept {
    this.#turns += 1;
    const isSame = from?.id === id;
    const isOn = isSame && state === 'continued';
    const kept: Kept = {
      id,
      user: asked.user,
      label: isSame ? from.label : (asked.label ?? from?.label),
      dialect: isSame ? from.dialect : asked.dialect,
      system,
      said: [...history, ...added, answer],
      own: [...(isOn ? from.own : []), ...added.filter(isGiven), answer],
      anchors: [
        ...(isOn ? from.anchors : []),
        ...anchorsLeft([...history, ...added, answer], isOn ? history.length : 0, history.length).flatMap(
          anchor => [
            anchor,
            ...scopesOf(asked.label ?? from?.label, system).map(scope => `${scope}: ${anchor}`),
          ],
        ),
      ],
      usedAt: this.#turns,
      clients: [...(isSame ? from.clients : []), asked.client],
      parents: isOn ? from.parents : parents,
    };
    this.#all = [...this.#all.filter(other => !(isSame && other === from)), kept];
    return kept;
  }

  /** A conversation in other words goes on from any session that knows one of its answers. */
  adopt(kept: Kept, parentId: string | null): void {
    const parent = kept.parents.includes(parentId ?? '') ? this.find(parentId ?? '', kept.user) : undefined;
    if (!parent)
      throw new Error(`a conversation that goes on from ${kept.parents} has the parent ${parentId}`);
    const adopted = { ...kept, label: kept.label ?? parent.label, parents: [parent.id] };
    this.#all = this.#all.map(other => (other === kept ? adopted : other));
  }

  /** What a named session was before stays, under an id that the store tells. */
  leaveBehind(before: Kept, now: Kept, id: string): void {
    const others = this.#all.map(kept => {
      if (kept === now) return { ...kept, parents: [id] };
      // Whether branches of it follow is not said.
      return kept.parents.includes(before.id) ? { ...kept, parents: [...kept.parents, id] } : kept;
    });
    this.#all = [...others, { ...before, id }];
  }

  /** Where two turns ended at the same time the store knows which was the last. */
  touch(id: string): void {
    this.#turns += 1;
    this.#all = this.#all.map(kept => (kept.id === id ? { ...kept, usedAt: this.#turns } : kept));
  }

  delete(kept: Kept): void {
    this.#all = this.#all.filter(other => other !== kept);
  }

  #openNamed(asked: Asked, kept: Kept | undefined): Opened {
    if (asked.dialect === 'session') {
      if (!kept) return begin(asked, asked.said);
      const { said: history, system, parents } = kept;
      return {
        asked,
        state: 'continued',
        from: kept,
        history,
        added: asked.said,
        isOnly: true,
        system: asked.system || system,
        parents,
      };
    }
    if (!kept) return begin(asked, this.#withNative(asked));
    const match = matchOf(kept, asked.said);
    if (match) return this.#goOn(asked, match);
    const native = this.#withNative(asked);
    const added = this.#withTexts(native, kept, native.some(isCalling));
    return { ...begin(asked, added), state: 'forked', from: kept, parents: [] };
  }

  #goOn(asked: Asked, { kept, length, holdsCall }: Match): Opened {
    const history = kept.said.slice(0, length);
    const state = length === kept.said.length ? 'continued' : 'forked';
    const native = this.#withNative({ ...asked, said: asked.said.slice(length) });
    const isProven = holdsCall || native.some(isCalling);
    const added = this.#withTexts(native, kept, isProven);
    return {
      asked,
      state,
      from: kept,
      history,
      added,
      system: asked.system,
      parents: [kept.id],
      isOnly: true,
    };
  }

  /** The best first: the longest part in common wins, then what else speaks for it. */
  #recognise(asked: Asked): readonly Match[] {
    const matches = this.#alike(asked).flatMap(kept => {
      const match = matchOf(kept, asked.said);
      // Under two labels the same first words begin two conversations.
      const isApart = match?.isOpening && isOther(kept.label, asked.label);
      const isLabelled = asked.label !== undefined && kept.label === asked.label;
      const isEnough = match?.holdsCall || isLabelled || kept.system === asked.system;
      return match && !isApart && isEnough ? [match] : [];
    });
    const ranksOf = ({ kept, length }: Match) => [
      length,
      Number(kept.label === asked.label),
      Number(kept.system === asked.system),
      Number(kept.said.length === length),
      kept.usedAt,
    ];
    return matches.sort((a, b) => compare(ranksOf(b), ranksOf(a)));
  }

  /** Who left an anchor, from the longest down, as far as one can reach farther. */
  #alike({ said, user, label, system }: Asked): readonly Kept[] {
    const all = this.#latest(user);
    const asked = said.slice(0, said.findLastIndex(one => one.role !== 'assistant') + 1);
    const found = new Set<Kept>();
    const lengths = anchorLengths(asked).reverse();
    for (const [index, length] of lengths.entries()) {
      const anchor = anchorAt(asked, length);
      const holders = (name: string) => all.filter(({ anchors }) => anchors.includes(name));
      const bare = holders(anchor);
      const scopes = bare.length > 8 ? [...scopesOf(label, system), ...scopesOf(undefined, system)] : [];
      for (const scope of scopes)
        for (const kept of holders(`${scope}: ${anchor}`).slice(0, 8)) found.add(kept);
      for (const kept of bare.slice(0, 8)) found.add(kept);
      const reach = Math.max(0, ...[...found].map(kept => reachOf(kept, asked)));
      if (reach >= (lengths[index + 1] ?? Number.POSITIVE_INFINITY)) break;
    }
    return [...found];
  }

  /** Answers with calls are known by these, wherever they stand. */
  #withNative(asked: Asked): Said[] {
    const sessions = this.#whoCalled(asked);
    return asked.said.map(one => {
      if (one.role !== 'assistant') return one;
      for (const kept of sessions) {
        const known = findIn(kept, one);
        if (known) return known;
      }
      return inClientsWords(one);
    });
  }

  /**
   * Answers without calls are known by their text, in the session that goes on and the one that it came from; short ones
   * by what they answer as well, where no call proves which session it is.
   */
  #withTexts(said: readonly Said[], session: Kept | undefined, isProven: boolean): Said[] {
    const [parentId] = session?.parents ?? [];
    const parent = parentId === undefined ? undefined : this.find(parentId, session?.user);
    return said.map((one, place) => {
      if (one.role !== 'assistant' || one.native || one.calls.length > 0) return one;
      const question = questionBefore(said, place);
      for (const kept of [session, parent]) {
        const alike = (kept?.said ?? []).filter(
          (answer, at): answer is Answer =>
            isGiven(answer) &&
            answer.calls.length === 0 &&
            keyOf(answer) === keyOf(one) &&
            (isProven || isDistinct(one) || isSameQuestion(questionBefore(kept?.said ?? [], at), question)),
        );
        const natives = new Set(alike.map(({ native }) => JSON.stringify(native)));
        if (alike[0] && natives.size === 1) return alike[0];
      }
      return one;
    });
  }

  /** The session that gave out the first call that anybody knows is the parent. */
  #whoKnows(asked: Asked): string[] {
    const sessions = this.#whoCalled(asked);
    const known = asked.said.flatMap(one => {
      const [id] = callIdsOf(one);
      if (id === undefined) return [];
      return sessions.filter(({ said }) =>
        said.some(answer => isGiven(answer) && callIdsOf(answer)[0] === id),
      );
    });
    return [...new Set(known.map(({ id }) => id))];
  }

  /** Four sessions at most, those of the newest calls first: more only where ids are given again and again. */
  #whoCalled({ said, user }: Asked): readonly Kept[] {
    const found = new Set<Kept>();
    for (const id of new Set(said.flatMap(callIdsOf).reverse())) {
      const sessions = this.#latest(user).filter(({ own }) => own.some(one => callIdsOf(one).includes(id)));
      for (const kept of sessions.slice(0, 4)) found.add(kept);
      if (found.size >= 4) break;
    }
    return [...found].slice(0, 4);
  }

  #latest(user: string | undefined): Kept[] {
    return this.#all.filter(kept => kept.user === user).sort((a, b) => b.usedAt - a.usedAt);
  }
}

function questionBefore(said: readonly Said[], place: number): string | undefined {
  const question = said.slice(0, place).findLast(({ role }) => role !== 'assistant');
  return question?.role === 'user' ? question.text : undefined;
}

function isSameQuestion(stored: string | undefined, sent: string | undefined): boolean {
  return stored === sent && stored !== undefined && stored.length >= 16;
}

function isDistinct({ text }: Answer): boolean {
  return spoken({ content: text }).trim().length >= 16;
}

function isCalling(said: Said): boolean {
  return isGiven(said) && said.calls.length > 0;
}

function isGiven(said: Said): said is Answer {
  return said.role === 'assistant' && said.native !== undefined;
}

function callIdsOf(said: Said): string[] {
  return said.role === 'assistant' ? said.calls.map(({ id }) => id) : [];
}

function findIn({ said }: Kept, answer: Answer): Said | undefined {
  if (answer.calls.length === 0) return undefined;
  return said.find(one => one.role === 'assistant' && keyOf(one) === keyOf(answer));
}

function begin(asked: Asked, added: readonly Said[]): Opened {
  return {
    asked,
    state: 'new',
    from: undefined,
    history: [],
    added,
    system: asked.system,
    parents: [],
    isOnly: true,
  };
}

/** How much both begin with: up to an answer, or to where the first one is due. */
function matchOf(kept: Kept, said: readonly Said[]): Match | undefined {
  const last = said.findLastIndex(one => one.role !== 'assistant');
  const asked = said.slice(0, last + 1);
  const [mine, theirs] = [keysOf(kept.said), keysOf(asked)];
  let common = 0;
  while (common < mine.length && mine[common] === theirs[common]) common += 1;
  const matched = withSortedResults(kept.said, keyOf).slice(0, common);
  const reply = matched.findLastIndex(one => one.role === 'assistant');
  const own = matched.filter(one => one.role === 'assistant' && one.native !== undefined);
  const holdsCall = own.some(one => one.role === 'assistant' && one.calls.length > 0);
  if (reply >= 0)
    return { kept, length: reply + 1, isOpening: false, holdsCall, sharesReply: own.length > 0 };
  const opening = openingOf(kept.said);
  const isOpening = opening > 0 && common >= opening && openingOf(asked) === opening;
  return isOpening
    ? { kept, length: opening, isOpening: true, holdsCall: false, sharesReply: false }
    : undefined;
}

/** Another that fits as well, in which an answer was given with other words that nobody is shown. */
function isRival(one: Match, best: Match, { label, system }: Asked): boolean {
  if (one.length !== best.length || one === best) return false;
  if ((one.kept.label === label) !== (best.kept.label === label)) return false;
  if ((one.kept.system === system) !== (best.kept.system === system)) return false;
  const natives = ({ kept, length }: Match) =>
    kept.said.slice(0, length).map(said => (said.role === 'assistant' ? (said.native ?? null) : undefined));
  return JSON.stringify(natives(one)) !== JSON.stringify(natives(best));
}

function openingOf(said: readonly Said[]): number {
  const first = said.findIndex(one => one.role === 'assistant');
  return first === -1 ? said.length : first;
}

/** Of the opening, where there is one, and of what ends with an answer. */
function anchorLengths(said: readonly Said[]): number[] {
  const opening = openingOf(said);
  const replies = said.flatMap((one, place) => (one.role === 'assistant' ? [place + 1] : []));
  return [...(opening > 0 ? [opening] : []), ...replies];
}

function anchorAt(said: readonly Said[], length: number): string {
  return JSON.stringify(keysOf(said.slice(0, length)));
}

/** Of the opening where the session does not know it yet, and of the answers from a place on. */
function anchorsLeft(said: readonly Said[], start: number, added: number): string[] {
  const lengths = anchorLengths(said).filter(
    length => length > added || (start === 0 && length === openingOf(said)),
  );
  return lengths.map(length => anchorAt(said, length));
}

function reachOf(kept: Kept, asked: readonly Said[]): number {
  return matchOf(kept, asked)?.length ?? 0;
}

function compare(a: readonly number[], b: readonly number[]): number {
  const place = a.findIndex((rank, at) => rank !== b[at]);
  return place === -1 ? 0 : (a[place] ?? 0) - (b[place] ?? 0);
}
