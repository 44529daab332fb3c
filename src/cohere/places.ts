// Where the blocks and calls of an answer stand, whatever a stream says of it: numbered from 0 without gaps, in the order
// in which clients are shown them. Gateways count from 1, give thinking and text the same index, or none.
import type { Citation } from '../conversation/message.ts';

type BlockType = 'text' | 'reasoning';

export class BlockPlaces {
  /** The newest of each type, and the index that it came with. */
  readonly #newest = new Map<BlockType, { readonly place: number; readonly given: number | undefined }>();
  readonly #first = new Map<string, number>();
  #count = 0;

  /** A block begins that says no index: what follows without one belongs to it. */
  begin(type: BlockType): void {
    this.#newest.delete(type);
  }

  of(type: BlockType, given: number | undefined): number {
    const newest = this.#newest.get(type);
    // Two that take turns are as many blocks as there are turns: clients read them in this order.
    if (newest && (given === undefined || given === (newest.given ?? given))) return newest.place;
    const place = this.#count;
    this.#count += 1;
    this.#newest.set(type, { place, given });
    const key = `${type} ${given}`;
    if (!this.#first.has(key)) this.#first.set(key, place);
    return place;
  }

  /** The citation with its block named by its place. */
  cite(citation: Citation): Citation {
    const { type, contentIndex } = citation;
    const cited = citedTypes[type ?? 'TEXT_CONTENT'];
    // Without an index the first block of text is meant.
    if (cited === undefined || contentIndex === undefined) return citation;
    const place = this.#first.get(`${cited} ${contentIndex}`);
    return place === undefined || place === contentIndex ? citation : { ...citation, contentIndex: place };
  }
}

const citedTypes: Readonly<Record<string, BlockType>> = {
  TEXT_CONTENT: 'text',
  THINKING_CONTENT: 'reasoning',
};

/** How far the arguments of a call have come. */
type Written = 'nothing' | 'a part' | 'all';

interface PlacedCall {
  readonly place: number;
  readonly id: string;
  readonly name: string;
  readonly written: WrittenObject;
  isOpen: boolean;
}

/**
 * Cohere gives each call an index of its own. Where a gateway gives one to several, another start is another call, and
 * what follows belongs to the newest of them, unless it can only be the rest of one before.
 */
export class CallPlaces {
  readonly #calls = new Map<number, PlacedCall[]>();
  #newestKey: number | undefined;
  #count = 0;

  /** `isNew`: false where the start of a call is said again before its arguments are complete. */
  begin(
    given: number | undefined,
    id: string,
    name: string,
  ): { readonly place: number; readonly isNew: boolean } {
    const newest = this.#of(given).at(-1);
    const isSame =
      newest !== undefined && id !== '' && newest.id === id && (name === '' || newest.name === name);
    if (isSame && newest.isOpen && newest.written.state !== 'all')
      return { place: newest.place, isNew: false };
    const place = this.#count;
    this.#count += 1;
    this.#newestKey = given ?? place;
    const call = { place, id, name, written: new WrittenObject(), isOpen: true };
    const before = this.#calls.get(this.#newestKey);
    if (before) before.push(call);
    else this.#calls.set(this.#newestKey, [call]);
    return { place, isNew: true };
  }

  /** To which call these arguments belong; undefined where that cannot be said. Without an index the newest is meant. */
  write(given: number | undefined, id: string, text: string): number | undefined {
    const calls = this.#named(given, id);
    const newest = calls.at(-1);
    if (!newest) return undefined;
    const call = calls.length === 1 ? newest : heirOf(text, newest, calls);
    if (!call?.isOpen) return undefined;
    call.written.add(text);
    return call.place;
  }

  /** The call that has all its arguments, the oldest first; else the newest. */
  end(given: number | undefined, id: string): number | undefined {
    const open = this.#named(given, id).filter(call => call.isOpen);
    const ended = open.find(call => call.written.state === 'all') ?? open.at(-1);
    if (!ended) return undefined;
    ended.isOpen = false;
    return ended.place;
  }

  #named(given: number | undefined, id: string): readonly PlacedCall[] {
    const calls = this.#of(given);
    const named = id === '' ? [] : calls.filter(call => call.id === id);
    return named.length > 0 ? named : calls;
  }

  #of(given: number | undefined): readonly PlacedCall[] {
    const key = given ?? this.#newestKey;
    return (key === undefined ? undefined : this.#calls.get(key)) ?? [];
  }
}

function heirOf(text: string, newest: PlacedCall, calls: readonly PlacedCall[]): PlacedCall | undefined {
  const begins = text.trimStart().startsWith('{');
  const { state } = newest.written;
  if (newest.isOpen && (state === 'a part' || (state === 'nothing' && begins))) return newest;
  const older = calls.filter(call => call !== newest && call.isOpen);
  const begun = older.findLast(call => call.written.state === 'a part');
  if (begun) return begun;
  // Arguments for which two calls wait: given to the wrong one they would be acted upon.
  return begins && older.some(call => call.written.state === 'nothing') ? undefined : newest;
}

/** Where a text of JSON that comes in pieces ends, seen from its brackets alone. */
class WrittenObject {
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  state: Written = 'nothing';

  add(text: string): void {
    for (const char of text) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (this.#isInString) {
        if (char === '\\') this.#isEscaped = true;
        else if (char === '"') this.#isInString = false;
      } else if (char === '"') this.#isInString = this.#depth > 0;
      else if (char === '{' || char === '[') {
        this.#depth += 1;
        this.state = 'a part';
      } else if ((char === '}' || char === ']') && this.#depth > 0) {
        this.#depth -= 1;
        if (this.#depth === 0) this.state = 'all';
      }
    }
  }
}
