// Cuts text into pieces of about one token each. Not Cohere's tokenizer, but shaped like it: a word takes its leading
// space along, digits stand alone, long words fall apart. Joined, the pieces are the text again; no piece ends inside
// a surrogate pair, since the real stream never does.
const cjk = String.raw`\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}`;
const piece = new RegExp(
  String.raw` ?[${cjk}]| ?[\p{L}\p{M}]{1,8}| ?\p{N}|\n+|[^\S\n]+| ?[^\s\p{L}\p{M}\p{N}]{1,3}`,
  'gu',
);

export function splitTokens(text: string): readonly string[] {
  return text.match(piece) ?? [];
}

/** Characters that are taken apart to be counted; what follows is taken to be as dense. */
const longestSplit = 200_000;

export function countPieces(text: string): number {
  if (text.length <= longestSplit) return splitTokens(text).length;
  const pieces = splitTokens(text.slice(0, longestSplit)).length;
  return Math.ceil((pieces * text.length) / longestSplit);
}

/** The longest start of `text` that is at most `limit` pieces. */
export function takeTokens(text: string, limit: number): string {
  // No piece is longer than that, runs of white space apart.
  return splitTokens(text.slice(0, Math.max(0, limit) * 64))
    .slice(0, Math.max(0, limit))
    .join('');
}
