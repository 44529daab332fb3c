// The arguments of calls are JSON within the JSON of the body, where the scan of the body sees one text: so their values are
// counted here, all calls of a request together, in slices, before anything parses them.
import { ProxyError } from '../conversation/errors.ts';
import { JsonScan } from '../conversation/scan-json.ts';
import type { Slices } from '../streams/slices.ts';

export interface ArgumentLimits {
  readonly jsonValues: number;
}

type Fields = Readonly<Record<string, unknown>>;

/** Bytes looked at before others have their turn. */
const sliceLength = 256 * 1024;

/** @throws ProxyError 400 */
export function* checkArguments(body: unknown, { jsonValues }: ArgumentLimits): Slices<void> {
  const limits = {
    // How deep it is, and how long a number, only matters to what parses it.
    jsonDepth: Number.POSITIVE_INFINITY,
    jsonKeys: Number.POSITIVE_INFINITY,
    textBytes: Number.POSITIVE_INFINITY,
    scalarBytes: Number.POSITIVE_INFINITY,
  };
  let values = 0;
  let looked = 0;
  for (const { text, param } of argumentsIn(body)) {
    const refuse = () =>
      new ProxyError(
        'invalid_json',
        `Invalid '${param}': the arguments of the calls of this request hold more than ${jsonValues} JSON values.`,
        { param },
      );
    const scan = new JsonScan(
      Buffer.from(text),
      { ...limits, jsonValues: jsonValues - values },
      Number.POSITIVE_INFINITY,
      refuse,
    );
    while (!scan.step()) yield;
    values += scan.values;
    looked += text.length;
    if (looked < sliceLength) continue;
    looked = 0;
    yield;
  }
}

interface Written {
  readonly text: string;
  readonly param: string;
}

/** Wherever `read-calls.ts` finds them. */
function* argumentsIn(body: unknown): Generator<Written> {
  const { messages } = Object(body) as Fields;
  if (!Array.isArray(messages)) return;
  for (const [index, message] of messages.entries()) {
    const { tool_calls: listed, function_call: legacy, content } = Object(message) as Fields;
    const path = `messages[${index}]`;
    for (const [place, call] of listOf(listed).entries())
      yield* writtenIn(call, `${path}.tool_calls[${place}]`);
    for (const [place, part] of listOf(content).entries())
      yield* writtenIn(part, `${path}.content[${place}]`);
    if (legacy) yield* writtenIn({ function: legacy }, `${path}.function_call`, '');
  }
}

function* writtenIn(item: unknown, path: string, within = '.function'): Generator<Written> {
  const call = Object(item) as Fields;
  const inner = call.function ?? call.custom;
  const { arguments: text } = Object(inner ?? item) as Fields;
  const place = inner === undefined ? path : `${path}${call.function ? within : '.custom'}`;
  // What is no JSON from its first sign on is not parsed.
  if (typeof text === 'string' && /^\s*[[{]/.test(text)) yield { text, param: `${place}.arguments` };
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return typeof value === 'object' && value !== null ? [value] : [];
}
