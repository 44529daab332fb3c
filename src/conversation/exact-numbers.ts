// Numbers that stay as they are written where they are not ours to understand: in documents, schemas, arguments and
// sources. A double rounds 2^53 + 1, makes 0 of -0 and null of 1e400, and forgets the zero of 1.10. Such a number is kept
// as what `JSON.rawJSON` makes, which `JSON.stringify` writes digit for digit; everywhere else it is a number.

/** Whatever stands below one of these keys. */
const keptBelow = new Set([
  'documents',
  'parameters',
  'response_format',
  'arguments',
  'input',
  'args',
  'content',
  'data',
  'sources',
]);

export class OddNumber {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  valueBelow(isKept: boolean): unknown {
    return isKept ? rawJSON(this.#text) : Number(this.#text);
  }
}

/** Node 22 has it; the types of TypeScript have not. */
const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => unknown };

/** Puts back what stood in the place of each mark. Walks without recursion through what JSON.parse made. */
export function putBack(value: unknown, mark: string, taken: readonly (string | OddNumber)[]): unknown {
  const put = (marked: unknown, isKept: boolean): unknown => {
    if (typeof marked !== 'string' || !marked.startsWith(mark)) return undefined;
    const one = taken[Number(marked.slice(mark.length))];
    return one instanceof OddNumber ? one.valueBelow(isKept) : one;
  };
  const whole = put(value, false);
  if (whole !== undefined) return whole;
  const waiting: { readonly container: unknown; readonly isKept: boolean }[] = [
    { container: value, isKept: false },
  ];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { container, isKept } = next;
    if (typeof container !== 'object' || container === null) continue;
    const fields = container as Record<string | number, unknown>;
    const look = (key: string | number, isInnerKept: boolean) => {
      const inner = fields[key];
      if (typeof inner === 'string') {
        const found = put(inner, isInnerKept);
        if (found !== undefined) fields[key] = found;
      } else if (typeof inner === 'object' && inner !== null)
        waiting.push({ container: inner, isKept: isInnerKept });
    };
    // The names of a long list's places would take longer than the list.
    if (Array.isArray(container)) for (let at = 0; at < container.length; at += 1) look(at, isKept);
    else for (const key of Object.keys(fields)) look(key, isKept || keptBelow.has(key));
  }
  return value;
}

const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** Whether JavaScript writes it otherwise. What is no number at all is left to the parser. */
export function isOddNumber(text: string): boolean {
  return jsonNumber.test(text) && String(Number(text)) !== text;
}
