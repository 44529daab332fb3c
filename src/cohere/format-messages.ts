// Our messages → Cohere's. Every rule here is one that Cohere answers with a 400 or 422 when it is broken.
import { isShownImage } from '../conversation/image-url.ts';
import type {
  AssistantMessage,
  Citation,
  DocumentPart,
  ImagePart,
  Message,
  TextPart,
  ToolCall,
  ToolMessage,
} from '../conversation/message.ts';
import { renameSources } from '../conversation/native-call-ids.ts';
import { isObjectText } from '../conversation/written-json.ts';
import type { Slices } from '../streams/slices.ts';
import type {
  CohereCitation,
  CohereMessage,
  CohereTextBlock,
  CohereThinkingBlock,
  CohereToolCall,
} from './wire.ts';

/** In which form a model takes an assistant's turn. */
export interface MessageForm {
  /** Text beside calls goes into `tool_plan`; newer models refuse the field. */
  readonly toolPlan: boolean;
  /** Thinking blocks are taken; other models refuse them. */
  readonly thinking: boolean;
  readonly citations: boolean;
  /** Elsewhere a remark stands in an image's place: one screenshot must not end an agent's conversation. */
  readonly images: boolean;
}

export interface FormatOptions {
  readonly form: MessageForm;
  /** The name under which Cohere knows a tool. Default: as it is. */
  readonly toolName?: (name: string) => string;
  /** Cohere's own id of a call, by the client's. Default: as it is. */
  readonly callId?: (id: string) => string;
}

// An empty tool result is refused by Cohere ("must have non-empty content"); clients do send them.
const emptyResult = '(empty)';
const noImage = '[An image was left out here: this model does not take images.]';
const unknownImage = '[An image was left out here: it is no PNG, JPEG, WEBP or GIF.]';

/**
 * Formats a conversation for Cohere's `POST /v2/chat`. The messages must be in a legal order already
 * (`repairTranscript`). Messages without anything to say are left out, since Cohere refuses them.
 */
export function formatMessagesForCohereChat(
  messages: readonly Message[],
  options: FormatOptions,
): CohereMessage[] {
  return messages.flatMap(message => formatMessage(message, options));
}

/** One message; more than one where text has to stand before the calls that it came with, none where it is empty. */
export function formatMessage(message: Message, options: FormatOptions): CohereMessage[] {
  switch (message.role) {
    case 'system': {
      const content = withoutEmptyText(message.content);
      return content.length === 0 ? [] : [{ role: 'system', content }];
    }
    case 'user': {
      if (typeof message.content === 'string') {
        return message.content === '' ? [] : [{ role: 'user', content: message.content }];
      }
      const content = message.content
        .filter(part => part.type === 'image' || part.text !== '')
        .map(part => {
          if (part.type === 'text') return part;
          const { url, detail } = part;
          if (!options.form.images) return textBlock(noImage);
          if (!isShownImage(url)) return textBlock(unknownImage);
          return { type: 'image_url' as const, image_url: { url, ...(detail ? { detail } : {}) } };
        });
      return content.length === 0 ? [] : [{ role: 'user', content }];
    }
    case 'assistant':
      return formatAssistant(message, options);
    case 'tool':
      return [formatToolResult(message, options)];
    default:
      return message satisfies never;
  }
}

function formatAssistant(message: AssistantMessage, options: FormatOptions): CohereMessage[] {
  const { form } = options;
  const texts: CohereTextBlock[] = [];
  const blocks: (CohereTextBlock | CohereThinkingBlock)[] = [];
  const parts = typeof message.content === 'string' ? [textBlock(message.content)] : (message.content ?? []);
  let leftOut = false;
  for (const part of parts) {
    if (part.text === '') leftOut = true;
    else if (part.type === 'text') {
      texts.push(part);
      blocks.push(part);
    } else if (form.thinking) blocks.push({ type: 'thinking', thinking: part.text });
    else leftOut = true;
  }
  // A citation points into a block by its index: once a block is left out the numbers would lie.
  const citations =
    form.citations && !leftOut
      ? (message.citations ?? []).map(citation => formatCitation(citation, options))
      : [];

  if (!message.toolCalls?.length) {
    // Thinking alone is nothing that was said.
    if (texts.length === 0) return [];
    return [{ role: 'assistant', content: plain(blocks), ...(citations.length > 0 ? { citations } : {}) }];
  }

  const tool_calls = message.toolCalls.map(call => formatToolCall(call, options));
  const spoken = [message.toolPlan ?? '', ...texts.map(block => block.text)]
    .filter(text => text !== '')
    .join('\n\n');
  if (form.toolPlan) {
    return [{ role: 'assistant', ...(spoken === '' ? {} : { tool_plan: spoken }), tool_calls }];
  }
  // No text may stand beside calls, and these models refuse `tool_plan`: a turn of its own just before.
  const thinking = blocks.filter(block => block.type === 'thinking');
  const calls: CohereMessage = {
    role: 'assistant',
    ...(thinking.length > 0 ? { content: thinking } : {}),
    tool_calls,
  };
  return spoken === '' ? [calls] : [{ role: 'assistant', content: spoken }, calls];
}

