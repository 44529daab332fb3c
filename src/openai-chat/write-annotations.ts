// Cohere's citations → OpenAI's annotations. Cohere counts Unicode code points within one block of content; OpenAI's
// clients slice JavaScript strings, whose unit is UTF-16, of the whole text.
import type { Citation, JsonObject } from '../conversation/message.ts';

export interface OpenAIAnnotation {
  readonly type: 'url_citation';
  readonly url_citation: {
    readonly start_index: number;
    readonly end_index: number;
    readonly title: string;
    readonly url: string;
  };
}

/** The text blocks of an answer as they grow, and where each begins in the whole text. */
export class CitedText {
  readonly #texts = new Map<number, string>();
  /** Made once all have grown: an answer may have thousands of citations. */
  #blocks: ReadonlyMap<number, CitedBlock> | undefined;

  add(index: number, text: string): void {
    this.#texts.set(index, (this.#texts.get(index) ?? '') + text);
    this.#blocks = undefined;
  }

  /** One annotation for each source; none where the citation is about thinking or a tool plan. */
  annotate({ start, end, type, contentIndex, sources }: Citation): OpenAIAnnotation[] {
    if (type !== undefined && type !== 'TEXT_CONTENT') return [];
    const block = this.#block(contentIndex);
    if (!block) return [];
    const [start_index, end_index] = [block.offsetOf(start), block.offsetOf(end)];
    return sources.map(source => ({
      type: 'url_citation',
      url_citation: { start_index, end_index, ...nameSource(source) },
    }));
  }

  /** Without an index (older replies) the first text block is meant. */
  #block(contentIndex: number | undefined): CitedBlock | undefined {
    this.#blocks ??= this.#inOrder();
    const [first] = this.#blocks.values();
    if (contentIndex === undefined) return first;
    // Older replies count text blocks from 0 even where thinking stands before them.
    return this.#blocks.get(contentIndex) ?? (contentIndex === 0 ? first : undefined);
  }

  #inOrder(): Map<number, CitedBlock> {
    const blocks = new Map<number, CitedBlock>();
    let start = 0;
    for (const [index, text] of [...this.#texts].sort(([a], [b]) => a - b)) {
      blocks.set(index, new CitedBlock(text, start));
      start += text.length;
    }
    return blocks;
  }
}

/** Code points between two places that are known. */
const stride = 64;

class CitedBlock {
  readonly #text: string;
  readonly #start: number;
  /** Where in the text each so-many-th code point stands; undefined where all have one unit. */
  #places: Uint32Array | undefined;
  #isLooked = false;

  constructor(text: string, start: number) {
    this.#text = text;
    this.#start = start;
  }

  /** In the whole text, in UTF-16. Beyond the end of the block it is kept as it is, counted on. */
  offsetOf(codePoints: number): number {
    if (!this.#isLooked) this.#look();
    if (!this.#places || codePoints <= 0) return this.#start + codePoints;
    const known = Math.min(Math.floor(codePoints / stride), this.#places.length - 1);
    let offset = this.#places[known] ?? 0;
    let left = codePoints - known * stride;
    for (; left > 0 && offset < this.#text.length; left -= 1) offset += unitsAt(this.#text, offset);
    return this.#start + offset + left;
  }

  #look(): void {
    this.#isLooked = true;
    const text = this.#text;
    if (!/[\ud800-\udbff]/.test(text)) return;
    const places = new Uint32Array(Math.floor(text.length / stride) + 1);
    let count = 0;
    for (let offset = 0; offset < text.length; offset += unitsAt(text, offset)) {
      if (count % stride === 0) places[count / stride] = offset;
      count += 1;
    }
    this.#places = places.subarray(0, Math.floor(count / stride) + 1);
    if (count % stride === 0) this.#places[count / stride] = text.length;
  }
}

function unitsAt(text: string, offset: number): number {
  return (text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1;
}

/** A title and an address for a source: the document's own where it has them, its id otherwise. */
function nameSource(source: JsonObject): { title: string; url: string } {
  const id = typeof source.id === 'string' ? source.id : '';
  const document = source.document ?? source.tool_output;
  const fields =
    typeof document === 'object' && document !== null && !Array.isArray(document) ? document : {};
  const { title, url } = fields as JsonObject;
  return {
    title: typeof title === 'string' && title !== '' ? title : id,
    url:
      typeof url === 'string' && url !== ''
        ? url
        : `urn:cohere:source:${encodeURIComponent(id.toWellFormed())}`,
  };
}
