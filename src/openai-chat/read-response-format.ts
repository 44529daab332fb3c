// `response_format` → ours. Its schema stands where OpenAI has it (`json_schema.schema`), where Cohere has it
// (`json_schema`, also beside `json_object`; `schema` works there too), or where the Responses API has it (`schema`).
import type { ResponseFormat } from '../conversation/chat-request.ts';
import type { JsonObject, JsonValue } from '../conversation/message.ts';
import type { ChatBody } from './wire.ts';

export function readResponseFormat(format: ChatBody['response_format']): ResponseFormat | undefined {
  if (!format || format.type === 'text') return undefined;
  const { json_schema: named, schema: short } = format;
  const schema = (named && (schemaWithin(named) ?? bareSchema(named))) ?? short ?? undefined;
  return { type: 'json', ...(schema ? { schema } : {}) };
}

/** OpenAI's wrapper: a name, and the schema inside. */
function schemaWithin({ schema }: JsonObject): JsonObject | undefined {
  return isObject(schema) ? schema : undefined;
}

/** What only a schema has; a wrapper without one has a name alone. */
const keywords = ['type', 'properties', 'anyOf', 'oneOf', 'allOf', '$ref', 'enum', 'const', 'items', '$defs'];

function bareSchema(value: JsonObject): JsonObject | undefined {
  return keywords.some(keyword => Object.hasOwn(value, keyword)) ? value : undefined;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
