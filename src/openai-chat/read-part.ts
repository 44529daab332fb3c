// One content part → what it says, whichever API's form it has: clients keep what other servers gave them, and send it
// for as long as the conversation lasts.
import type { DocumentPart, ImagePart, JsonObject } from '../conversation/message.ts';
import { readImage } from './read-image.ts';

export type Fields = Readonly<Record<string, unknown>>;

export type ReadPart = (
  | { readonly as: 'text' | 'reasoning'; readonly text: string }
  | { readonly as: 'image'; readonly image: ImagePart }
  | { readonly as: 'document'; readonly document: DocumentPart }
  /** Of a tool, within the content. */
  | { readonly as: 'call'; readonly call: Fields }
  /** Nothing is lost with it. */
  | { readonly as: 'nothing' }
  /** It holds something that no text can stand for. */
  | { readonly as: 'unfit'; readonly type: string }
) & {
  /** As OpenAI's chat API has it. */
  readonly isPlain: boolean;
};

const imageTypes = new Set(['image_url', 'input_image', 'image', 'image-url', 'image-data', 'media', 'file']);
const textTypes = new Set(['text', 'input_text', 'output_text', 'summary_text']);
const reasoningTypes = new Set(['thinking', 'reasoning', 'reasoning_text', 'reasoning_content']);
const callTypes = new Set(['tool_use', 'tool-call', 'tool_call', 'function_call']);
/** Media, and references to them, whose JSON would say nothing. */
const mediaTypes = new Set([
  ...imageTypes,
  ...['input_audio', 'audio', 'input_file', 'file-data', 'file-id', 'video_url', 'video', 'input_video'],
]);

export function readPart(value: unknown): ReadPart {
  if (value === null || value === undefined) return { as: 'nothing', isPlain: false };
  if (typeof value !== 'object' || Array.isArray(value)) return asText(value);
  const part = value as Fields;
  const type = typeof part.type === 'string' ? part.type : '';
  if (textTypes.has(type)) {
    const text = textIn(part);
    if (text === undefined) return { as: 'nothing', isPlain: false };
    return { as: 'text', text, isPlain: type === 'text' && typeof part.text === 'string' };
  }
  if (type === 'refusal') {
    const { refusal } = part;
    if (typeof refusal === 'string') return { as: 'text', text: refusal, isPlain: true };
  }
  if (reasoningTypes.has(type)) return { as: 'reasoning', text: reasoningIn(part), isPlain: false };
  if (type === 'redacted_thinking') return { as: 'nothing', isPlain: false };
  if (callTypes.has(type)) return { as: 'call', call: part, isPlain: false };
  if (imageTypes.has(type)) {
    const image = readImage(part);
    if (image) return { as: 'image', image, isPlain: type === 'image_url' };
  }
  if (type === 'document') {
    const document = readDocument(part.document);
    if (document) return { as: 'document', document, isPlain: true };
  }
  const text = mediaTypes.has(type) ? undefined : textIn(part);
  return text === undefined ? { as: 'unfit', type, isPlain: false } : { as: 'text', text, isPlain: false };
}

/** What is no part at all: an object, a list, a number. */
export function asText(value: unknown): ReadPart {
  return {
    as: 'text',
    text: typeof value === 'string' ? value : JSON.stringify(value),
    isPlain: false,
  };
}

export function isMedia(type: string): boolean {
  return mediaTypes.has(type);
}

/** OpenAI's Assistants API has an object around it: `{value, annotations}`. */
function textIn({ text, content, value }: Fields): string | undefined {
  const { value: inner } = Object(text) as Fields;
  return [text, inner, content, value].find(said => typeof said === 'string');
}

function reasoningIn({ thinking, reasoning, text, content, summary }: Fields): string {
  for (const said of [thinking, reasoning, text, content]) if (typeof said === 'string') return said;
  const parts: readonly unknown[] = [summary, content, reasoning].find(Array.isArray) ?? [];
  return parts.map(part => textIn(Object(part) as Fields) ?? '').join('\n');
}

/** Cohere's own form of a tool result, which can be cited by its own id. */
function readDocument(value: unknown): DocumentPart | undefined {
  const { data, id } = Object(value) as Fields;
  const isObject = typeof data === 'object' && data !== null && !Array.isArray(data);
  if (typeof data !== 'string' && !isObject) return undefined;
  return {
    type: 'document',
    data: data as string | JsonObject,
    ...(typeof id === 'string' ? { id } : {}),
  };
}
