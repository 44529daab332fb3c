// A block of text as the tokenizer looks at it: normalised, in an array of UTF-16 units that is used again and again.
import { classes, classOf, settled } from './character-class.ts';
import { toNfc } from './normalise.ts';

export class TextUnits {
  #units = new Uint16Array(32 * 1024);
  #bytes = Buffer.from(this.#units.buffer);

  /** Valid until the next `load`. */
  get units(): Uint16Array {
    return this.#units;
  }

  /** Puts the text's units at the start of `units` and says how many there are. */
  load(text: string): number {
    const length = this.#write(text);
    if (this.#areSettled(length)) return length;
    const normalised = toNfc(text);
    return normalised === text ? length : this.#write(normalised);
  }

  #write(text: string): number {
    if (text.length > this.#units.length) {
      this.#units = new Uint16Array(text.length);
      this.#bytes = Buffer.from(this.#units.buffer);
    }
    this.#bytes.write(text, 'utf16le');
    return text.length;
  }

  #areSettled(length: number): boolean {
    const units = this.#units;
    let all = settled;
    for (let at = 0; at < length; at += 1) all &= classes[units[at] ?? 0] ?? 0;
    if (all !== 0) return true;
    for (let at = 0; at < length; at += 1) if ((classOf(units[at] ?? 0) & settled) === 0) return false;
    return true;
  }
}
