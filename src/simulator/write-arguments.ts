// Tool arguments as text, in the forms that were recorded.
import type { ChatBody } from './chat-body.ts';
import type { JsonObject } from './json.ts';

const indentingModels = new Set(['command-r-08-2024', 'command-r-plus-08-2024']);

export function writeArguments(
  parameters: JsonObject,
  hasParameters: boolean,
  { model, stream }: Pick<ChatBody, 'model' | 'stream'>,
): string {
  // Not an oversight: for a tool without parameters the whole answer says "null" and the stream nothing at all.
  if (!hasParameters) return stream ? '' : 'null';
  if (!stream) return JSON.stringify(parameters);
  const indented = JSON.stringify(parameters, null, 4);
  return indentingModels.has(model) ? indented : onOneLine(indented);
}

/** A raw line break only ever stands between tokens of JSON, never inside its strings. */
function onOneLine(json: string): string {
  return json
    .replace(/,\n */g, ', ')
    .replace(/([[{])\n */g, '$1')
    .replace(/\n *([\]}])/g, '$1');
}
