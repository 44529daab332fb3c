// The sessions as plain lists, and the rules by which a conversation finds its own among them: as the design words
// them, with no thought of cost.
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
  /** Of the answers those that were given in it, not in one that it branched off from: by these it is found. */
  readonly own: readonly Answer[];
  /** What was said up to each answer that a turn of it brought. */
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
}

interface Match {
  readonly kept: Kept;
  readonly length: number;
  readonly isOpening: boolean;
  readonly holdsCall: boolean;
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
    const [match, other] = this.#recognise(asked);
    if (!match) {
      const added = this.#withNative(asked);
      return { ...begin(asked, added), parents: this.#whoKnows(asked) };
    }
    const { kept, length } = match;
    // What a client gave a name is only added to by that name.
    const isForeign = isOther(kept.label, asked.label) || !kept.id.startsWith('sess_');
    const isEnd = length === kept.said.length && kept.dialect === 'transcript' && !isForeign;
    const state = isEnd && !busy.has(kept.id) ? 'continued' : 'forked';
    return { ...this.#goOn(asked, match), state, isOnly: other?.length !== length };
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
      own: [...(isOn ? from.own : []), answer],
      anchors: [...(isOn ? from.anchors : []), ...anchorsOf([...history, ...added, answer], history.length)],
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
    const added = this.#withNative(asked);
    return { ...begin(asked, added), state: 'forked', from: kept, parents: [] };
  }

  #goOn(asked: Asked, { kept, length }: Match): Opened {
    const history = kept.said.slice(0, length);
    const state = length === kept.said.length ? 'continued' : 'forked';
    const added = this.#withNative({ ...asked, said: asked.said.slice(length) });
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
      return match && !isApart && (match.holdsCall || kept.system === asked.system) ? [match] : [];
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

  /** Where many begin alike, not all are looked at. */
  #alike({ said, user }: Asked): readonly Kept[] {
    const all = this.#latest(user);
    const opening = openingKeyOf(said);
    const begunAlike = all.filter(kept => openingKeyOf(kept.said) === opening);
    if (begunAlike.length <= 8) return begunAlike;
    const anchored = anchorsOf(said)
      .reverse()
      .map(anchor => all.filter(({ anchors }) => anchors.includes(anchor)));
    return anchored.find(found => found.length > 0)?.slice(0, 8) ?? begunAlike.slice(0, 9);
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

  #whoKnows(asked: Asked): string[] {
    const answers = asked.said.filter(one => one.role === 'assistant');
    return this.#whoCalled(asked)
      .filter(kept => answers.some(one => findIn(kept, one) !== undefined))
      .map(({ id }) => id);
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
  const holdsCall = matched.some(one => one.role === 'assistant' && one.calls.length > 0);
  if (reply >= 0) return { kept, length: reply + 1, isOpening: false, holdsCall };
  const opening = openingOf(kept.said);
  const isOpening = opening > 0 && common >= opening && openingOf(asked) === opening;
  return isOpening ? { kept, length: opening, isOpening: true, holdsCall: false } : undefined;
}

function openingOf(said: readonly Said[]): number {
  const first = said.findIndex(one => one.role === 'assistant');
  return first === -1 ? said.length : first;
}

function openingKeyOf(said: readonly Said[]): string {
  return JSON.stringify(keysOf(said.slice(0, openingOf(said))));
}

/** One for each answer from this place on. */
function anchorsOf(said: readonly Said[], start = 0): string[] {
  return said.flatMap((one, place) =>
    one.role === 'assistant' && place >= start ? [JSON.stringify(keysOf(said.slice(0, place + 1)))] : [],
  );
}

function compare(a: readonly number[], b: readonly number[]): number {
  const place = a.findIndex((rank, at) => rank !== b[at]);
  return place === -1 ? 0 : (a[place] ?? 0) - (b[place] ?? 0);
}
