// A text that fits a regular expression of the part that Cohere supports in schemas: literals, classes, groups,
// alternatives, repetition. Look-around and back references are not there, and anchors change nothing for a text that
// fits as a whole. What it cannot read it answers with the text that it was given.

import { createContext, Script } from 'node:vm';

/** Of a text and of a pattern that are tried on each other. */
const longestText = 10_000;
const longestPattern = 1_000;
/** A pattern may take longer than the sun has left. */
const longestTestMs = 50;

export function samplePattern(pattern: string, otherwise: string): string {
  if (pattern.length > longestPattern || repeatsTooMuch(pattern)) return otherwise;
  const given = otherwise.slice(0, longestText);
  if (fits(pattern, given)) return given;
  const made = new Sampler(pattern).sampleAlternatives();
  return made.length <= longestText && fits(pattern, made) ? made : otherwise;
}

/** Repetitions within repetitions multiply: such a pattern is as long as all of them. */
function repeatsTooMuch(pattern: string): boolean {
  let product = 1;
  for (const [, times = ''] of pattern.matchAll(/\{(\d+)/g)) product *= Math.max(1, Number(times));
  return product > longestText;
}

const test = new Script('new RegExp(pattern, "u").test(text)');

/** Whether the pattern takes the whole text; false where it cannot be said in time. */
function fits(pattern: string, text: string): boolean {
  try {
    const context = createContext({ pattern: `^(?:${pattern})$`, text });
    return test.runInContext(context, { timeout: longestTestMs }) === true;
  } catch {
    return false;
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

function isOneOf(characters: string, character: string): boolean {
  try {
    return new RegExp(`^${characters}$`, 'u').test(character);
  } catch {
    return false;
  }
}

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
      const times = this.#readRepetition();
      current += atom.repeat(Math.min(times, Math.ceil(longestText / Math.max(1, atom.length))));
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
    return candidates.find(candidate => isOneOf(source, candidate)) ?? '';
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
