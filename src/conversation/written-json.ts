// JSON that stands in a text: the arguments of a call. It was not counted with the body that it came in, nor is it in a
// store; so it is looked at before it is parsed, and what is too large for one go is left as the text that it is.
import { type JsonLimits, JsonScan } from './scan-json.ts';

/** Characters that are parsed in one go. */
const longest = 1024 * 1024;
const most: JsonLimits = {
  jsonDepth: 200,
  jsonValues: 10_000,
  jsonKeys: 2_000,
  textBytes: longest * 4,
  scalarBytes: longest,
};
/** Too short to hold too much. */
const harmless = 4 * 1024;

/** @returns undefined where it is too large. @throws SyntaxError */
export function parseWritten(text: string): unknown {
  if (text.length > harmless && weighWritten(text) === undefined) return undefined;
  return JSON.parse(text);
}

/** How many values it holds; undefined where these are too many, or it is too long, or nests too deep. */
export function weighWritten(text: string): number | undefined {
  if (text.length > longest) return undefined;
  const scan = new JsonScan(Buffer.from(text), most, Number.POSITIVE_INFINITY);
  try {
    while (!scan.step());
  } catch {
    return undefined;
  }
  return scan.values;
}

/** Whether it is the text of an object; of one that is too large, whether it begins and ends as one. */
export function isObjectText(text: string): boolean {
  try {
    const value = parseWritten(text);
    if (value === undefined) return text.trimStart().startsWith('{') && text.trimEnd().endsWith('}');
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
