// Our messages → OpenAI's, for `choices[0].message` and for the history in `messages`.
import type {
  AssistantMessage,
  Citation,
  JsonObject,
  JsonValue,
  Message,
  ToolCall,
} from '../conversation/message.ts';
import { textOf } from '../conversation/message.ts';
import { CitedText, type OpenAIAnnotation } from './write-annotations.ts';

export interface OpenAIToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

/** OpenRouter's form of what a client keeps and brings back without reading it. */
export interface OpenAIReasoningDetail {
  readonly type: 'reasoning.encrypted';
  readonly data: string;
  readonly id: string;
  readonly format: 'unknown';
  readonly index: 0;
}

export interface OpenAIAssistantMessage {
  readonly role: 'assistant';
  readonly content: string | null;
  readonly refusal: null;
  /** Thinking, then the tool plan. The key that most clients know. */
  readonly reasoning_content?: string;
  readonly reasoning_details?: readonly OpenAIReasoningDetail[];
  readonly tool_calls?: readonly OpenAIToolCall[];
  readonly annotations?: readonly OpenAIAnnotation[];
  /** As Cohere gave them: offsets in code points of the block `content_index`. */
  readonly citations?: readonly JsonObject[];
}

export type OpenAIMessage =
  | OpenAIAssistantMessage
  | { readonly role: 'system' | 'user'; readonly content: JsonValue }
  | { readonly role: 'tool'; readonly tool_call_id: string; readonly content: JsonValue };

export function writeMessage(message: Message): OpenAIMessage {
  switch (message.role) {
    case 'system':
      return {
        role: 'system',
        content: typeof message.content === 'string' ? message.content : message.content.map(writePart),
      };
    case 'user':
      return {
        role: 'user',
        content: typeof message.content === 'string' ? message.content : message.content.map(writePart),
      };
    case 'assistant':
      return writeAssistant(message);
    case 'tool': {
      const { content } = message;
      return {
        role: 'tool',
        tool_call_id: message.toolCallId,
        content: typeof content === 'string' ? content : content.map(writePart),
      };
    }
    default:
      return message satisfies never;
  }
}

type Part = Exclude<Extract<Message, { role: 'user' | 'tool' }>['content'], string>[number];

function writePart(part: Part): JsonObject {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text };
    case 'image': {
      const { url, detail } = part;
      return { type: 'image_url', image_url: { url, ...(detail ? { detail } : {}) } };
    }
    case 'document': {
      const { data, id } = part;
      return { type: 'document', document: { data, ...(id === undefined ? {} : { id }) } };
    }
    default:
      return part satisfies never;
  }
}

export function writeAssistant(message: AssistantMessage): OpenAIAssistantMessage {
  const text = textOf(message);
  const reasoning = reasoningOf(message);
  const { toolCalls, citations, carried } = message;
  return {
    role: 'assistant',
    // Beside calls there may be nothing; an answer that says nothing is an empty text.
    content: text === '' && toolCalls?.length ? null : text,
    refusal: null,
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(carried === undefined ? {} : { reasoning_details: writeCarried(carried) }),
    ...(toolCalls?.length ? { tool_calls: toolCalls.map(writeToolCall) } : {}),
    ...(citations?.length
      ? { annotations: annotate(message, citations), citations: citations.map(writeCitation) }
      : {}),
  };
}

/**
 * The one entry: clients join entries of the same index, and those that show reasoning have `reasoning_content`.
 * Some drop entries whose `format` is not on OpenRouter's list, and the second of two with the same id.
 */
export function writeCarried(data: string): OpenAIReasoningDetail[] {
  return [
    { type: 'reasoning.encrypted', data, id: `native_${data.slice(-16)}`, format: 'unknown', index: 0 },
  ];
}

/** Both come as one text, in the order in which a stream gives them. */
function reasoningOf({ content, toolPlan = '' }: AssistantMessage): string {
  let text = '';
  if (typeof content === 'object')
    for (const part of content) if (part.type === 'reasoning') text += part.text;
  return text + toolPlan;
}

function writeToolCall({ id, name, arguments: text }: ToolCall): OpenAIToolCall {
  return { id, type: 'function', function: { name, arguments: text } };
}

export function writeCitation({ start, end, text, sources, type, contentIndex }: Citation): JsonObject {
  return {
    start,
    end,
    text,
    sources,
    ...(contentIndex === undefined ? {} : { content_index: contentIndex }),
    ...(type === undefined ? {} : { type }),
  };
}

function annotate({ content }: AssistantMessage, citations: readonly Citation[]): OpenAIAnnotation[] {
  const text = new CitedText();
  const parts = typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? []);
  for (const [index, part] of parts.entries()) if (part.type === 'text') text.add(index, part.text);
  return citations.flatMap(citation => text.annotate(citation));
}
