// The comparison in lines for people.
import { type Accuracy, type Comparison, isWithinOnePercent, type Skipped, summarise } from './measure.ts';

export function formatAccuracy({ comparisons, skipped }: Accuracy): string {
  const width = Math.max(4, ...comparisons.map(({ name }) => name.length));
  const lines = [
    row(['file', 'family', 'predicted', 'actual', 'difference'], width),
    ...comparisons.map(comparison => comparisonRow(comparison, width)),
    '',
    ...familyLines(comparisons),
    '',
    ...summaryLines(comparisons),
    ...skippedLines(skipped),
  ];
  return `${lines.join('\n')}\n`;
}

function row(cells: readonly string[], width: number): string {
  const [name = '', family = '', ...numbers] = cells;
  return [name.padEnd(width), family.padEnd(20), ...numbers.map(cell => cell.padStart(10))]
    .join(' ')
    .trimEnd();
}

function comparisonRow(comparison: Comparison, width: number): string {
  const { name, family, predicted, actual, difference, images, keysSorted, tools } = comparison;
  const cells = row([name, family, String(predicted), String(actual), signed(difference)], width);
  const notes = [
    images && `images ${images.predicted} of ${images.actual}`,
    keysSorted && tools > 0 && difference !== 0 && 'keys sorted by the recorder',
  ].filter(note => typeof note === 'string');
  return notes.length === 0 ? cells : `${cells}  (${notes.join('; ')})`;
}

function familyLines(comparisons: readonly Comparison[]): string[] {
  const families = Map.groupBy(comparisons, ({ family }) => family);
  return [...families].map(([family, own]) => {
    const { compared, exact, withinOnePercent } = summarise(own);
    return `${family}: ${compared} compared, ${exact} exact, ${withinOnePercent} within 1 %`;
  });
}

function summaryLines(comparisons: readonly Comparison[]): string[] {
  const { compared, exact, withinOnePercent, notBelow, worstUnder, worstOver } = summarise(comparisons);
  const sorted = comparisons.filter(
    ({ keysSorted, tools, difference }) => keysSorted && difference !== 0 && Math.abs(difference) <= tools,
  ).length;
  return [
    `Compared: ${compared}. Exact: ${share(exact, compared)}. Within 1 %: ${share(withinOnePercent, compared)}. Not below: ${share(notBelow, compared)}.`,
    ...(sorted > 0 ? [`Off by no more than 1 per tool, keys sorted by the recorder: ${sorted}.`] : []),
    `Worst under-count: ${extreme(worstUnder)}.`,
    `Worst over-count: ${extreme(worstOver)}.`,
  ];
}

function skippedLines(skipped: readonly Skipped[]): string[] {
  const reasons = Map.groupBy(skipped, ({ reason }) => reason);
  return [
    `Skipped: ${skipped.length}.`,
    ...[...reasons].map(
      ([reason, files]) => `  ${files.length} × ${reason}: ${files.map(({ name }) => name).join(', ')}`,
    ),
  ];
}

function extreme(comparison: Comparison | undefined): string {
  if (!comparison) return 'none';
  const { name, difference, actual } = comparison;
  const note = isWithinOnePercent(comparison) ? '' : `, ${((difference / actual) * 100).toFixed(1)} %`;
  return `${signed(difference)} of ${actual}${note} (${name})`;
}

function share(number: number, of: number): string {
  return of === 0 ? '0' : `${number} (${((number / of) * 100).toFixed(0)} %)`;
}

function signed(number: number): string {
  return number > 0 ? `+${number}` : String(number);
}
