// A recorded exchange (schema: the reference folder's README) → the request as we know it, and what Cohere counted.
// Recorders sort keys, leave fields out and keep nulls; whatever cannot be read is said, never passed over.
import type {
  CohereChatOptions,
  CohereDocumentBlock,
  CohereImageBlock,
  CohereMessage,
  CohereTextBlock,
  CohereThinkingBlock,
  CohereTool,
  CohereToolCall,
} from '../../src/cohere/wire.ts';
import type { JsonObject, JsonValue } from '../../src/conversation/message.ts';

export interface Measured {
  readonly model: string;
  readonly options: CohereChatOptions;
  readonly messages: readonly CohereMessage[];
  readonly inputTokens: number;
  readonly imageTokens: number | undefined;
  /** The recorder sorted the keys: the tools' schemas are not in the order in which Cohere read them. */
  readonly keysSorted: boolean;
}

/** The reason in place of the exchange, where there is nothing to compare. */
export type ReadRecording = { readonly measured: Measured } | { readonly skipped: string };

export function readRecording(recording: JsonValue | undefined): ReadRecording {
  if (!isJsonObject(recording)) return { skipped: 'not a recording' };
  const request = objectOf(recording.request);
  const response = objectOf(recording.response);
  const body = request.body;
  if (!isJsonObject(body)) return { skipped: 'no request body' };
  if (!Array.isArray(body.messages)) return { skipped: 'not a chat' };
  const tokens = usageTokens(response);
  if (typeof tokens?.input_tokens !== 'number') return { skipped: 'no usage' };
  const model = body.model ?? recording.model;
  if (typeof model !== 'string') return { skipped: 'no model' };
  const messages = body.messages.map(readMessage);
  const broken = messages.indexOf(undefined);
  if (broken !== -1) return { skipped: `message ${broken} is of no known kind` };
  return {
    measured: {
      model,
      options: readOptions(model, body),
      messages: messages.filter(message => message !== undefined),
      inputTokens: tokens.input_tokens,
      imageTokens: typeof tokens.image_tokens === 'number' ? tokens.image_tokens : undefined,
      keysSorted: /key order\b.* not\b/.test(String(objectOf(recording.provenance).fidelity)),
    },
  };
}

function usageTokens({ body, sse }: JsonObject): JsonObject | undefined {
  if (isJsonObject(body)) return optionalObject(objectOf(body.usage).tokens);
  if (typeof sse !== 'string') return undefined;
  let tokens: JsonObject | undefined;
  for (const line of sse.split('\n')) {
    if (!line.startsWith('data:')) continue;
    const event = parse(line.slice(5));
    if (!isJsonObject(event)) continue;
    tokens = optionalObject(objectOf(objectOf(event.delta).usage).tokens) ?? tokens;
  }
  return tokens;
}

function readOptions(model: string, body: JsonObject): CohereChatOptions {
  const options: CohereChatOptions = { model, stream: body.stream === true };
  const tools = listOf(body.tools).flatMap(readTool);
  if (tools.length > 0) options.tools = tools;
  if (body.tool_choice === 'REQUIRED' || body.tool_choice === 'NONE') options.tool_choice = body.tool_choice;
  if (Array.isArray(body.documents) && body.documents.length > 0) options.documents = body.documents;
  if (isJsonObject(body.citation_options)) options.citation_options = body.citation_options;
  if (typeof body.safety_mode === 'string') options.safety_mode = body.safety_mode;
  const format = objectOf(body.response_format);
  if (format.type === 'json_object') {
    // `schema` is another name of it, seen in recordings.
    const json_schema = optionalObject(format.json_schema ?? format.schema);
    options.response_format = { type: 'json_object', ...(json_schema ? { json_schema } : {}) };
  }
  const thinking = objectOf(body.thinking).type;
  if (thinking === 'enabled' || thinking === 'disabled') options.thinking = { type: thinking };
  return options;
}

function readTool(tool: JsonValue): CohereTool[] {
  const { name, description, parameters } = objectOf(objectOf(tool).function);
  if (typeof name !== 'string') return [];
  const described = typeof description === 'string' ? { description } : {};
  return [{ type: 'function', function: { name, ...described, parameters: objectOf(parameters) } }];
}

function readMessage(message: JsonValue): CohereMessage | undefined {
  const { role, content, tool_plan, tool_calls, tool_call_id, citations } = objectOf(message);
  switch (role) {
    case 'system':
      return { role, content: blocks(content, readText) };
    case 'user':
      return { role, content: blocks(content, block => readText(block) ?? readImage(block)) };
    case 'assistant': {
      const calls = listOf(tool_calls).map(readCall);
      return {
        role,
        ...(content ? { content: blocks(content, block => readText(block) ?? readThinking(block)) } : {}),
        ...(typeof tool_plan === 'string' && tool_plan !== '' ? { tool_plan } : {}),
        ...(calls.length > 0 ? { tool_calls: calls } : {}),
        ...(Array.isArray(citations) ? { citations: citations.filter(isJsonObject) } : {}),
      };
    }
    case 'tool':
      return {
        role,
        tool_call_id: String(tool_call_id),
        content: blocks(content, block => readText(block) ?? readDocument(block)),
      };
    default:
      return undefined;
  }
}

function blocks<Block>(
  content: JsonValue | undefined,
  read: (block: JsonObject) => Block | undefined,
): string | Block[] {
  if (typeof content === 'string') return content;
  return listOf(content)
    .map(block => read(objectOf(block)))
    .filter(block => block !== undefined);
}

function readText({ type, text }: JsonObject): CohereTextBlock | undefined {
  return type === 'text' && typeof text === 'string' ? { type, text } : undefined;
}

function readThinking({ type, thinking }: JsonObject): CohereThinkingBlock | undefined {
  return type === 'thinking' && typeof thinking === 'string' ? { type, thinking } : undefined;
}

function readImage({ type, image_url }: JsonObject): CohereImageBlock | undefined {
  if (type !== 'image_url') return undefined;
  const { url, detail } = isJsonObject(image_url) ? image_url : { url: image_url, detail: undefined };
  if (typeof url !== 'string') return undefined;
  if (detail !== 'auto' && detail !== 'low' && detail !== 'high') return { type, image_url: { url } };
  return { type, image_url: { url, detail } };
}

function readDocument({ type, document }: JsonObject): CohereDocumentBlock | undefined {
  if (type !== 'document') return undefined;
  const data = isJsonObject(document) ? document.data : document;
  return typeof data === 'string' || isJsonObject(data) ? { type, document: { data } } : undefined;
}

function readCall(call: JsonValue): CohereToolCall {
  const { id, function: called } = objectOf(call);
  const { name, arguments: json } = objectOf(called);
  return {
    id: String(id),
    type: 'function',
    function: { name: String(name), arguments: typeof json === 'string' ? json : JSON.stringify(json ?? {}) },
  };
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

function optionalObject(value: JsonValue | undefined): JsonObject | undefined {
  return isJsonObject(value) ? value : undefined;
}

// An array is no JsonObject, but `Array.isArray` does not say so of a read-only one.
function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse(json: string): JsonValue | undefined {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
