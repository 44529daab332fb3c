// The event that nearly all of a stream consists of, without parsing it: one piece of text, written as Cohere writes it
// (seen in every recorded stream). Anything else is left to the parser, which would make the same of it.

const start = '{"type":"content-delta","index":';
const middle = ',"delta":{"message":{"content":{"text":"';
const end = '"}}}}';

export interface TextDelta {
  readonly index: number;
  readonly text: string;
}

/** Undefined for every other event, and for text with escapes. */
export function readTextDelta(data: string): TextDelta | undefined {
  if (!data.startsWith(start) || !data.endsWith(end)) return undefined;
  // Indices beyond one digit are as good as never seen.
  const textStart = start.length + 1 + middle.length;
  if (!data.startsWith(middle, start.length + 1)) return undefined;
  const index = data.charCodeAt(start.length) - 0x30;
  if (index < 0 || index > 9 || data.length < textStart + end.length) return undefined;
  const text = data.slice(textStart, -end.length);
  return isPlain(text) ? { index, text } : undefined;
}

/** What a JSON string may hold as it is: no quote, no escape, no control character. */
function isPlain(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit < 0x20 || unit === 0x22 || unit === 0x5c) return false;
  }
  return true;
}
