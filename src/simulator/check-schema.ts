// The two kinds of JSON Schema that the model is held to while it writes: strict tool parameters and JSON answers.
// Cohere supports a part of the language for each, and the parts differ.
import { isArray, isObject, type JsonObject, type JsonValue } from './json.ts';
import { badRequest, type Refusal } from './refusal.ts';

/** As probed on the live service. `pattern`, `const`, lengths and most limits are refused there. */
const strictKeywords = new Set(
  (
    'type title description default example examples enum format properties required items ' +
    'additionalProperties anyOf uniqueItems exclusiveMinimum'
  ).split(' '),
);

/** How many properties the parameters have in all; `undefined` where they break the rules of `strict_tools`. */
export function checkStrictParameters(schema: JsonObject): number | undefined {
  if (!Object.keys(schema).every(keyword => strictKeywords.has(keyword))) return undefined;
  let count = 0;
  if (isObjectSchema(schema)) {
    if (!hasRequiredProperty(schema)) return undefined;
    count = Object.keys(propertiesOf(schema)).length;
  }
  for (const child of childrenOf(schema)) {
    const below = isObject(child) ? checkStrictParameters(child) : undefined;
    if (below === undefined) return undefined;
    count += below;
  }
  return count;
}

/** As documented for JSON answers. */
const answerKeywords = new Set(
  (
    'type title description default examples enum const properties required items additionalProperties anyOf ' +
    '$ref $defs pattern format'
  ).split(' '),
);
const answerFormats = new Set(['date-time', 'uuid', 'date', 'time']);
const answerTypes = new Set(['object', 'array', 'string', 'integer', 'number', 'boolean', 'null']);

export function checkJsonSchema(schema: JsonObject): void {
  if (schema.type !== 'object') throw invalidSchema("the root must be of type 'object'");
  checkNode(schema, schema);
}

function checkNode(node: JsonObject, root: JsonObject): void {
  for (const keyword of Object.keys(node)) {
    if (!answerKeywords.has(keyword)) throw invalidSchema(`keyword '${keyword}' is not supported`);
  }
  if (!['type', 'enum', 'const', 'anyOf', '$ref'].some(keyword => Object.hasOwn(node, keyword))) {
    throw invalidSchema('every schema must have a type');
  }
  if (node.type !== undefined && !(typeof node.type === 'string' && answerTypes.has(node.type))) {
    throw invalidSchema(`type ${JSON.stringify(node.type)} is not supported`);
  }
  if (node.enum !== undefined && !(isArray(node.enum) && node.enum.length > 0)) {
    throw invalidSchema('enum must be a non-empty list');
  }
  if (node.format !== undefined && !(typeof node.format === 'string' && answerFormats.has(node.format))) {
    throw invalidSchema(`format ${JSON.stringify(node.format)} is not supported`);
  }
  if (node.pattern !== undefined) checkPattern(node.pattern);
  if (node.$ref !== undefined && !resolveRef(node.$ref, root)) {
    throw invalidSchema(`reference ${JSON.stringify(node.$ref)} cannot be resolved`);
  }
  if (isObjectSchema(node) && !hasRequiredProperty(node)) {
    throw invalidSchema('every object must have at least one required property');
  }
  for (const child of childrenOf(node)) {
    if (!isObject(child)) throw invalidSchema('every schema must be an object');
    checkNode(child, root);
  }
}

/** A guess: how long one may be is not documented. */
const longestPattern = 1_000;

function checkPattern(pattern: JsonValue): void {
  if (typeof pattern !== 'string') throw invalidSchema('pattern must be a string');
  if (pattern.length > longestPattern) throw invalidSchema('pattern is too long');
  const plain = pattern.replace(/\\[^bB]/g, '').replace(/\[\^?[^\]]*\]/g, '');
  if (/\(\?(?:[=!]|<[=!])|[\^$]|\\[bB]/.test(plain)) {
    throw invalidSchema('look-around and anchors are not supported in patterns');
  }
  try {
    new RegExp(pattern, 'u');
  } catch {
    throw invalidSchema('pattern is not a regular expression');
  }
}

/** `#/$defs/name` and `#` only: nothing is ever fetched. */
export function resolveRef(ref: JsonValue, root: JsonObject): JsonObject | undefined {
  if (ref === '#') return root;
  const [, section, name] =
    typeof ref === 'string' ? (/^#\/(\$defs|definitions)\/([^/]+)$/.exec(ref) ?? []) : [];
  const definitions = section === undefined ? undefined : root[section];
  const target =
    isObject(definitions) && name !== undefined && Object.hasOwn(definitions, name)
      ? definitions[name]
      : undefined;
  return isObject(target) ? target : undefined;
}

function isObjectSchema(schema: JsonObject): boolean {
  return schema.type === 'object' || schema.properties !== undefined;
}

function hasRequiredProperty(schema: JsonObject): boolean {
  const properties = propertiesOf(schema);
  return (
    isArray(schema.required) &&
    schema.required.length > 0 &&
    schema.required.every(name => typeof name === 'string' && Object.hasOwn(properties, name))
  );
}

function propertiesOf(schema: JsonObject): JsonObject {
  return isObject(schema.properties) ? schema.properties : {};
}

function childrenOf(schema: JsonObject): readonly JsonValue[] {
  return [
    ...Object.values(propertiesOf(schema)),
    ...(isObject(schema.$defs) ? Object.values(schema.$defs) : []),
    ...(isArray(schema.anyOf) ? schema.anyOf : []),
    ...(schema.items === undefined ? [] : [schema.items]),
    ...(isObject(schema.additionalProperties) ? [schema.additionalProperties] : []),
  ];
}

function invalidSchema(problem: string): Refusal {
  return badRequest(`invalid request: invalid JSON schema: ${problem}.`);
}
