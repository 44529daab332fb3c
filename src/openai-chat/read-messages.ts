// OpenAI's messages → ours. Lenient where clients are known to differ (null and empty contents, extra keys, legacy
// roles); a 400 with the exact path where a part would have to be left out and the answer would change.
import { ProxyError } from '../conversation/errors.ts';
import type {
  AssistantMessage,
  DocumentPart,
  ImagePart,
  JsonObject,
  Message,
  ReasoningPart,
  TextPart,
  ToolCall,
} from '../conversation/message.ts';
import { readReasoning } from './read-reasoning.ts';

type Fields = Readonly<Record<string, unknown>>;

export function readMessages(messages: readonly unknown[]): Message[] {
  // Legacy `function_call`s have no id: the result that follows is tied to its call by position.
  let legacyCalls = 0;
  return messages.map((message, index): Message => {
    const path = `messages[${index}]`;
    const fields = readFields(message, path);
    switch (fields.role) {
      case 'system':
      case 'developer':
        return { role: 'system', content: readTextContent(fields.content, path) };
      case 'user':
        return { role: 'user', content: readUserContent(fields.content, path) };
      case 'assistant': {
        const legacyCall = fields.function_call;
        if (legacyCall === undefined || legacyCall === null) return readAssistant(fields, path);
        legacyCalls += 1;
        const call = { id: `function_${legacyCalls}`, type: 'function', function: legacyCall };
        return readAssistant({ ...fields, tool_calls: [call] }, path);
      }
      case 'tool':
        return {
          role: 'tool',
          toolCallId: readString(fields.tool_call_id, `${path}.tool_call_id`),
          content: readToolContent(fields.content, path),
        };
      case 'function':
        return {
          role: 'tool',
          toolCallId: `function_${legacyCalls}`,
          content: readTextContent(fields.content, path),
        };
      default:
        throw new ProxyError(
          'invalid_value',
          `Invalid value for '${path}.role'. Supported values are: 'system', 'developer', 'user', 'assistant', 'tool' and 'function'.`,
          { param: `${path}.role` },
        );
    }
  });
}

function readAssistant(fields: Fields, path: string): AssistantMessage {
  const parts: (TextPart | ReasoningPart)[] = [];
  const { text: reasoning, carried } = readReasoning(fields);
  if (reasoning !== '') parts.push({ type: 'reasoning', text: reasoning });
  const { content } = fields;
  if (typeof content === 'string') {
    if (content !== '') parts.push({ type: 'text', text: content });
  } else if (content !== null && content !== undefined) {
    for (const [index, part] of readParts(content, path)) {
      const { type } = part;
      // The Agents SDK puts the whole message's keys into its text part again: only the text counts.
      if (type === 'text')
        parts.push({ type: 'text', text: readString(part.text, `${path}.content[${index}].text`) });
      else if (type === 'refusal') {
        parts.push({ type: 'text', text: readString(part.refusal, `${path}.content[${index}].refusal`) });
      } else throw unsupportedPart(type, `${path}.content[${index}]`);
    }
  }
  const toolCalls = readToolCalls(fields.tool_calls, path);
  const [first] = parts;
  return {
    role: 'assistant',
    ...(parts.length === 0
      ? {}
      : { content: parts.length === 1 && first?.type === 'text' ? first.text : parts }),
    ...(toolCalls.length > 0 ? { toolCalls } : {}),
    ...(carried === undefined ? {} : { carried }),
  };
}

function readToolCalls(value: unknown, path: string): ToolCall[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw wrongType(`${path}.tool_calls`, 'an array');
  return value.map((item: unknown, index): ToolCall => {
    const callPath = `${path}.tool_calls[${index}]`;
    const call = readFields(item, callPath);
    if (call.type !== undefined && call.type !== 'function') {
      throw new ProxyError(
        'unsupported_value',
        "Only tool calls of type 'function' have a counterpart at Cohere.",
        {
          param: `${callPath}.type`,
        },
      );
    }
    const called = readFields(call.function, `${callPath}.function`);
    const text = called.arguments;
    return {
      id: readString(call.id, `${callPath}.id`),
      name: readString(called.name, `${callPath}.function.name`),
      // Some clients send the parsed object.
      arguments: typeof text === 'string' ? text : JSON.stringify(text ?? {}),
    };
  });
}

