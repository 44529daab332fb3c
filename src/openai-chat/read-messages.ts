// OpenAI's messages → ours. Whatever a client holds of a conversation it sends again with every turn, so that one thing
// that is refused would end the conversation: what is in another form is mended, what has no counterpart gives way to
// a remark, and both are named by their path. Refused is only what the user asks about now and the model cannot have.
import { AdjustmentNotes } from '../conversation/adjustments.ts';
import { ProxyError } from '../conversation/errors.ts';
import { isShownImage } from '../conversation/image-url.ts';
import type {
  AssistantMessage,
  DocumentPart,
  ImagePart,
  Message,
  ReasoningPart,
  TextPart,
} from '../conversation/message.ts';
import { CallReader } from './read-calls.ts';
import { asText, type Fields, isMedia, type ReadPart, readPart } from './read-part.ts';
import { readReasoning } from './read-reasoning.ts';

export function readMessages(messages: readonly unknown[], notes = new AdjustmentNotes()): Message[] {
  return new MessageReader(messages, notes).read();
}

type Role = 'system' | 'user' | 'assistant' | 'tool';

class MessageReader {
  readonly #messages: readonly unknown[];
  readonly #notes: AdjustmentNotes;
  readonly #calls: CallReader;
  /** The place of what the user says now. */
  readonly #asked: number;

  constructor(messages: readonly unknown[], notes: AdjustmentNotes) {
    this.#messages = messages;
    this.#notes = notes;
    this.#calls = new CallReader(notes);
    const last = messages.findLastIndex(message => ['user', 'assistant'].includes(roleOf(message)));
    this.#asked = roleOf(messages[last]) === 'user' ? last : -1;
  }

  read(): Message[] {
    return this.#messages.map((message, index) => this.#readMessage(message, index));
  }

  #readMessage(message: unknown, index: number): Message {
    const path = `messages[${index}]`;
    const fields = readFields(message, path);
    const { role, content } = fields;
    switch (role) {
      case 'system':
      case 'developer':
        return { role: 'system', content: this.#textContent(content, path) };
      case 'user':
        return { role: 'user', content: this.#userContent(content, path, index === this.#asked) };
      case 'assistant':
        return this.#assistant(fields, path);
      case 'tool':
      case 'function': {
        const toolCallId = this.#calls.readResultId(fields, path);
        return { role: 'tool', toolCallId, content: this.#toolContent(content, path) };
      }
      default:
        throw new ProxyError(
          'invalid_value',
          `Invalid value for '${path}.role'. Supported values are: 'system', 'developer', 'user', 'assistant', 'tool' and 'function'.`,
          { param: `${path}.role` },
        );
    }
  }

  #assistant(fields: Fields, path: string): AssistantMessage {
    const { text: reasoning, carried } = readReasoning(fields);
    const parts: (TextPart | ReasoningPart)[] = [];
    if (reasoning !== '') parts.push({ type: 'reasoning', text: reasoning });
    const calls: [Fields, string][] = [];
    const { content } = fields;
    if (typeof content === 'string') {
      if (content !== '') parts.push({ type: 'text', text: content });
    } else {
      for (const [part, partPath] of this.#parts(content, path, 'assistant')) {
        if (part.as === 'text') parts.push({ type: 'text', text: part.text });
        // Where it stands beside the content as well, it is the same.
        else if (part.as === 'reasoning' && reasoning === '' && part.text !== '')
          parts.push({ type: 'reasoning', text: part.text });
        else if (part.as === 'call') calls.push([part.call, partPath]);
        else if (part.as === 'image') parts.push({ type: 'text', text: leftOut('image') });
      }
    }
    const toolCalls = this.#calls.readCalls(fields, path, calls);
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

  #userContent(content: unknown, path: string, isAsked: boolean): string | (TextPart | ImagePart)[] {
    if (isPlainContent(content)) return content ?? '';
    return this.#parts(content, path, 'user', isAsked).flatMap(([part]) => textOrImage(part));
  }

  #toolContent(content: unknown, path: string): string | (TextPart | ImagePart | DocumentPart)[] {
    if (isPlainContent(content)) return content ?? '';
    const parts = this.#parts(content, path, 'tool');
    return parts.flatMap(([part]): (TextPart | ImagePart | DocumentPart)[] =>
      part.as === 'document' ? [part.document] : textOrImage(part),
    );
  }

