// Whether something that was JSON a moment ago is a message of ours. Further keys do no harm.
import type { AssistantMessage, Message } from './message.ts';

type Fields = Readonly<Record<string, unknown>>;

export function isMessage(value: unknown): value is Message {
  if (!isObject(value)) return false;
  const { role, content } = value;
  const isSaid = (types: readonly string[]) =>
    isText(content) || isListOf(content, part => isPartOf(part, types));
  switch (role) {
    case 'system':
      return isSaid(['text']);
    case 'user':
      return isSaid(['text', 'image']);
    case 'tool':
      return isText(value.toolCallId) && isSaid(['text', 'image', 'document']);
    default:
      return isAssistantMessage(value);
  }
}

export function isAssistantMessage(value: unknown): value is AssistantMessage {
  return (
    isObject(value) &&
    value.role === 'assistant' &&
    isOptional(
      value.content,
      content => isText(content) || isListOf(content, part => isPartOf(part, ['text', 'reasoning'])),
    ) &&
    isOptional(value.toolPlan, isText) &&
    isOptional(value.toolCalls, calls => isListOf(calls, isToolCall)) &&
    isOptional(value.cutCalls, ids => isListOf(ids, isText)) &&
    isOptional(value.citations, citations => isListOf(citations, isCitation)) &&
    isOptional(value.carried, isText)
  );
}

function isPartOf(value: unknown, types: readonly string[]): boolean {
  if (!isObject(value) || !isText(value.type) || !types.includes(value.type)) return false;
  if (value.type === 'image') return isText(value.url);
  if (value.type === 'document') return isText(value.data) || (isObject(value.data) && isShallow(value.data));
  return isText(value.text);
}

function isToolCall(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { id, nativeId, name, arguments: text } = value;
  return isText(id) && isOptional(nativeId, isText) && isText(name) && isText(text);
}

function isCitation(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { start, end, text, sources, type, contentIndex } = value;
  return (
    Number.isInteger(start) &&
    Number.isInteger(end) &&
    isText(text) &&
    isListOf(sources, source => isObject(source) && isShallow(source)) &&
    isOptional(type, isText) &&
    isOptional(contentIndex, Number.isInteger)
  );
}

/** Deeper than what any door or answer lets in: an earlier release did. */
const maxDepth = 512;

/** What nests too deep can be neither written nor walked through. */
function isShallow(value: Fields): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > maxDepth) return false;
    const next: unknown[] = [];
    for (const one of level)
      if (typeof one === 'object' && one !== null) for (const inner of Object.values(one)) next.push(inner);
    level = next;
  }
  return true;
}

function isOptional(value: unknown, isExpected: (value: unknown) => boolean): boolean {
  return value === undefined || isExpected(value);
}

function isListOf(value: unknown, isExpected: (value: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isExpected);
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
