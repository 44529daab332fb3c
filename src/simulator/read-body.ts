// JSON → ChatBody. Only what Cohere's decoder refuses is refused here; rules of content are in `check-*.ts`.
import type { ChatBody, CitationMode, ResponseFormat, ThinkingOptions, Tool } from './chat-body.ts';
import {
  type Read,
  readBoolean,
  readFields,
  readInteger,
  readList,
  readNumber,
  readObject,
  readString,
  readWord,
  wrongType,
} from './decode.ts';
import type { JsonValue } from './json.ts';
import { readDocument, readMessage } from './read-message.ts';
import { badRequest } from './refusal.ts';

/** The whole list. The fields of v1 (`message`, `chat_history`, `preamble` …) are simply not on it. */
const fields = [
  'model',
  'messages',
  'stream',
  'tools',
  'strict_tools',
  'tool_choice',
  'documents',
  'citation_options',
  'response_format',
  'safety_mode',
  'max_tokens',
  'stop_sequences',
  'temperature',
  'seed',
  'frequency_penalty',
  'presence_penalty',
  'k',
  'p',
  'logprobs',
  'thinking',
  'priority',
];

export function readChatBody(value: JsonValue): ChatBody {
  const body = readFields(value, '', fields);
  const citationOptions = body.optional('citation_options', readCitationOptions);
  return {
    model: body.required('model', readString),
    messages: body.required('messages', readList(readMessage)),
    stream: body.optional('stream', readBoolean) ?? false,
    tools: body.optional('tools', readList(readTool)),
    strictTools: body.optional('strict_tools', readBoolean) ?? false,
    toolChoice: body.optional('tool_choice', readWord('tool choice option', ['REQUIRED', 'NONE'])),
    documents: body.optional('documents', readList(readDocument)),
    citationMode: citationOptions?.mode,
    hasCitationOptions: citationOptions !== undefined,
    responseFormat: body.optional('response_format', readResponseFormat),
    safetyMode: body.optional('safety_mode', readWord('safety mode', ['CONTEXTUAL', 'STRICT', 'OFF'])),
    maxTokens: body.optional('max_tokens', readInteger),
    stopSequences: body.optional('stop_sequences', readList(readString)) ?? [],
    temperature: body.optional('temperature', readNumber),
    seed: body.optional('seed', readSeed),
    frequencyPenalty: body.optional('frequency_penalty', readNumber),
    presencePenalty: body.optional('presence_penalty', readNumber),
    k: body.optional('k', readInteger),
    p: body.optional('p', readNumber),
    logprobs: body.optional('logprobs', readBoolean) ?? false,
    thinking: body.optional('thinking', readThinking),
    priority: body.optional('priority', readInteger),
  };
}

const readTool: Read<Tool> = (value, path) => {
  const tool = readFields(value, path, ['type', 'function']);
  tool.required('type', readWord('tool type', ['function']));
  return tool.required('function', (fn, fnPath) => {
    const definition = readFields(fn, fnPath, ['name', 'description', 'parameters']);
    return {
      name: definition.required('name', readString),
      description: definition.optional('description', readString) ?? '',
      parameters: definition.required('parameters', readObject),
    };
  });
};

const readResponseFormat: Read<ResponseFormat> = (value, path) => {
  const format = readFields(value, path, ['type', 'json_schema', 'schema']);
  const type = format.required(
    'type',
    readWord<ResponseFormat['type']>('response format type', ['text', 'json_object']),
  );
  const named = format.optional('json_schema', readObject);
  // Recorded in 2025: the key `schema` is taken as well.
  const short = format.optional('schema', readObject);
  if (named && short) throw badRequest('invalid request: cannot specify both json_schema and schema.');
  return { type, schema: named ?? short };
};

const readThinking: Read<ThinkingOptions> = (value, path) => {
  const thinking = readFields(value, path, ['type', 'token_budget']);
  return {
    type: thinking.required('type', readWord('thinking type', ['enabled', 'disabled'])),
    tokenBudget: thinking.optional('token_budget', readInteger),
  };
};

const citationModes: readonly CitationMode[] = ['ENABLED', 'DISABLED', 'FAST', 'ACCURATE', 'OFF'];

const readCitationOptions: Read<{ readonly mode: CitationMode | undefined }> = (value, path) => {
  const options = readFields(value, path, ['mode']);
  // The OpenAPI file has capitals, the documentation's samples lower case; a mixture is in neither.
  const mode = options.optional('mode', readString);
  if (mode === undefined) return { mode };
  const word = citationModes.find(known => known === mode || known.toLowerCase() === mode);
  return { mode: word ?? readWord('citation mode', citationModes)(mode, `${path}.mode`) };
};

/** uint64: beyond JavaScript's exact integers, but the range can still be told. */
const readSeed: Read<number> = (value, path) => {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value >= 2 ** 64) {
    throw wrongType(value, path, 'uint64');
  }
  return value;
};
