// Answers of the proxy against OpenAI's own description of them. Keys beyond it are allowed: clients ignore them.
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { cutSchemas, isObject, mapSchema, type Schema } from './openapi-cut.ts';
import { hasReference, referencePath } from './reference.ts';

const names = [
  'CreateChatCompletionResponse',
  'CreateChatCompletionStreamResponse',
  'ErrorResponse',
  'ListModelsResponse',
  'Model',
] as const;

export type OpenAiSchema = (typeof names)[number];

let validators: Map<string, ValidateFunction> | undefined;

/** What is wrong with it, in ajv's words. Nothing is checked where the reference is missing. */
export function openAiComplaints(name: OpenAiSchema, value: unknown): string[] {
  if (!hasReference) return [];
  validators ??= compile();
  const validate = validators.get(name);
  if (!validate) throw new Error(`no schema ${name}`);
  if (validate(value)) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${name}${instancePath} ${message}`);
}

function compile(): Map<string, ValidateFunction> {
  const schemas = cutSchemas(referencePath('openai-openapi.yaml'), names.join(), ({ components }) =>
    Object.fromEntries(names.map(name => [name, components.schemas[name] ?? {}])),
  );
  const $defs = Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, mapSchema(schema, readable)]),
  );
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  return new Map(names.map(name => [name, ajv.compile({ $ref: `#/$defs/${name}`, $defs })]));
}

/** The document mixes OpenAPI 3.0 and 3.1, and variants of its unions overlap. */
function readable({ nullable, discriminator: _, oneOf, ...schema }: Schema): Schema {
  const plain = oneOf === undefined ? schema : { ...schema, anyOf: oneOf };
  return nullable === true && isObject(plain) ? { anyOf: [plain, { type: 'null' }] } : plain;
}
