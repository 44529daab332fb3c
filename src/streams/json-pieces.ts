// JSON of any size in pieces. JSON.stringify cannot pause: 32 MiB of one text take it a tenth of a second.

const pieceLength = 256 * 1024;
/** What is smaller is written in one go. */
const smallLength = 64 * 1024;
const smallCount = 2_000;

/** Whether it has too much text, or too many values, to be written in one go. Looks no further than that. */
export function isLarge(value: unknown): boolean {
  let length = 0;
  let count = 0;
  const waiting: unknown[] = [value];
  while (waiting.length > 0) {
    const next = waiting.pop();
    count += 1;
    if (typeof next === 'string') length += next.length;
    else if (Array.isArray(next)) {
      if (count + next.length > smallCount) return true;
      for (const inner of next) waiting.push(inner);
    } else if (typeof next === 'object' && next !== null) {
      for (const key in next) {
        if (count + waiting.length > smallCount) return true;
        waiting.push(next[key as keyof typeof next]);
      }
    }
    if (length > smallLength || count > smallCount) return true;
  }
  return false;
}

/** What JSON.stringify writes, joined; none for what it leaves out. Takes plain data: nothing with a `toJSON`. */
export function* jsonPieces(value: unknown): Generator<string> {
  if (!isLarge(value)) {
    const json = JSON.stringify(value);
    if (json !== undefined) yield json;
  } else if (typeof value === 'string') yield* textPieces(value);
  else if (Array.isArray(value)) {
    let before = '[';
    for (const item of value) {
      yield before;
      if (item === undefined) yield 'null';
      else yield* jsonPieces(item);
      before = ',';
    }
    yield before === '[' ? '[]' : ']';
  } else {
    yield '{';
    yield* fieldPieces(Object(value));
    yield '}';
  }
}

/** The same of an object, without the braces around it. */
export function* fieldPieces(fields: object): Generator<string> {
  if (!isLarge(fields)) {
    yield JSON.stringify(fields).slice(1, -1);
    return;
  }
  let before = '';
  for (const [key, item] of Object.entries(fields)) {
    if (item === undefined) continue;
    yield `${before}${JSON.stringify(key)}:`;
    yield* jsonPieces(item);
    before = ',';
  }
}

function* textPieces(text: string): Generator<string> {
  yield '"';
  for (let start = 0; start < text.length; ) {
    let end = Math.min(start + pieceLength, text.length);
    // Half a surrogate pair is written as an escape: a cut must not make two halves.
    if (end < text.length && isHighHalf(text.charCodeAt(end - 1)) && end - start > 1) end -= 1;
    yield JSON.stringify(text.slice(start, end)).slice(1, -1);
    start = end;
  }
  yield '"';
}

function isHighHalf(unit: number): boolean {
  return (unit & 0xfc00) === 0xd800;
}
