// The pretend model's memory: what it finds in the history when it is asked. Everything comes from the messages of
// the request; nothing is kept here, just as nothing is kept by the real one.
//
// It understands, in any user message:  "my name is X", "I am called X", "call me X", "my <thing> is <value>",
//                                       "remember (that) …"
// and answers, when the last one asks:  the name, the thing, what was to be remembered, what was said first,
//                                       how many messages there were, a summary of the conversation.

export interface Recall {
  readonly reply: string;
  /** False where there was nothing to remember and the reply only shows what was seen. */
  readonly isMemory: boolean;
}

export function recall(userTexts: readonly string[]): Recall {
  const last = userTexts.at(-1) ?? '';
  if (isSummaryRequest(last)) return { reply: summarise(userTexts), isMemory: true };
  const answer = answerQuestion(last, userTexts) ?? acknowledge(last);
  if (answer !== undefined) return { reply: answer, isMemory: true };
  const count = userTexts.length === 1 ? '1 message' : `${userTexts.length} messages`;
  return {
    reply: `I have seen ${count} from you so far, and the last one says: "${excerpt(last)}"`,
    isMemory: false,
  };
}

/** Coding agents ask so when they condense; what is quoted here is all that the next prompt will know. */
const asksForSummary =
  /\bsummari[sz]ation request\b|\b(?:summari[sz]e|summary of) (?:the|this|our) (?:whole |entire )?(?:conversation|chat)\b/i;

export function isSummaryRequest(text: string): boolean {
  return asksForSummary.test(text);
}

function summarise(userTexts: readonly string[]): string {
  const said = userTexts.filter(text => !isSummaryRequest(text)).map(text => `"${excerpt(text)}"`);
  return said.length === 0 ? 'Nothing has been said yet.' : `The user said: ${said.join(', then ')}.`;
}

const asks = /\?|\b(?:what|who|which|tell me|do you (?:know|remember|recall)|say my)\b/i;
const asksForName = /\bmy name\b|\bwho am i\b|\bwhat am i called\b/i;
const asksForThing =
  /\b(?:what(?:'s|’s| is| are| was)|which is|tell me|do you (?:know|remember|recall)(?: what)?)\s+my\s+(\p{L}[\p{L}'’ ]*)|\b(?:what|which) my (\p{L}[\p{L}'’ ]*?) (?:is|are|was)\b/iu;
const namesFirst = /\bfirst (?:message|question|thing)\b/i;
const sayings = /\b(?:say|said|ask|asked|write|wrote|tell you)\b/i;

/** "What did I say first?": in one line, in this order. */
function asksForFirst(text: string): boolean {
  if (namesFirst.test(text)) return true;
  return text.split('\n').some(line => {
    const said = sayings.exec(line);
    return said !== null && /\bfirst\b/i.test(line.slice(said.index));
  });
}

const asksForCount = /\bhow many (?:messages|questions|times|turns)\b/i;
const asksForNotes =
  /\bwhat (?:did|have) i (?:ask|told?|tell)(?:ed)? you to remember\b|\bwhat (?:should|do|must) you remember\b/i;

/** Of the name of a thing that is asked for. */
const maxWords = 8;

function answerQuestion(last: string, userTexts: readonly string[]): string | undefined {
  if (!asks.test(last) && !asksForCount.test(last)) return undefined;
  if (asksForCount.test(last)) {
    return `You have sent ${userTexts.length} ${userTexts.length === 1 ? 'message' : 'messages'} so far.`;
  }
  if (asksForFirst(last)) return `The first thing you said was: "${excerpt(userTexts[0] ?? '')}"`;
  if (asksForName.test(last)) {
    const name = lastOf(userTexts, findName);
    return name === undefined ? 'You have not told me your name yet.' : `You told me your name is ${name}.`;
  }
  const notes = userTexts.flatMap(text => findNote(text) ?? []);
  if (asksForNotes.test(last)) {
    return notes.length === 0
      ? 'You have not asked me to remember anything yet.'
      : `You asked me to remember that ${notes.join('; and that ')}.`;
  }
  const asked = asksForThing.exec(last);
  const thing = (asked?.[1] ?? asked?.[2])?.trim();
  // "my favourite colour again": the longest start that was told.
  for (
    let words = thing?.split(/ +/).slice(0, maxWords) ?? [];
    words.length > 0;
    words = words.slice(0, -1)
  ) {
    const known = words.join(' ');
    const value = lastOf(userTexts, text => findFacts(text).get(keyOf(known)));
    if (value !== undefined) return `You told me your ${known} is ${value}.`;
  }
  const note = notes.findLast(candidate => isAbout(candidate, last));
  if (note !== undefined) return `You told me that ${note}.`;
  return thing === undefined ? undefined : `You have not told me your ${thing} yet.`;
}

function acknowledge(last: string): string | undefined {
  const name = findName(last);
  if (name !== undefined) return `Nice to meet you, ${name}.`;
  const note = findNote(last);
  if (note !== undefined) return `I will remember that ${note}.`;
  const [fact] = findFacts(last);
  return fact && `Noted: your ${fact[0]} is ${fact[1]}.`;
}

function lastOf<T>(texts: readonly string[], find: (text: string) => T | undefined): T | undefined {
  for (const text of texts.toReversed()) {
    const found = find(text);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** One word, and the capitalised ones after it. "Call me" needs a capital, or "call me later" would be a name. */
const nameTold =
  /\b(?:[Mm]y name is|[Mm]y name's|I am called|I'm called|[Ii] am called|[Ii]'m called)\s+(\p{L}[\p{L}'’-]*(?: \p{Lu}[\p{L}'’-]*){0,2})|\b[Cc]all me\s+(\p{Lu}[\p{L}'’-]*(?: \p{Lu}[\p{L}'’-]*){0,2})/u;

function findName(text: string): string | undefined {
  const match = nameTold.exec(text);
  return match?.[1] ?? match?.[2];
}

const endOfClause = String.raw`(?=[.!?](?:\s|$)|[;\n]|, |$)`;
const factTold = new RegExp(
  String.raw`\bmy ((?:[\p{L}'’]+ ){0,3}?[\p{L}'’]+) (?:is|are) (\S[^\n;]{0,79}?)${endOfClause}`,
  'giu',
);

function findFacts(text: string): ReadonlyMap<string, string> {
  return new Map([...text.matchAll(factTold)].map(([, thing = '', value = '']) => [keyOf(thing), value]));
}

const noteTold =
  /(?<!\bdo you )(?<!\bdid you )\bremember(?: that|:|,)? (\S[^\n]{0,199}?)(?=[.!?](?:\s|$)|\n|$)/iu;

function findNote(text: string): string | undefined {
  return asksForNotes.test(text) ? undefined : noteTold.exec(text)?.[1];
}

/** "favorite" and "favourite" are one thing. */
function keyOf(thing: string): string {
  return thing.trim().toLowerCase().replace('favorite', 'favourite');
}

const smallWords = new Set(
  'what which who where when does that this with your have from about there their please tell'.split(' '),
);

/** Half of what the question is about occurs in the note. */
function isAbout(note: string, question: string): boolean {
  const known = new Set(contentWords(note));
  const asked = contentWords(question);
  return asked.length > 0 && asked.filter(word => known.has(word)).length * 2 >= asked.length;
}

function contentWords(text: string): readonly string[] {
  return (text.toLowerCase().match(/[\p{L}\p{N}]{4,}/gu) ?? []).filter(word => !smallWords.has(word));
}

function excerpt(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const points = [...line];
  return points.length <= 80 ? line : `${points.slice(0, 79).join('')}…`;
}
