// The arguments of all calls of a request, wherever `read-calls.ts` finds them.
import { checkWritten, type Written, type WrittenLimits } from '../streams/check-written.ts';
import type { Slices } from '../streams/slices.ts';

type Fields = Readonly<Record<string, unknown>>;

/** @throws ProxyError 400 */
export function checkArguments(body: unknown, limits: WrittenLimits): Slices<void> {
  return checkWritten([...argumentsIn(body)], limits);
}

function* argumentsIn(body: unknown): Generator<Written> {
  const { messages } = Object(body) as Fields;
  if (!Array.isArray(messages)) return;
  for (const [index, message] of messages.entries()) {
    const { tool_calls: listed, function_call: legacy, content } = Object(message) as Fields;
    if (listed === undefined && legacy === undefined && typeof content === 'string') continue;
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
  if (typeof text === 'string') yield { text, param: `${place}.arguments` };
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return typeof value === 'object' && value !== null ? [value] : [];
}
