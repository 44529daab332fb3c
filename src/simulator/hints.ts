// What a user's message offers to fill arguments with: its numbers, names, files and quotations.

export interface Hints {
  readonly text: string;
  readonly numbers: readonly number[];
  readonly names: readonly string[];
  readonly files: readonly string[];
  readonly quotes: readonly string[];
  /** Which of several candidates to take: the second of two parallel calls gets the second city. */
  readonly turn: number;
}

const openers = new Set(
  (
    'A An And Are At Both Call Can Could Do Does Find For From Get Give Hello Hi How I In Is It List Look My On Open ' +
    'Please Read Remember Run Search Show Tell The Then There This To Use Was What When Where Which Who Why Will With ' +
    'Would Write Yes You'
  ).split(' '),
);

export function readHints(text: string, turn = 0): Hints {
  const files = text.match(/(?<![\w./-])[\w./-]*\w\.[A-Za-z]\w{0,4}\b/g) ?? [];
  const capitalised = text.match(/\p{Lu}[\p{L}\p{M}'’-]*(?: \p{Lu}[\p{L}\p{M}'’-]*)*/gu) ?? [];
  return {
    text,
    numbers: (text.match(/(?<![\w.])-?\d+(?:\.\d+)?/g) ?? []).map(Number),
    names: capitalised.flatMap(withoutOpener).filter(name => !files.some(file => file.startsWith(name))),
    files,
    quotes: [...text.matchAll(/"([^"\n]+)"|“([^“”\n]+)”|`([^`\n]+)`/g)].map(
      ([, straight, curly, code]) => straight ?? curly ?? code ?? '',
    ),
    turn,
  };
}

/** "What's" → nothing, "Find Barack Obama's" → Barack Obama. */
function withoutOpener(words: string): readonly string[] {
  const [first = '', ...rest] = words.split(' ').map(word => word.replace(/['’](?:s|re|ll|d)?$/, ''));
  const name = (openers.has(first) ? rest : [first, ...rest]).join(' ');
  return name === '' ? [] : [name];
}

export function pick<T>(candidates: readonly T[], turn: number): T | undefined {
  return candidates[Math.min(turn, candidates.length - 1)];
}
