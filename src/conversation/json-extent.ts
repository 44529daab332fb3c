// How much JSON a text is, before it is parsed: parsing cannot pause, and what nests deeply can often not be written again.

export interface JsonExtent {
  /** Levels of nesting. */
  readonly depth: number;
  /** Values, about: containers and what stands between commas. */
  readonly values: number;
}

/** Whether a text holds more than that. Goes from string to string; broken JSON is left to the parser. */
export function exceedsExtent(text: string, { depth: maxDepth, values: maxValues }: JsonExtent): boolean {
  if (text.length <= Math.min(maxDepth, maxValues)) return false;
  let depth = 0;
  let values = 1;
  for (let place = 0; place < text.length; place += 1) {
    switch (text.charCodeAt(place)) {
      case 0x22:
        place = endOfString(text, place);
        if (place === -1) return false;
        break;
      case 0x5b:
      case 0x7b:
        depth += 1;
        values += 1;
        break;
      case 0x5d:
      case 0x7d:
        depth -= 1;
        break;
      case 0x2c:
        values += 1;
        break;
    }
    if (depth > maxDepth || values > maxValues) return true;
  }
  return false;
}

/** The closing quote: one with an even number of backslashes before it; -1 if there is none. */
function endOfString(text: string, start: number): number {
  let from = start + 1;
  for (;;) {
    const quote = text.indexOf('"', from);
    if (quote === -1) return -1;
    let first = quote;
    while (first > from && text.charCodeAt(first - 1) === 0x5c) first -= 1;
    if ((quote - first) % 2 === 0) return quote;
    from = quote + 1;
  }
}