function readUserContent(content: unknown, path: string): string | (TextPart | ImagePart)[] {
  if (typeof content === 'string') return content;
  if (content === null || content === undefined) return '';
  return readParts(content, path).map(([index, part]) => {
    const partPath = `${path}.content[${index}]`;
    if (part.type === 'text') return { type: 'text', text: readString(part.text, `${partPath}.text`) };
    if (part.type === 'image_url') return readImage(part.image_url, `${partPath}.image_url`);
    throw unsupportedPart(part.type, partPath);
  });
}

const imageUrl = /^(?:https?:\/\/|data:image\/(?:png|jpeg|jpg|webp|gif);base64,)/i;

function readImage(value: unknown, path: string): ImagePart {
  const image = typeof value === 'string' ? { url: value } : readFields(value, path);
  const url = readString(image.url, `${path}.url`);
  if (!imageUrl.test(url)) {
    throw new ProxyError(
      'invalid_value',
      'An image must be an http(s) URL or a base64 data URL of PNG, JPEG, WEBP or GIF.',
      {
        param: `${path}.url`,
      },
    );
  }
  const { detail } = image as Fields;
  return {
    type: 'image',
    url,
    ...(detail === 'auto' || detail === 'low' || detail === 'high' ? { detail } : {}),
  };
}

function readToolContent(content: unknown, path: string): string | (TextPart | DocumentPart)[] {
  if (typeof content === 'string') return content;
  if (content === null || content === undefined) return '';
  return readParts(content, path).map(([index, part]) => {
    const partPath = `${path}.content[${index}]`;
    if (part.type === 'text') return { type: 'text', text: readString(part.text, `${partPath}.text`) };
    // Cohere's own form of a tool result, which can be cited by its own id.
    if (part.type === 'document') return readDocument(part.document, `${partPath}.document`);
    throw unsupportedPart(part.type, partPath);
  });
}

function readDocument(value: unknown, path: string): DocumentPart {
  const { data, id } = readFields(value, path);
  const isData =
    typeof data === 'string' || (typeof data === 'object' && data !== null && !Array.isArray(data));
  if (!isData) throw wrongType(`${path}.data`, 'a string or an object');
  return { type: 'document', data: data as string | JsonObject, ...(typeof id === 'string' ? { id } : {}) };
}

/** Text parts stay parts: where they are cut says something to some clients' templates. */
function readTextContent(content: unknown, path: string): string | TextPart[] {
  if (typeof content === 'string') return content;
  if (content === null || content === undefined) return '';
  return readParts(content, path).map(([index, part]) => {
    if (part.type !== 'text') throw unsupportedPart(part.type, `${path}.content[${index}]`);
    return { type: 'text', text: readString(part.text, `${path}.content[${index}].text`) };
  });
}

function readParts(content: unknown, path: string): [number, Fields][] {
  if (!Array.isArray(content)) throw wrongType(`${path}.content`, 'a string or an array of parts');
  return content.map((part: unknown, index) => [index, readFields(part, `${path}.content[${index}]`)]);
}

function readFields(value: unknown, path: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongType(path, 'an object');
  return value as Fields;
}

function readString(value: unknown, path: string): string {
  if (typeof value !== 'string') throw wrongType(path, 'a string');
  return value;
}

function wrongType(path: string, expected: string): ProxyError {
  return new ProxyError('invalid_type', `Invalid type for '${path}': expected ${expected}.`, { param: path });
}

function unsupportedPart(type: unknown, path: string): ProxyError {
  const name = typeof type === 'string' ? `'${type.slice(0, 40)}'` : 'without a type';
  return new ProxyError('unsupported_value', `Content parts ${name} have no counterpart at Cohere.`, {
    param: `${path}.type`,
  });
}
