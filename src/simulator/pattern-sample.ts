// A text that fits a regular expression of the part that Cohere supports in schemas: literals, classes, groups,
// alternatives, repetition. Look-around and back references are not there, and anchors change nothing for a text that
// fits as a whole. What it cannot read it answers with the text that it was given.

export function samplePattern(pattern: string, otherwise: string): string {
  const fits = compile(pattern);
  if (!fits) return otherwise;
  if (fits.test(otherwise)) return otherwise;
  const made = new Sampler(pattern).sampleAlternatives();
  return fits.test(made) ? made : otherwise;
}

function compile(pattern: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${pattern})$`, 'u');
  } catch {
    return undefined;
  }
}

const classes: ReadonlyMap<string, string> = new Map([
  ['d', '0'],
  ['w', 'a'],
  ['s', ' '],
  ['D', 'a'],
  ['W', '-'],
  ['S', 'a'],
  ['n', '\n'],
  ['t', '\t'],
  ['b', ''],
]);
const candidates = [
  ...'a0A-_ .',
  ...Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)),
];

/** Reads the pattern from left to right and writes the shortest text that each part allows. */
class Sampler {
  readonly #pattern: readonly string[];
  #at = 0;

  constructor(pattern: string) {
    this.#pattern = [...pattern];
  }

  /** Up to the end or a closing parenthesis; of several alternatives the first is taken. */
  sampleAlternatives(): string {
    let first: string | undefined;
    let current = '';
    while (this.#at < this.#pattern.length && this.#peek() !== ')') {
      if (this.#peek() === '|') {
        this.#at += 1;
        first ??= current;
        current = '';
        continue;
      }
      const atom = this.#sampleAtom();
      current += atom.repeat(this.#readRepetition());
    }
    return first ?? current;
  }

  #peek(): string {
    return this.#pattern[this.#at] ?? '';
  }

  #take(): string {
    const character = this.#peek();
    this.#at += 1;
    return character;
  }

  #sampleAtom(): string {
    const character = this.#take();
    if (character === '.') return 'a';
    if (character === '^' || character === '$') return '';
    if (character === '[') return this.#sampleClass();
    if (character === '\\') {
      const escaped = this.#take();
      return classes.get(escaped) ?? escaped;
    }
    if (character !== '(') return character;
    while (this.#peek() === '?' || this.#peek() === ':') this.#at += 1;
    const inside = this.sampleAlternatives();
    this.#at += 1;
    return inside;
  }

  #sampleClass(): string {
    let source = '[';
    for (let escaped = false; this.#at < this.#pattern.length; ) {
      const character = this.#take();
      source += character;
      if (character === ']' && !escaped) break;
      escaped = character === '\\' && !escaped;
    }
    const fits = compile(source);
    return candidates.find(candidate => fits?.test(candidate)) ?? '';
  }

  #readRepetition(): number {
    const sign = this.#peek();
    let times = 1;
    if (sign === '*' || sign === '?') times = 0;
    else if (sign === '{') {
      let digits = '';
      while (this.#at < this.#pattern.length && this.#peek() !== '}') digits += this.#take();
      times = Math.min(Number.parseInt(digits.slice(1), 10) || 0, 1_000);
    } else if (sign !== '+') return 1;
    this.#at += 1;
    if (this.#peek() === '?') this.#at += 1;
    return times;
  }
}
