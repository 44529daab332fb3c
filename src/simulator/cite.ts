// Text that knows where it came from. Cohere gives citation offsets in Unicode code points, so they are counted while
// the text is put together and never in JavaScript's UTF-16 units.
import type { Document } from './chat-body.ts';
import type { ToolResult } from './conversation.ts';
import type { JsonObject } from './json.ts';

type Source =
  | { readonly type: 'tool'; readonly id: string; readonly tool_output: JsonObject }
  | { readonly type: 'document'; readonly id: string; readonly document: JsonObject };

export interface Citation {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  readonly text: string;
  readonly source: Source;
}

export interface CitedText {
  readonly text: string;
  readonly citations: readonly Citation[];
}

const maxQuote = 240;

export function answerFromResults(results: readonly ToolResult[]): CitedText {
  const writer = new CitedTextWriter();
  for (const result of results) {
    writer.say(`The ${result.tool} tool says: `);
    writer.quote(textOf(result.output), {
      type: 'tool',
      id: `${result.callId}:${result.index}`,
      tool_output: result.output,
    });
    writer.say('\n');
  }
  return writer.finish();
}

/** Quotes the documents that share most words with the question, two at most. */
export function answerFromDocuments(documents: readonly Document[], question: string): CitedText {
  const asked = new Set(longWords(question));
  const ranked = documents
    .map((document, index) => ({
      id: document.id ?? `doc:${index}`,
      data: document.data,
      score: longWords(JSON.stringify(document.data)).filter(word => asked.has(word)).length,
    }))
    .sort((one, other) => other.score - one.score);
  const [first, second] = ranked;
  const chosen = second && second.score > 0 ? [first, second] : [first];
  const writer = new CitedTextWriter();
  for (const document of chosen) {
    if (!document) continue;
    writer.say(`Document ${document.id} says: `);
    writer.quote(firstSentence(textOf(document.data)), {
      type: 'document',
      id: document.id,
      document: { id: document.id, ...document.data },
    });
    writer.say('\n');
  }
  return writer.finish();
}

class CitedTextWriter {
  #text = '';
  #length = 0;
  readonly #citations: Citation[] = [];

  say(text: string): void {
    this.#text += text;
    this.#length += countCodePoints(text);
  }

  quote(text: string, source: Source): void {
    // Much more than is quoted, and little enough to be taken apart.
    const points = [...text.slice(0, 10_000).trim()];
    const quoted = points.length > maxQuote ? [...points.slice(0, maxQuote), '…'].join('') : points.join('');
    const start = this.#length;
    this.say(quoted);
    if (quoted !== '') this.#citations.push({ start, end: this.#length, text: quoted, source });
  }

  finish(): CitedText {
    return { text: this.#text.trimEnd(), citations: this.#citations };
  }
}

export function countCodePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** A field that alone holds the text is quoted without its name. */
function textOf(data: JsonObject): string {
  const values = Object.values(data);
  let longest: string | undefined;
  for (const value of values)
    if (typeof value === 'string' && value.length > (longest?.length ?? -1)) longest = value;
  return values.length === 1 || (longest !== undefined && longest.length > 40)
    ? (longest ?? JSON.stringify(values[0]))
    : JSON.stringify(data);
}

function firstSentence(text: string): string {
  return /^[\s\S]*?[.!?](?=\s|$)/.exec(text.slice(0, 10_000))?.[0] ?? text;
}

function longWords(text: string): readonly string[] {
  return (
    text
      .slice(0, 100_000)
      .toLowerCase()
      .match(/[\p{L}\p{N}]{3,}/gu) ?? []
  );
}
