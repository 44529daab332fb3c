// Agents send the same tools, some tens of kilobytes, with every request: the same ones become the same object, so
// that what is derived from them is derived once, and sessions that share them share them.
import type { Tool } from '../conversation/chat-request.ts';

const maxKept = 256;
/** Of their JSON text. */
const maxKeptCharacters = 8_000_000;

export class KnownTools {
  /** By their JSON text, the longest unused first. */
  readonly #kept = new Map<string, readonly Tool[]>();
  #characters = 0;

  /** Equal tools, which may be an object that was given before. */
  recognise(tools: readonly Tool[]): readonly Tool[] {
    if (tools.length === 0) return tools;
    const text = JSON.stringify(tools);
    const known = this.#kept.get(text);
    if (known) this.#kept.delete(text);
    else this.#characters += text.length;
    this.#kept.set(text, known ?? tools);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= maxKept && this.#characters <= maxKeptCharacters) break;
      this.#kept.delete(oldest);
      this.#characters -= oldest.length;
    }
    return known ?? tools;
  }
}
