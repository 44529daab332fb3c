// How much of a text the pretend model reads: more than any of its questions needs, and little enough for its patterns.

const longestRead = 10_000;
/** Of what is longer: the question stands at one of its ends. */
const head = 7_000;

export function readable(text: string): string {
  if (text.length <= longestRead) return text;
  return `${text.slice(0, head)}\n${text.slice(head - longestRead)}`;
}

/** What stands between two marks, and what is left; without a pattern, which would look for each end again and again. */
export function takeApart(text: string, open: string, close: string): { inside: string[]; outside: string } {
  const inside: string[] = [];
  let outside = '';
  let from = 0;
  for (let start = text.indexOf(open); start !== -1; start = text.indexOf(open, from)) {
    const end = text.indexOf(close, start + open.length);
    outside += text.slice(from, start);
    if (end === -1) return { inside, outside };
    inside.push(text.slice(start + open.length, end));
    from = end + close.length;
  }
  return { inside, outside: outside + text.slice(from) };
}