function formatToolCall(call: ToolCall, { toolName, callId }: FormatOptions): CohereToolCall {
  return {
    id: callId?.(call.id) ?? call.id,
    type: 'function',
    function: { name: toolName?.(call.name) ?? call.name, arguments: objectText(call) },
  };
}

/** Cohere takes only the text of a JSON object; models and clients also write ``, `null` and broken JSON. */
function objectText(call: ToolCall): string {
  const { arguments: text } = call;
  const isObject = text.length < longArguments ? isObjectText(text) : isLongObject(call);
  return isObject ? text : '{}';
}

/** Shorter ones take no time, however many there are. */
const longArguments = 256;
const longObjects = new WeakMap<ToolCall, boolean>();

/** One message may hold megabytes of them: each is looked through once. */
function isLongObject(call: ToolCall): boolean {
  let isObject = longObjects.get(call);
  if (isObject === undefined) {
    isObject = isObjectText(call.arguments);
    longObjects.set(call, isObject);
  }
  return isObject;
}

/** Characters that are looked through before others have their turn. */
const sliceLength = 256 * 1024;

/** Looks through the arguments of a message's calls: afterwards `formatMessage` has little to do. */
export function* lookThroughArguments(message: Message): Slices<void> {
  if (message.role !== 'assistant') return;
  let looked = 0;
  for (const call of message.toolCalls ?? []) {
    objectText(call);
    looked += call.arguments.length;
    if (looked < sliceLength) continue;
    looked = 0;
    yield;
  }
}

function formatToolResult(message: ToolMessage, { callId }: FormatOptions): CohereMessage {
  const tool_call_id = callId?.(message.toolCallId) ?? message.toolCallId;
  if (typeof message.content === 'string') {
    return { role: 'tool', tool_call_id, content: message.content === '' ? emptyResult : message.content };
  }
  const content = message.content
    .filter(part => !isEmpty(part))
    .map(part => {
      if (part.type === 'text') return part;
      // One that is to be seen stands in a message of the user's by now.
      if (part.type === 'image') return textBlock(noImage);
      const { data, id } = part;
      return { type: 'document' as const, document: { data, ...(id === undefined ? {} : { id }) } };
    });
  return { role: 'tool', tool_call_id, content: content.length === 0 ? emptyResult : content };
}

function isEmpty(part: TextPart | ImagePart | DocumentPart): boolean {
  if (part.type === 'text') return part.text === '';
  if (part.type === 'image') return false;
  return part.data === '' || Object.keys(part.data).length === 0;
}

function formatCitation(citation: Citation, { callId }: FormatOptions): CohereCitation {
  const { start, end, text, type, contentIndex } = citation;
  const { sources } = callId ? renameSources(citation, callId) : citation;
  return {
    start,
    end,
    text,
    sources,
    ...(contentIndex === undefined ? {} : { content_index: contentIndex }),
    ...(type === undefined ? {} : { type }),
  };
}

function withoutEmptyText(content: string | readonly CohereTextBlock[]): string | readonly CohereTextBlock[] {
  return typeof content === 'string' ? content : content.filter(part => part.text !== '');
}

function textBlock(text: string): CohereTextBlock {
  return { type: 'text', text };
}

function plain(blocks: readonly (CohereTextBlock | CohereThinkingBlock)[]) {
  const [first] = blocks;
  return blocks.length === 1 && first?.type === 'text' ? first.text : blocks;
}
