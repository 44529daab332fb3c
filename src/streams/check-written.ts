// JSON within the JSON of a body, where the scan of the body sees one text: the arguments of calls. What it holds is counted
// here, in all texts of a request together, in slices, before anything parses them.
import { ProxyError } from '../conversation/errors.ts';
import { JsonScan, KeyCount, type RefuseJson } from '../conversation/scan-json.ts';
import type { Slices } from './slices.ts';

/** A text that may be JSON, and where it stands. */
export interface Written {
  readonly text: string;
  readonly param: string;
}

export interface WrittenLimits {
  readonly jsonValues: number;
  readonly jsonKeys: number;
}

/** How deep it is, and how long a number, only matters to what parses it. */
const unlimited = {
  jsonDepth: Number.POSITIVE_INFINITY,
  textBytes: Number.POSITIVE_INFINITY,
  scalarBytes: Number.POSITIVE_INFINITY,
};

/** Bytes looked at before others have their turn. */
const sliceLength = 256 * 1024;
/** Characters of a value and its comma, and of a key and its value. */
const shortestValue = 2;
const shortestField = 4;

/** @throws ProxyError 400 */
export function* checkWritten(
  texts: readonly Written[],
  { jsonValues, jsonKeys }: WrittenLimits,
): Slices<void> {
  let length = 0;
  for (const { text } of texts) length += text.length;
  // Nearly always: too short to hold too much.
  if (length <= Math.min(jsonValues * shortestValue, jsonKeys * shortestField)) return;
  const keys = new KeyCount();
  let values = 0;
  let looked = 0;
  for (const { text, param } of texts) {
    // What is no JSON from its first sign on is not parsed.
    if (!'[{'.includes(text.trimStart().slice(0, 1))) continue;
    const refuse: RefuseJson = what =>
      new ProxyError('invalid_json', `Invalid '${param}': with the calls before it, it ${what}.`, { param });
    const limits = { ...unlimited, jsonValues, jsonKeys };
    const scan = new JsonScan(Buffer.from(text), limits, Number.POSITIVE_INFINITY, refuse, { values, keys });
    while (!scan.step()) yield;
    values = scan.values;
    looked += text.length;
    if (looked < sliceLength) continue;
    looked = 0;
    yield;
  }
}
