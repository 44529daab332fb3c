// The one table at the end.
import type { Summary } from './measure.ts';
import type { Row } from './rows.ts';

const head = ['row', 'proxy', 'base', 'unit', 'ratio', 'min–max', 'per s', 'MB', 'what it means'];
const leftColumns = new Set([0, 3, 8]);

export function writeTable(results: readonly (readonly [Row, Summary])[]): string {
  const lines = [head, ...results.map(([row, summary]) => cells(row, summary))];
  const widths = head.map((_, column) => Math.max(...lines.map(line => (line[column] ?? '').length)));
  return lines
    .map(line =>
      line
        .map((cell, column) =>
          leftColumns.has(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .map(line => `${line}\n`)
    .join('');
}

function cells({ name, unit, meaning }: Row, summary: Summary): string[] {
  const { value, base, ratio, minRatio, maxRatio, perSecond, rssMb, note } = summary;
  return [
    name,
    number(value),
    number(base),
    unit,
    ratio.toFixed(2),
    `${minRatio.toFixed(2)}–${maxRatio.toFixed(2)}`,
    perSecond === undefined ? '' : perSecond.toFixed(0),
    rssMb === undefined ? '' : `${rssMb[0].toFixed(0)}/${rssMb[1].toFixed(0)}`,
    note === undefined ? meaning : `${meaning} ${note}`,
  ];
}

function number(value: number): string {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}
