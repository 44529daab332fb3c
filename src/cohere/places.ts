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

export class CallPlaces {
  readonly #places = new Map<number, number>();
  #count = 0;

  begin(given: number | undefined): number {
    const place = this.#count;
    this.#count += 1;
    this.#places.set(given ?? place, place);
    return place;
  }

  /** Undefined for a call that was never begun; without an index the newest is meant. */
  of(given: number | undefined): number | undefined {
    return given === undefined ? (this.#count > 0 ? this.#count - 1 : undefined) : this.#places.get(given);
  }
}
