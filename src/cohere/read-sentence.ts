// What a refusal says in words, whatever it looks like: Cohere's `{message}`, OpenAI's `{error: {message}}`, FastAPI's
// `{detail: [{msg}]}`, a list of such, or plain text.

const maxLength = 500;
const maxDepth = 5;
/** In the order in which they say most. */
const names = [
  'message',
  'msg',
  'error',
  'detail',
  'details',
  'errors',
  'error_description',
  'description',
  'title',
];

/** In one line, and cut; undefined where there are no words. */
export function readSentence(value: unknown): string | undefined {
  const words = find(value, 0)
    ?.replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, maxLength);
  return words === '' ? undefined : words;
}

function find(value: unknown, depth: number): string | undefined {
  if (typeof value === 'string') return value.trim() === '' ? undefined : value;
  if (typeof value !== 'object' || value === null || depth === maxDepth) return undefined;
  const inner = Array.isArray(value)
    ? value.slice(0, 10)
    : names.map(name => (Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined));
  for (const one of inner) {
    const words = find(one, depth + 1);
    if (words !== undefined) return words;
  }
  return undefined;
}
