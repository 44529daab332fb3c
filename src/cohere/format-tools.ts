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

// What a live probe saw refused with strict_tools; everything else it knows was taken.
const refusedKeywords = new Set([
  'pattern',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'multipleOf',
  'minItems',
  'minProperties',
  'oneOf',
  'allOf',
  'not',
  'const',
]);
const maxStrictProperties = 200;

/** Each object needs a required property, at most 200 properties over all tools, and no refused keyword. */
export function fitStrictTools(tools: readonly Tool[]): boolean {
  let properties = 0;
  const fits = (schema: JsonValue | undefined): boolean => {
    if (typeof schema !== 'object' || schema === null) return true;
    if (isList(schema)) return schema.every(fits);
    for (const key of Object.keys(schema)) if (refusedKeywords.has(key)) return false;
    if (schema.type === 'object' || schema.properties !== undefined) {
      const { required, properties: own = {} } = schema;
      if (!isList(required) || required.length === 0) return false;
      if (typeof own !== 'object' || own === null || isList(own)) return false;
      const values = Object.values(own);
      properties += values.length;
      if (!values.every(fits)) return false;
    }
    return fits(schema.items) && fits(schema.anyOf) && fits(schema.$defs && Object.values(schema.$defs));
  };
  return (
    tools.every(tool => fits(asObjectSchema(tool.parameters ?? noParameters))) &&
    properties <= maxStrictProperties
  );
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}
