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
  readonly #blocks = new Map<number, string>();

  add(index: number, text: string): void {
    this.#blocks.set(index, (this.#blocks.get(index) ?? '') + text);
  }

  /** One annotation for each source; none where the citation is about thinking or a tool plan. */
  annotate({ start, end, type, contentIndex, sources }: Citation): OpenAIAnnotation[] {
    if (type !== undefined && type !== 'TEXT_CONTENT') return [];
    const block = this.#place(contentIndex);
    if (!block) return [];
    const start_index = block.offset + utf16Offset(block.text, start);
    const end_index = block.offset + utf16Offset(block.text, end);
    return sources.map(source => ({
      type: 'url_citation',
      url_citation: { start_index, end_index, ...nameSource(source) },
    }));
  }

  /** Without an index (older replies) the first text block is meant. */
  #place(contentIndex: number | undefined): { text: string; offset: number } | undefined {
    const inOrder = [...this.#blocks].sort(([a], [b]) => a - b);
    let offset = 0;
    for (const [index, text] of inOrder) {
      if (contentIndex === undefined || index === contentIndex) return { text, offset };
      offset += text.length;
    }
    // Older replies count text blocks from 0 even where thinking stands before them.
    return contentIndex === 0 && inOrder[0] ? { text: inOrder[0][1], offset: 0 } : undefined;
  }
}

/** Beyond the end of the text the offset is kept as it is, counted on. */
function utf16Offset(text: string, codePoints: number): number {
  let offset = 0;
  let left = codePoints;
  while (left > 0 && offset < text.length) {
    offset += (text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1;
    left -= 1;
  }
  return offset + left;
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