  /** Text parts stay parts: where they are cut says something to some clients' templates. */
  #textContent(content: unknown, path: string): string | TextPart[] {
    if (isPlainContent(content)) return content ?? '';
    return this.#parts(content, path, 'system').flatMap(([part]) => {
      if (part.as === 'image') return [{ type: 'text' as const, text: leftOut('image') }];
      return textOrImage(part).filter(one => one.type === 'text');
    });
  }

  /** With their paths, and with what had to be done to them noted. */
  #parts(content: unknown, path: string, role: Role, isAsked = false): [ReadPart, string][] {
    if (content === null || content === undefined) return [];
    const isList = Array.isArray(content);
    if (isAsked && !isList && !isPart(content))
      throw wrongType(`${path}.content`, 'a string or an array of parts');
    if (!isList) this.#notes.rewritten.push(`${path}.content`);
    return (isList ? content : [content]).map((value: unknown, index): [ReadPart, string] => {
      const partPath = isList ? `${path}.content[${index}]` : `${path}.content`;
      return [this.#asFits(readPart(value), value, { role, path: partPath, isAsked }), partPath];
    });
  }

  #asFits(
    part: ReadPart,
    value: unknown,
    { role, path, isAsked }: { readonly role: Role; readonly path: string; readonly isAsked: boolean },
  ): ReadPart {
    const { dropped, rewritten } = this.#notes;
    if (part.as === 'reasoning' && role !== 'assistant') {
      rewritten.push(path);
      return { ...part, as: 'text' };
    }
    const isForeign =
      part.as === 'unfit' ||
      (part.as === 'document' && role !== 'tool') ||
      (part.as === 'call' && role !== 'assistant');
    if (isForeign) {
      const type = String((Object(value) as Fields).type ?? '');
      // A tool may say anything.
      if (role === 'tool' && !isMedia(type)) {
        rewritten.push(path);
        return asText(value);
      }
      if (isAsked) throw refusalOf(Object(value) as Fields, path);
      dropped.push(path);
      // In an answer of ours it is something that a client has added: a remark would make it another answer.
      return role === 'assistant'
        ? { as: 'nothing', isPlain: false }
        : { as: 'text', text: leftOut(type), isPlain: false };
    }
    if (part.as === 'nothing') dropped.push(path);
    else if (part.as === 'image' && !(canShow(role) && isShownImage(part.image.url))) dropped.push(path);
    else if (!part.isPlain || (part.as === 'image' && role === 'tool')) rewritten.push(path);
    return part;
  }
}

function isPlainContent(content: unknown): content is string | null | undefined {
  return typeof content === 'string' || content === null || content === undefined;
}

function canShow(role: Role): boolean {
  return role === 'user' || role === 'tool';
}

function textOrImage(part: ReadPart): (TextPart | ImagePart)[] {
  if (part.as === 'text') return [{ type: 'text', text: part.text }];
  return part.as === 'image' ? [part.image] : [];
}

function leftOut(type: string): string {
  const what =
    type === 'image' ? 'An image' : `A part${type === '' ? '' : ` of type '${type.slice(0, 40)}'`}`;
  return `[${what} was left out here.]`;
}

function roleOf(message: unknown): string {
  return String((Object(message) as Fields).role);
}

function readFields(value: unknown, path: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw wrongType(path, 'an object');
}

function isPart(value: unknown): boolean {
  return typeof (Object(value) as Fields).type === 'string';
}

function wrongType(path: string, expected: string): ProxyError {
  return new ProxyError('invalid_type', `Invalid type for '${path}': expected ${expected}.`, { param: path });
}

function refusalOf({ type, image_url: image }: Fields, path: string): ProxyError {
  if (type === 'image_url') {
    const { url } = typeof image === 'string' ? { url: image } : (Object(image) as Fields);
    if (typeof url !== 'string') return wrongType(`${path}.image_url`, 'a URL');
    return new ProxyError(
      'invalid_value',
      'An image must be an http(s) URL or a base64 data URL of an image.',
      {
        param: `${path}.image_url.url`,
      },
    );
  }
  const name = typeof type === 'string' ? `'${type.slice(0, 40)}'` : 'without a type';
  return new ProxyError('unsupported_value', `Content parts ${name} have no counterpart at Cohere.`, {
    param: `${path}.type`,
  });
}
