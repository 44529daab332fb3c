// A piece of a prompt before it is counted: a fixed number of tokens, and texts. Special tokens are hard borders
// for the tokenizer, so the count of a prompt is the sum over its pieces, and each piece is counted once.

export interface Parts {
  /** Tokens of what is always the same: special tokens, headings. */
  readonly fixed: number;
  /** Each stands between two borders, so that none changes how its neighbour is split. */
  readonly texts: readonly string[];
}

/** How many tokens a text has: the encoder's `count`, or an estimate. */
export type Count = (text: string) => number;

export const noParts: Parts = { fixed: 0, texts: [] };

export function countParts({ fixed, texts }: Parts, count: Count): number {
  let tokens = fixed;
  for (const text of texts) if (text !== '') tokens += count(text);
  return tokens;
}

/** What numbers cost beyond a digit each, `first` being the first of so many: a digit is a token. */
export function moreDigits(first: number, numbers: number): number {
  let more = 0;
  for (let number = first; number < first + numbers; number += 1) more += String(number).length - 1;
  return more;
}

export function joinParts(...all: readonly Parts[]): Parts {
  return {
    fixed: all.reduce((sum, parts) => sum + parts.fixed, 0),
    texts: all.flatMap(parts => parts.texts),
  };
}
