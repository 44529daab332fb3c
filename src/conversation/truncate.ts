// intelligentTruncateMessages(): which part of a long conversation the model is given. Cut as a careful editor
// would: what states the task and what is being done stays; in between the oldest goes first; what is gone is said.
// Pure: the cut of the last turn comes in, the cut of this one goes out, and the stored history is never touched.
import { inShort, resultText } from './in-short.ts';
import type { AssistantMessage, Message, SystemMessage } from './message.ts';
import { holdsImage, textOf } from './message.ts';
import { isResultImage } from './result-images.ts';

/**
 * What is left out of a conversation. Places count from the first message after the leading system ones, so that
 * they stay true while the conversation grows and its system text changes.
 */
export interface Cut {
  /** Ranges `[start, end)` that are left out, in order, apart from each other. */
  readonly leftOut: readonly (readonly [start: number, end: number])[];
  /** Tool results given in short, by place: how many characters of each are kept. */
  readonly shortened: Readonly<Record<number, number>>;
}

export interface TruncateOptions {
  /** Tokens of one message in the prompt; the counts of messages add up. */
  readonly count: (message: Message) => number;
  /**
   * The cut that an earlier turn was given: kept as it is, the same object, as long as it fits; ended where all fits
   * again with room to spare.
   */
  readonly cut?: Cut | undefined;
  /** A tool result that opens with `<user_message>` is what a person said. Only where the client writes so. */
  readonly wordsInResults?: boolean | undefined;
}

export interface Truncated {
  /** False: even the least that must be kept is longer than the budget. */
  readonly fits: boolean;
  readonly messages: readonly Message[];
  readonly tokens: number;
  /** Undefined where nothing is left out and nothing shortened. */
  readonly cut: Cut | undefined;
  /** How many messages are left out. */
  readonly leftOut: number;
  /** How many tool results are given in short. */
  readonly shortened: number;
}

/**
 * Once the budget is passed, more is cut than needed: so the next turns only append, the prompt's prefix stays the
 * same, and Cohere's prompt cache keeps hitting.
 */
export const targetShare = 0.75;
/** Tokens above which an old tool result is given in short, and about how many of them stay. */
const oversizedResult = 1_000;
const shortResult = 400;
/** Tokens that stay at least of a tool result of the last step. */
const leastResult = 200;

/** A message, or a message with tool calls and all their results: kept or left out as one. */
interface Unit {
  readonly start: number;
  readonly end: number;
  readonly isPinned: boolean;
}

/**
 * Fits a conversation into `budget` tokens. Always kept: the leading system messages, the first user message, the
 * latest real one, and the last step (everything from the last assistant message on). Cut in this order: the middles
 * of oversized older tool results, then the oldest units; only where the rest alone is too long, the middles of the
 * largest results of the last step.
 */
export function intelligentTruncateMessages(
  messages: readonly Message[],
  budget: number,
  { count, cut, wordsInResults = false }: TruncateOptions,
): Truncated {
  let whole = 0;
  if (cut) for (const message of messages) whole += count(message);
  const isStillNeeded = whole > budget * targetShare;
  const draft = new Draft(messages, { count, wordsInResults, cut: isStillNeeded ? cut : undefined });
  if (draft.tokens > budget) {
    draft.shortenOldResults(budget * targetShare);
    draft.leaveOutOldest(budget * targetShare);
    draft.shortenLastStep(budget);
  }
  return draft.result(budget);
}

class Draft {
  readonly #system: readonly Message[];
  readonly #body: readonly Message[];
  readonly #count: (message: Message) => number;
  readonly #units: readonly Unit[];
  readonly #lastStep: number;
  readonly #latestReal: number;
  readonly #former: Cut | undefined;
  readonly #isLeftOut: boolean[];
  readonly #shortened = new Map<number, number>();
  #bodyTokens = 0;
  #leftOut = 0;

