// Whether the arguments that a client sends are those of a call, parsed and written anew: spacing and the order of keys
// change, and some clients leave out keys that are null or that they do not know.

export function isSameArguments(stored: string, sent: string): boolean {
  if (stored === sent) return true;
  const [whole, part] = [objectOf(stored), objectOf(sent)];
  return whole !== undefined && part !== undefined && isWithin(part, whole);
}

/** Clients write nothing where a tool has no parameters. */
function objectOf(text: string): unknown {
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isWithin(part: unknown, whole: unknown): boolean {
  if (typeof part !== 'object' || part === null) return part === whole;
  if (typeof whole !== 'object' || whole === null || Array.isArray(part) !== Array.isArray(whole))
    return false;
  if (Array.isArray(part) && part.length !== (whole as readonly unknown[]).length) return false;
  const values = whole as Readonly<Record<string, unknown>>;
  return Object.entries(part).every(
    ([key, value]) => Object.hasOwn(values, key) && isWithin(value, values[key]),
  );
}
