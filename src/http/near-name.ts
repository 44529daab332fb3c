// Names that were meant to be another: one letter too many, too few, wrong, or two of them swapped; in any case, with any
// strokes between.
export function isNearly(name: string, wanted: string): boolean {
  // Names may be as long as a body.
  if (name.length > 2 * wanted.length + 2) return false;
  const [one, other] = [plain(name), plain(wanted)];
  if (Math.abs(one.length - other.length) > 1) return false;
  let from = 0;
  while (from < one.length && one[from] === other[from]) from += 1;
  const [rest, otherRest] = [one.slice(from), other.slice(from)];
  if (rest === otherRest) return true;
  const isSwapped = rest[0] === otherRest[1] && rest[1] === otherRest[0];
  return (
    rest.slice(1) === otherRest ||
    rest === otherRest.slice(1) ||
    rest.slice(1) === otherRest.slice(1) ||
    (isSwapped && rest.slice(2) === otherRest.slice(2))
  );
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_ ]/g, '');
}