  constructor(messages: readonly Message[], { count, cut, wordsInResults = false }: TruncateOptions) {
    const firstOther = messages.findIndex(message => message.role !== 'system');
    const systemEnd = firstOther === -1 ? messages.length : firstOther;
    this.#system = messages.slice(0, systemEnd);
    this.#body = messages.slice(systemEnd);
    this.#count = count;
    this.#lastStep = lastStepOf(this.#body);
    this.#latestReal = this.#body.findLastIndex(message => isRealUserMessage(message, wordsInResults));
    this.#units = unitsOf(this.#body, this.#lastStep, this.#latestReal);
    this.#former = cut;
    this.#isLeftOut = this.#body.map(() => false);
    for (const message of messages) this.#bodyTokens += count(message);
    for (const [start, end] of cut?.leftOut ?? []) this.#leaveOut(start, Math.min(end, this.#body.length));
    for (const [place, characters] of Object.entries(cut?.shortened ?? {}))
      this.#shorten(Number(place), characters);
  }

  get tokens(): number {
    return this.#bodyTokens + (this.#leftOut === 0 ? 0 : this.#count(noticeOf(this.#leftOut)));
  }

  shortenOldResults(target: number): void {
    for (let place = 0; place < this.#lastStep; place += 1) {
      if (this.tokens <= target) return;
      // The words of the user; what stands beside them in a pinned step may be as large as any other result.
      if (place === this.#latestReal) continue;
      const tokens = this.#resultTokens(place);
      if (tokens > oversizedResult) this.#shortenTo(place, tokens, shortResult);
    }
  }

  leaveOutOldest(target: number): void {
    for (const { start, end, isPinned } of this.#units) {
      if (this.tokens <= target) return;
      if (!isPinned && !this.#isLeftOut[start]) this.#leaveOut(start, end);
    }
  }

  shortenLastStep(budget: number): void {
    const results = this.#body
      .map((_, place) => ({ place, tokens: this.#resultTokens(place) }))
      .filter(({ place, tokens }) => place >= this.#lastStep && tokens > leastResult)
      .sort((a, b) => b.tokens - a.tokens || a.place - b.place);
    for (const { place, tokens } of results) {
      const over = this.tokens - budget;
      if (over <= 0) return;
      // Text is not evenly dense, so the first guess may fall short: a second, harsher one follows.
      this.#shortenTo(place, tokens, Math.max(leastResult, tokens - over - shortResult));
      if (this.tokens > budget) this.#shortenTo(place, tokens, leastResult);
    }
  }

  result(budget: number): Truncated {
    const { tokens } = this;
    const isCut = this.#leftOut > 0 || this.#shortened.size > 0;
    return {
      fits: tokens <= budget,
      messages: isCut ? this.#messages() : [...this.#system, ...this.#body],
      tokens,
      cut: isCut ? this.#asCut() : undefined,
      leftOut: this.#leftOut,
      shortened: this.#shortened.size,
    };
  }

  #asCut(): Cut {
    const cut = { leftOut: this.#ranges(), shortened: Object.fromEntries(this.#shortened) };
    // What is derived from a cut is kept with the object.
    return this.#former && isSameCut(this.#former, cut) ? this.#former : cut;
  }

  #messages(): Message[] {
    const kept: Message[] = [...this.#system];
    const firstUser = this.#body.findIndex(message => message.role === 'user');
    const notice = this.#leftOut > 0 ? [noticeOf(this.#leftOut)] : [];
    if (firstUser === -1) kept.push(...notice);
    for (const [place, message] of this.#body.entries()) {
      if (this.#isLeftOut[place]) continue;
      kept.push(this.#asGiven(place, message));
      if (place === firstUser) kept.push(...notice);
    }
    return kept;
  }

  #asGiven(place: number, message: Message): Message {
    const characters = this.#shortened.get(place);
    return characters === undefined || message.role !== 'tool' ? message : inShort(message, characters);
  }

  #ranges(): [number, number][] {
    const ranges: [number, number][] = [];
    for (const [place, isLeftOut] of this.#isLeftOut.entries()) {
      if (!isLeftOut) continue;
      const last = ranges.at(-1);
      if (last?.[1] === place) last[1] = place + 1;
      else ranges.push([place, place + 1]);
    }
    return ranges;
  }

  #leaveOut(start: number, end: number): void {
    for (let place = start; place < end; place += 1) {
      const message = this.#body[place];
      if (!message || this.#isLeftOut[place]) continue;
      this.#isLeftOut[place] = true;
      this.#leftOut += 1;
      this.#bodyTokens -= this.#count(this.#asGiven(place, message));
      this.#shortened.delete(place);
    }
  }

  /** 0 for what is no tool result, is left out, or is shortened as far as it can be. */
  #resultTokens(place: number): number {
    const message = this.#body[place];
    return message?.role === 'tool' && !this.#isLeftOut[place]
      ? this.#count(this.#asGiven(place, message))
      : 0;
  }

  #shortenTo(place: number, tokens: number, wanted: number): void {
    const message = this.#body[place];
    if (message?.role !== 'tool') return;
    const length = this.#shortened.get(place) ?? resultText(message).length;
    this.#shorten(place, Math.floor((length * wanted) / tokens));
  }

  #shorten(place: number, characters: number): void {
    const message = this.#body[place];
    if (message?.role !== 'tool' || this.#isLeftOut[place]) return;
    const before = this.#count(this.#asGiven(place, message));
    const after = this.#count(inShort(message, characters));
    // The remark costs something too: what would not become shorter stays as it is.
    if (after >= before) return;
    this.#shortened.set(place, characters);
    this.#bodyTokens += after - before;
  }
}

function isSameCut(one: Cut, other: Cut): boolean {
  const [first, second] = [one, other].map(({ leftOut, shortened }) => JSON.stringify([leftOut, shortened]));
  return first === second;
}

/** From here on everything belongs to the step that is being done; the whole where nothing was answered yet. */
function lastStepOf(body: readonly Message[]): number {
  const last = body.findLastIndex(message => message.role === 'assistant');
  return last === -1 ? body.length : last;
}

function unitsOf(body: readonly Message[], lastStep: number, latestReal: number): Unit[] {
  const firstUser = body.findIndex(message => message.role === 'user');
  const units: Unit[] = [];
  for (let start = 0; start < body.length; ) {
    let end = start + 1;
    if (isCalling(body[start])) while (body[end]?.role === 'tool' || isResultImage(body[end])) end += 1;
    const holds = (place: number) => start <= place && place < end;
    units.push({ start, end, isPinned: end > lastStep || holds(firstUser) || holds(latestReal) });
    start = end;
  }
  return units;
}

function isCalling(message: Message | undefined): message is AssistantMessage {
  return message?.role === 'assistant' && Boolean(message.toolCalls?.length);
}

/**
 * What a person said. Roo and Zoo add a message with nothing but environment details after every tool result, and
 * put the person's words into the result of the tool that asked for them.
 */
function isRealUserMessage(message: Message, wordsInResults: boolean): boolean {
  if (message.role === 'tool')
    return wordsInResults && resultText(message).trimStart().startsWith('<user_message>');
  if (message.role !== 'user' || isResultImage(message)) return false;
  return holdsImage(message) || !isOnlyDetails(textOf(message).trim());
}

const [detailsStart, detailsEnd] = ['<environment_details>', '</environment_details>'];

/** What stands before, between or behind two of them is said. */
function isOnlyDetails(text: string): boolean {
  return text.startsWith(detailsStart) && text.indexOf(detailsEnd) === text.length - detailsEnd.length;
}

const notices = new Map<number, SystemMessage>();

export function noticeOf(leftOut: number): SystemMessage {
  let notice = notices.get(leftOut);
  if (!notice) {
    const what = leftOut === 1 ? '1 earlier message was' : `${leftOut} earlier messages were`;
    notice = { role: 'system', content: `[${what} left out here to fit the context.]` };
    // The same object each time: what is derived from a message is kept with it.
    if (notices.size < 10_000) notices.set(leftOut, notice);
  }
  return notice;
}
