// Requests of the proxy against Cohere's own description of `POST /v2/chat`, made as strict as the service is:
// it refuses unknown fields at every level.
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { brokenRules } from './cohere-rules.ts';
import {
  cutSchemas,
  isObject,
  mapSchema,
  type OpenApiDocument,
  type Schema,
  type Schemas,
} from './openapi-cut.ts';
import { hasReference, referencePath } from './reference.ts';

let validate: ValidateFunction | undefined;

/**
 * What Cohere would refuse of a chat request: by its description and by the rules that are not in it. Without the
 * reference only the rules are checked.
 */
export function cohereComplaints(body: unknown): string[] {
  if (!hasReference) return brokenRules(body);
  validate ??= compile();
  if (!validate(body)) {
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath || '/'} ${message} ${JSON.stringify(params)}`,
    );
  }
  return brokenRules(body);
}

function compile(): ValidateFunction {
  const schemas = cutSchemas(referencePath('cohere-openapi.yaml'), 'v2/chat', document => ({
    ChatRequest: chatRequestSchema(document),
  }));
  const $defs = tagged(
    Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, mapSchema(schema, closed)])),
  );
  return new Ajv2020({ strict: false, allErrors: true, discriminator: true }).compile({
    $ref: '#/$defs/ChatRequest',
    $defs,
  });
}

function chatRequestSchema({ paths }: OpenApiDocument): Schema {
  const operation = paths['/v2/chat']?.post as {
    requestBody: { content: { 'application/json': { schema: Schema } } };
  };
  return operation.requestBody.content['application/json'].schema;
}

/** Objects with named properties take no others; those without (parameters, documents, JSON schemas) take any. */
function closed(schema: Schema): Schema {
  const { properties, additionalProperties = false, ...rest } = schema;
  if (isObject(properties)) return { ...rest, properties, additionalProperties };
  const { oneOf, discriminator } = schema;
  // Without a discriminator the variants of a union may overlap.
  return oneOf === undefined || discriminator !== undefined ? schema : { ...rest, anyOf: oneOf };
}

/**
 * The mapping of a discriminator says which tag belongs to which variant; ajv wants that within the variants, and
 * then complains about the one that is meant instead of all.
 */
function tagged(schemas: Schemas): Schemas {
  const tags = new Map<string, { property: string; value: string }>();
  const withoutMapping = Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [
      name,
      mapSchema(schema, inner => {
        const { discriminator } = inner;
        if (!isObject(discriminator) || typeof discriminator.propertyName !== 'string') return inner;
        const property = discriminator.propertyName;
        for (const [value, ref] of Object.entries(discriminator.mapping ?? {})) {
          tags.set(String(ref).replace('#/components/schemas/', ''), { property, value });
        }
        return { ...inner, discriminator: { propertyName: property } };
      }),
    ]),
  );
  return Object.fromEntries(
    Object.entries(withoutMapping).map(([name, schema]) => {
      const tag = tags.get(name);
      const own = tag ? withTag(schema, tag) : schema;
      return [name, name === 'Document' ? withTextData(own) : own];
    }),
  );
}

function withTag(schema: Schema, { property, value }: { property: string; value: string }): Schema {
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  return {
    ...schema,
    properties: {
      ...(isObject(schema.properties) ? schema.properties : {}),
      [property]: { const: value },
    },
    required: [...required.add(property)],
  };
}

/** Recorded requests hold documents whose data is a string, and were answered. */
function withTextData(schema: Schema): Schema {
  const properties = isObject(schema.properties) ? schema.properties : {};
  return { ...schema, properties: { ...properties, data: { type: ['object', 'string'] } } };
}
