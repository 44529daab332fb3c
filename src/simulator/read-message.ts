// One message, or one document, of a request.
import type {
  AssistantMessage,
  Document,
  DocumentBlock,
  ImageBlock,
  Message,
  SystemMessage,
  TextBlock,
  ThinkingBlock,
  ToolCall,
  ToolMessage,
  UserMessage,
} from './chat-body.ts';
import {
  type Read,
  readFields,
  readInteger,
  readList,
  readObject,
  readString,
  readWord,
  unknownField,
  wrongType,
} from './decode.ts';
import { isArray, isObject, type JsonObject, type JsonValue } from './json.ts';
import { badRequest, undecodable } from './refusal.ts';

export const readMessage: Read<Message> = (value, path) => {
  const role = readObject(value, path).role;
  if (role === undefined) throw badRequest(`invalid request: all elements in ${path} must have a role.`);
  switch (readWord('message role', ['system', 'user', 'assistant', 'tool'])(role, `${path}.role`)) {
    case 'system':
      return readSystemMessage(value, path);
    case 'user':
      return readUserMessage(value, path);
    case 'assistant':
      return readAssistantMessage(value, path);
    case 'tool':
      return readToolMessage(value, path);
  }
};

const readSystemMessage: Read<SystemMessage> = (value, path) => {
  const message = readFields(value, path, ['role', 'content']);
  return { role: 'system', content: message.optional('content', readBlocks({ text: readTextBlock })) ?? [] };
};

const readUserMessage: Read<UserMessage> = (value, path) => {
  const message = readFields(value, path, ['role', 'content']);
  const blocks = readBlocks<TextBlock | ImageBlock>({ text: readTextBlock, image_url: readImageBlock });
  return { role: 'user', content: message.optional('content', blocks) ?? [] };
};

const readAssistantMessage: Read<AssistantMessage> = (value, path) => {
  const message = readFields(value, path, ['role', 'content', 'tool_calls', 'tool_plan', 'citations']);
  const blocks = readBlocks<TextBlock | ThinkingBlock>({ text: readTextBlock, thinking: readThinkingBlock });
  message.optional('citations', readList(readCitation));
  return {
    role: 'assistant',
    // Recorded: `content: null` beside tool calls is taken. Without calls the message is refused as empty.
    content:
      message.optional('content', (content, at) => (content === null ? [] : blocks(content, at))) ?? [],
    toolCalls: message.optional('tool_calls', readList(readToolCall)) ?? [],
    toolPlan: message.optional('tool_plan', readString),
  };
};

const readToolMessage: Read<ToolMessage> = (value, path) => {
  const message = readFields(value, path, ['role', 'content', 'tool_call_id']);
  const blocks = readBlocks<TextBlock | DocumentBlock>({ text: readTextBlock, document: readDocumentBlock });
  return {
    role: 'tool',
    toolCallId: message.optional('tool_call_id', readString),
    content: message.optional('content', blocks) ?? [],
  };
};

const readToolCall: Read<ToolCall> = (value, path) => {
  const call = readFields(value, path, ['id', 'type', 'function']);
  call.required('type', readWord('tool call type', ['function']));
  return {
    id: call.required('id', readString),
    ...call.required('function', (fn, fnPath) => {
      const called = readFields(fn, fnPath, ['name', 'arguments']);
      return {
        name: called.required('name', readString),
        arguments: called.required('arguments', readString),
      };
    }),
  };
};

/** A citation given back in the history has no effect; it must only have the right shape. */
const readCitation: Read<void> = (value, path) => {
  const citation = readFields(value, path, ['start', 'end', 'text', 'sources', 'content_index', 'type']);
  citation.optional('start', readInteger);
  citation.optional('end', readInteger);
  citation.optional('text', readString);
  citation.optional('content_index', readInteger);
  citation.optional('type', readWord('citation type', ['TEXT_CONTENT', 'THINKING_CONTENT', 'PLAN']));
  citation.optional('sources', readList(readSource));
};

const readSource: Read<void> = (value, path) => {
  const isTool = readObject(value, path).type === 'tool';
  const source = readFields(value, path, ['type', 'id', isTool ? 'tool_output' : 'document']);
  source.required('type', readWord('source type', ['tool', 'document']));
  source.optional('id', readString);
  source.optional(isTool ? 'tool_output' : 'document', readObject);
};

type BlockReaders<Block extends { readonly type: string }> = {
  readonly [Type in Block['type']]: Read<Extract<Block, { readonly type: Type }>>;
};

/** A string is one text block; an empty one is no block at all, so that "empty" has one form. */
function readBlocks<Block extends { readonly type: string }>(
  readers: BlockReaders<Block> & { readonly text: Read<TextBlock> },
): Read<readonly (Block | TextBlock)[]> {
  const known = new Map<string, Read<Block | TextBlock>>(Object.entries(readers));
  return (value, path) => {
    if (typeof value === 'string') return value === '' ? [] : [{ type: 'text', text: value }];
    if (!isArray(value)) throw wrongType(value, path, 'string');
    return value.map(block => {
      const type = readObject(block, path).type;
      const read = typeof type === 'string' ? known.get(type) : undefined;
      if (!read) throw undecodable(422, 'unrecognized content type');
      return read(block, path);
    });
  };
}

const readTextBlock: Read<TextBlock> = (value, path) => ({
  type: 'text',
  text: readFields(value, path, ['type', 'text']).required('text', readString),
});

const readThinkingBlock: Read<ThinkingBlock> = (value, path) => ({
  type: 'thinking',
  thinking: readFields(value, path, ['type', 'thinking']).required('thinking', readString),
});

const readImageBlock: Read<ImageBlock> = (value, path) =>
  readFields(value, path, ['type', 'image_url']).required('image_url', (image, imagePath) => {
    const fields = readFields(image, imagePath, ['url', 'detail']);
    return {
      type: 'image_url',
      url: fields.required('url', readString),
      detail: fields.optional('detail', readWord('image detail', ['auto', 'low', 'high'])) ?? 'auto',
    };
  });

const readDocumentBlock: Read<DocumentBlock> = (value, path) => ({
  type: 'document',
  document: readFields(value, path, ['type', 'document']).required('document', readDocument),
});

export const readDocument: Read<Document> = (value, path) => {
  if (typeof value === 'string') return { data: contentOf(value), id: undefined };
  const document = readObject(value, path);
  // Recorded: v1's `{text: …}` is not an unknown field but a document without data, refused as empty.
  if (document.data === undefined) return { data: {}, id: undefined };
  for (const key of Object.keys(document)) if (key !== 'data' && key !== 'id') throw unknownField(key);
  return {
    data: readData(document.data, `${path}.data`),
    id: document.id === undefined ? undefined : readString(document.id, `${path}.id`),
  };
};

function readData(value: JsonValue, path: string): JsonObject {
  if (typeof value === 'string') return contentOf(value);
  if (!isObject(value)) throw wrongType(value, path, 'object');
  return value;
}

function contentOf(text: string): JsonObject {
  return text === '' ? {} : { content: text };
}
