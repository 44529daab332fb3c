// NFC in near-linear time. ICU sorts a run of combining marks by insertion: 80,000 marks in a bad order take it twelve
// seconds. Runs that no language has are sorted here first, and then ICU finds nothing to move.

/** Marks in a row above which we sort. The longest in use are of about ten; ICU sorts these in microseconds. */
const longRun = 64;
const longRuns = new RegExp(`\\p{M}{${longRun},}`, 'gu');

// The first and the last of the classes by which marks are sorted (1 and 240).
const lowestMark = '\u0334';
const highestMark = '\u0345';

export function toNfc(text: string): string {
  // The longest text in which insertion cannot hurt.
  if (text.length <= 1024) return text.normalize();
  return text.replace(longRuns, sortMarks).normalize();
}

interface Mark {
  readonly codePoint: number;
  readonly markClass: MarkClass;
}

/** Marks of one class keep their order; those of a lower class pass to the front. */
interface MarkClass {
  readonly example: string;
  /** Its place among those met so far. */
  order: number;
  /** The code points met of this class in the run that is being sorted. */
  readonly met: number[];
}

/** The classes met so far, in their order. There are 55 in all. */
const markClasses: MarkClass[] = [];
/** By code point: the marks that it decomposes into; none for one that no other passes. */
const knownMarks = new Map<number, readonly Mark[]>();

function sortMarks(marks: string): string {
  let sorted = '';
  let runStart = 0;
  let isInOrder = true;
  let lastOrder = 0;
  const endRun = (end: number) => {
    const run = marks.slice(runStart, end);
    // ICU does well with what is in order, and with little.
    sorted += isInOrder || run.length < longRun ? run : sortRun(run);
    isInOrder = true;
    lastOrder = 0;
  };
  for (let at = 0; at < marks.length; ) {
    const codePoint = marks.codePointAt(at) ?? 0;
    const end = at + (codePoint > 0xffff ? 2 : 1);
    const known = marksOf(codePoint);
    if (known.length === 0) {
      endRun(at);
      runStart = at;
    }
    for (const { markClass } of known) {
      if (markClass.order < lastOrder) isInOrder = false;
      lastOrder = markClass.order;
    }
    at = end;
  }
  endRun(marks.length);
  return sorted;
}

/** Marks, decomposed, in canonical order; before them perhaps one that none of them passes. */
function sortRun(run: string): string {
  const sorted: number[] = [];
  for (let at = 0; at < run.length; ) {
    const codePoint = run.codePointAt(at) ?? 0;
    const known = marksOf(codePoint);
    if (known.length === 0) sorted.push(codePoint);
    for (const mark of known) mark.markClass.met.push(mark.codePoint);
    at += codePoint > 0xffff ? 2 : 1;
  }
  for (const { met } of markClasses) {
    for (const codePoint of met) sorted.push(codePoint);
    met.length = 0;
  }
  return toText(sorted);
}

function toText(codePoints: readonly number[]): string {
  let text = '';
  // All at once would be more arguments than a call may have.
  for (let at = 0; at < codePoints.length; at += 1024)
    text += String.fromCodePoint(...codePoints.slice(at, at + 1024));
  return text;
}

function marksOf(codePoint: number): readonly Mark[] {
  let marks = knownMarks.get(codePoint);
  if (!marks) {
    const decomposed = [...String.fromCodePoint(codePoint).normalize('NFD')];
    const found = decomposed.flatMap((mark): Mark[] => {
      const markClass = findClass(mark);
      return markClass ? [{ codePoint: mark.codePointAt(0) ?? 0, markClass }] : [];
    });
    marks = found.length === decomposed.length ? found : [];
    knownMarks.set(codePoint, marks);
  }
  return marks;
}

function findClass(mark: string): MarkClass | undefined {
  if (!passes(mark, highestMark) && !passes(lowestMark, mark)) return undefined;
  const place = markClasses.findIndex(({ example }) => !passes(example, mark));
  const found = markClasses[place];
  if (found && !passes(mark, found.example)) return found;
  const made: MarkClass = { example: mark, order: 0, met: [] };
  markClasses.splice(found ? place : markClasses.length, 0, made);
  for (const [order, markClass] of markClasses.entries()) markClass.order = order;
  return made;
}

/** Whether the first mark, standing after the second, is sorted before it: it has the lower class. */
function passes(first: string, second: string): boolean {
  return first !== second && (second + first).normalize('NFD') === first + second;
}
