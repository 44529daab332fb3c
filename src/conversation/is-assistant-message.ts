// Whether something that was JSON a moment ago is an assistant's message of ours. Further keys do no harm.
import type { AssistantMessage } from './message.ts';

type Fields = Readonly<Record<string, unknown>>;

export function isAssistantMessage(value: unknown): value is AssistantMessage {
  return (
    isObject(value) &&
    value.role === 'assistant' &&
    isOptional(value.content, content => isText(content) || isListOf(content, isPart)) &&
    isOptional(value.toolPlan, isText) &&
    isOptional(value.toolCalls, calls => isListOf(calls, isToolCall)) &&
    isOptional(value.citations, citations => isListOf(citations, isCitation)) &&
    isOptional(value.carried, isText)
  );
}

function isPart(value: unknown): boolean {
  return isObject(value) && (value.type === 'text' || value.type === 'reasoning') && isText(value.text);
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
    isListOf(sources, isObject) &&
    isOptional(type, isText) &&
    isOptional(contentIndex, Number.isInteger)
  );
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
