// How much of everything a request brings, looked at before anything walks through it: a schema would name the problem of
// every element.
import { ProxyError } from '../conversation/errors.ts';

export interface SizeLimits {
  readonly messagesPerRequest: number;
  readonly toolsPerRequest: number;
  readonly documentsPerRequest: number;
  /** Content parts and tool calls in all messages. */
  readonly partsPerRequest: number;
  /** Of an object, and items of a list that has no limit of its own. */
  readonly keysPerObject: number;
  /** Of `tools`, of `documents`, of whatever else is no message. */
  readonly definitionBytes: number;
}

type Fields = Readonly<Record<string, unknown>>;

/** @param known the fields that are read; what else there is has no effect. @throws ProxyError 400, 413 */
export function checkSize(body: object, known: ReadonlySet<string>, limits: SizeLimits): void {
  const fields = body as Fields;
  checkKeys(fields, '', limits);
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value !== 'object' || value === null) continue;
    if (name === 'message' || !known.has(name)) continue;
    if (Array.isArray(value)) checkLength(value, name, limits);
    else checkKeys(value as Fields, name, limits);
    if (name !== 'messages') checkWeight(value, name, limits);
  }
  const { allowed_tools: allowed } = Object(fields.tool_choice) as Fields;
  const { tools } = Object(allowed) as Fields;
  if (Array.isArray(tools)) checkLength(tools, 'tool_choice.allowed_tools.tools', limits);
  checkParts(fields, limits);
}

const limitOf: Readonly<Record<string, keyof SizeLimits>> = {
  messages: 'messagesPerRequest',
  tools: 'toolsPerRequest',
  functions: 'toolsPerRequest',
  'tool_choice.allowed_tools.tools': 'toolsPerRequest',
  documents: 'documentsPerRequest',
};

function checkLength(list: readonly unknown[], name: string, limits: SizeLimits): void {
  const max = limits[limitOf[name] ?? 'keysPerObject'];
  if (list.length <= max) return;
  throw new ProxyError('array_above_max_length', `Invalid '${name}': more than ${max} in one request.`, {
    param: name,
  });
}

function checkKeys(fields: Fields, name: string, { keysPerObject: max }: SizeLimits): void {
  if (Object.keys(fields).length <= max) return;
  throw new ProxyError(
    'object_above_max_properties',
    `${name === '' ? 'The request body' : `'${name}'`} has more than ${max} keys.`,
    name === '' ? {} : { param: name },
  );
}

function checkWeight(value: object, name: string, { definitionBytes: max }: SizeLimits): void {
  if (!isHeavierThan(value, max)) return;
  throw new ProxyError('request_too_large', `Invalid '${name}': more than ${max} bytes of it.`, {
    param: name,
  });
}

/** About as many bytes as it has as JSON; stops once there are too many. */
function isHeavierThan(value: object, max: number): boolean {
  let bytes = 0;
  const waiting: unknown[] = [value];
  while (waiting.length > 0 && bytes <= max) {
    const next = waiting.pop();
    bytes += 1;
    if (typeof next === 'string') bytes += next.length;
    else if (Array.isArray(next)) for (const item of next) waiting.push(item);
    else if (typeof next === 'object' && next !== null) {
      for (const [key, inner] of Object.entries(next)) {
        bytes += key.length;
        waiting.push(inner);
      }
    }
  }
  return bytes > max;
}

/** Also of the one `message`. */
function checkParts({ messages, message }: Fields, { partsPerRequest: max }: SizeLimits): void {
  let parts = 0;
  for (const one of Array.isArray(messages) ? messages : [message]) {
    const { content = one, tool_calls, reasoning_details } = Object(one) as Fields;
    for (const list of [content, tool_calls, reasoning_details])
      if (Array.isArray(list)) parts += list.length;
  }
  if (parts <= max) return;
  throw new ProxyError(
    'array_above_max_length',
    `More than ${max} content parts and tool calls in one request.`,
    {
      param: Array.isArray(messages) ? 'messages' : 'message',
    },
  );
}
