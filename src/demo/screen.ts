// What the demo shows: rows of a label and a text. Colours only for a person at a terminal.

const isColourful = process.stdout.isTTY === true && !process.env.NO_COLOR;
const labelWidth = 12;
/** What a model says may be long; the demo is to be taken in at a glance. */
const maxChars = 240;

function paint(code: number, text: string): string {
  return isColourful ? `\x1b[${code}m${text}\x1b[0m` : text;
}

export function title(text: string): void {
  process.stdout.write(`\n${paint(1, text)}\n`);
}

export function note(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function row(label: string, text: string): void {
  process.stdout.write(`${head(label)}${cut(text, maxChars)}\n`);
}

export function problem(text: string): void {
  process.stderr.write(`${oneLine(text)}\n`);
}

/** A row that grows: begins with the first piece, and ends with `end`. */
export class GrowingRow {
  readonly #label: string;
  #length = 0;

  constructor(label: string) {
    this.#label = label;
  }

  add(piece: string): void {
    if (this.#length === 0) process.stdout.write(head(this.#label));
    if (this.#length < maxChars) process.stdout.write(oneLine(piece));
    this.#length += piece.length;
  }

  end(): void {
    if (this.#length > 0) process.stdout.write(this.#length < maxChars ? '\n' : ' …\n');
  }
}

function cut(text: string, max: number): string {
  const points = [...oneLine(text)];
  return points.length > max ? `${points.slice(0, max - 1).join('')}…` : points.join('');
}

function head(label: string): string {
  return `  ${paint(2, label.padEnd(labelWidth))}`;
}

/** Line breaks would break the rows, and other control characters are commands to a terminal. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}
