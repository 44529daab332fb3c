// Adjustments → three headers. Names may come from the client: only what is safe in a header, and in a log, is said again.
import type { Adjustments } from '../conversation/adjustments.ts';

export type WrittenAdjustments = { readonly [Kind in keyof Adjustments]?: readonly string[] };

const kinds = ['dropped', 'clamped', 'rewritten'] as const;

const headerNames = {
  dropped: 'x-dropped-parameters',
  clamped: 'x-clamped-parameters',
  rewritten: 'x-rewritten-parameters',
} as const;

/** Clients and proxies between limit all headers of an answer, to 16 KiB or less. */
const maxListBytes = 1024;
const safeName = /^[\w.\-=?[\]]{1,80}$/;
const separator = ', ';

/** Each thing once; what is too much for a header only by its number: `...+12`. Empty lists are absent. */
export function writeAdjustments(adjustments: Adjustments): WrittenAdjustments {
  const written: Partial<Record<keyof Adjustments, readonly string[]>> = {};
  for (const kind of kinds) {
    const told = inShort(adjustments[kind]);
    if (told.length > 0) written[kind] = told;
  }
  return written;
}

export function adjustmentHeaders(written: WrittenAdjustments): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const kind of kinds) {
    const list = written[kind];
    if (list) headers[headerNames[kind]] = list.join(separator);
  }
  return headers;
}

function inShort(names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const unique = [...new Set(names)].filter(name => safeName.test(name));
  const told: string[] = [];
  // Room for `...+123456`.
  let room = maxListBytes - 12;
  for (const name of unique) {
    room -= name.length + separator.length;
    if (room < 0) return [...told, `...+${unique.length - told.length}`];
    told.push(name);
  }
  return told;
}
