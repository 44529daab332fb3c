// Our tools → Cohere's, and whether Cohere's `strict_tools` can be asked for.
import type { Tool } from '../conversation/chat-request.ts';
import type { JsonObject, JsonValue } from '../conversation/message.ts';
import type { ToolNames } from './tool-names.ts';
import type { CohereTool } from './wire.ts';

const noParameters: JsonObject = { type: 'object', properties: {} };

const kept = new WeakMap<readonly Tool[], readonly CohereTool[]>();

/** The same object for the same tools, except where a name had to give way to another. */
export function formatTools(tools: readonly Tool[], names: ToolNames): readonly CohereTool[] {
  if (!names.isPlain) return format(tools, names);
  const formatted = kept.get(tools) ?? format(tools, names);
  kept.set(tools, formatted);
  return formatted;
}

function format(tools: readonly Tool[], names: ToolNames): CohereTool[] {
  return tools.map(({ name, description, parameters }) => ({
    type: 'function',
    function: {
      name: names.toCohere(name),
      ...(description === undefined ? {} : { description }),
      // A schema without `type: "object"` is not refused in words but ends in "invalid tool generation".
      parameters: parameters === undefined ? noParameters : asObjectSchema(parameters),
    },
  }));
}

/** `$schema` is an unknown field to Cohere; several SDKs send it. */
function asObjectSchema({ $schema: _, ...schema }: JsonObject): JsonObject {
  return schema.type === 'object'
    ? schema
    : { ...schema, type: 'object', properties: schema.properties ?? {} };
}

// What a live probe saw taken with strict_tools. What is not known is not asked for: a refusal would come again with
// every turn.
const allowedKeywords = new Set(
  (
    'type title description default example examples enum format properties required items ' +
    'additionalProperties anyOf uniqueItems exclusiveMinimum'
  ).split(' '),
);
const knownTypes = new Set(['object', 'array', 'string', 'integer', 'number', 'boolean', 'null']);
const maxStrictProperties = 200;

/** Each object needs a required property, at most 200 properties over all tools, and no keyword that is not known. */
export function fitStrictTools(tools: readonly Tool[]): boolean {
  let properties = 0;
  const fits = (schema: JsonValue | undefined): boolean => {
    if (!isObject(schema)) return false;
    if (!Object.keys(schema).every(keyword => allowedKeywords.has(keyword))) return false;
    const { type, items, anyOf, additionalProperties } = schema;
    if (type !== undefined && !(typeof type === 'string' && knownTypes.has(type))) return false;
    if (type === 'object' || schema.properties !== undefined) {
      const { required, properties: own = {} } = schema;
      if (!isObject(own) || !isList(required) || required.length === 0) return false;
      if (!required.every(name => typeof name === 'string' && Object.hasOwn(own, name))) return false;
      const values = Object.values(own);
      properties += values.length;
      if (!values.every(fits)) return false;
    }
    return (
      (items === undefined || fits(items)) &&
      (anyOf === undefined || (isList(anyOf) && anyOf.every(fits))) &&
      (additionalProperties === undefined ||
        typeof additionalProperties === 'boolean' ||
        fits(additionalProperties))
    );
  };
  return (
    tools.every(tool => fits(asObjectSchema(tool.parameters ?? noParameters))) &&
    properties <= maxStrictProperties
  );
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}
