// Makes JSON that fits a JSON Schema, with words of the user's message where they fit. It takes in more of the
// language than Cohere's strict modes allow, since tool parameters are otherwise free.
import { resolveRef } from './check-schema.ts';
import { type Hints, pick } from './hints.ts';
import { isArray, isObject, type JsonObject, type JsonValue } from './json.ts';
import { samplePattern } from './pattern-sample.ts';

interface Place {
  readonly root: JsonObject;
  readonly hints: Hints;
  readonly name: string;
  readonly depth: number;
  /** How much may still be made: a schema that refers to itself in many places grows without end. */
  readonly budget: { left: number };
}

/** Schemas that are looked at for one value, and characters of one text. */
const maxSteps = 400;
const longestText = 10_000;

/** Below this only what is required is made, and references that lead deeper are avoided where there is a choice. */
const deep = 4;
/** A schema that requires itself has no finite value: here it is given up. */
const tooDeep = 16;

export function sampleSchema(schema: JsonObject, hints: Hints): JsonValue {
  return sample(schema, { root: schema, hints, name: '', depth: 0, budget: { left: maxSteps } });
}

/** Whether the schema leaves the model anything to write. */
export function hasProperties(schema: JsonObject): boolean {
  return isObject(schema.properties) && Object.keys(schema.properties).length > 0;
}

function sample(given: JsonValue, place: Place): JsonValue {
  if (!isObject(given) || place.depth > tooDeep || place.budget.left <= 0) return null;
  const schema = flatten(given, place);
  if (schema.const !== undefined) return schema.const;
  if (isArray(schema.enum) && schema.enum.length > 0) return sampleEnum(schema.enum, place.hints);
  switch (typeOf(schema)) {
    case 'object':
      return sampleObject(schema, place);
    case 'array':
      return sampleArray(schema, place);
    case 'integer':
      return sampleNumber(schema, place.hints, true);
    case 'number':
      return sampleNumber(schema, place.hints, false);
    case 'boolean':
      return !/\b(?:not|no|false|without|never)\b/i.test(place.hints.text);
    case 'null':
      return null;
    default:
      return sampleString(schema, place);
  }
}

/** References and alternatives resolved: one plain schema. */
function flatten(schema: JsonObject, place: Place, steps = 0): JsonObject {
  const { $ref, allOf, anyOf, oneOf, ...own } = schema;
  place.budget.left -= 1;
  if (place.budget.left <= 0) return own;
  const choices = anyOf ?? oneOf;
  const parts = [
    $ref === undefined ? undefined : resolveRef($ref, place.root),
    ...(isArray(allOf) ? allOf : []),
    isArray(choices) ? choose(choices, place) : undefined,
  ].filter(isObject);
  if (parts.length === 0 || steps > tooDeep) return own;
  return parts.map(part => flatten(part, place, steps + 1)).reduce(merge, own);
}

function choose(choices: readonly JsonValue[], { depth }: Place): JsonValue | undefined {
  const plain = (choice: JsonValue): boolean => isObject(choice) && choice.$ref === undefined;
  if (depth >= deep) return choices.find(plain) ?? choices[0];
  return choices.find(choice => isObject(choice) && choice.type !== 'null') ?? choices[0];
}

function merge(one: JsonObject, other: JsonObject): JsonObject {
  const properties = isObject(one.properties) &&
    isObject(other.properties) && { ...one.properties, ...other.properties };
  const required = isArray(one.required) && isArray(other.required) && [...one.required, ...other.required];
  return { ...other, ...one, ...(properties ? { properties } : {}), ...(required ? { required } : {}) };
}

/** Cohere takes names that are not JSON Schema's (recorded: "int", "str") and the model understands them. */
const typeNames: ReadonlyMap<string, string> = new Map([
  ['str', 'string'],
  ['int', 'integer'],
  ['float', 'number'],
  ['bool', 'boolean'],
  ['list', 'array'],
  ['dict', 'object'],
]);

function typeOf(schema: JsonObject): string {
  const type = isArray(schema.type) ? (schema.type.find(name => name !== 'null') ?? 'null') : schema.type;
  if (typeof type === 'string') return typeNames.get(type) ?? type;
  if (schema.properties !== undefined) return 'object';
  return schema.items === undefined ? 'string' : 'array';
}

function sampleEnum(values: readonly JsonValue[], { text }: Hints): JsonValue {
  const lower = text.toLowerCase();
  const said = values
    .slice(0, maxSteps)
    .find(value => typeof value === 'string' && value !== '' && lower.includes(value.toLowerCase()));
  return said ?? values[0] ?? null;
}

function sampleObject(schema: JsonObject, place: Place): JsonObject {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const required = isArray(schema.required) ? schema.required.filter(name => typeof name === 'string') : [];
  const wanted = required.length > 0 ? required : place.depth < deep ? Object.keys(properties) : [];
  const entries = wanted.slice(0, maxSteps).map(name => {
    const property = Object.hasOwn(properties, name) ? (properties[name] ?? {}) : {};
    return [name, sample(property, { ...place, name, depth: place.depth + 1 })] as const;
  });
  return Object.fromEntries(entries);
}

function sampleArray(schema: JsonObject, place: Place): readonly JsonValue[] {
  const atLeast = numberOf(schema.minItems) ?? (place.depth < deep ? 1 : 0);
  const length = Math.min(atLeast, numberOf(schema.maxItems) ?? 8, 8);
  const prefix = isArray(schema.prefixItems) ? schema.prefixItems : [];
  return Array.from({ length }, (_, index) => {
    const hints = { ...place.hints, turn: place.hints.turn + index };
    const value = sample(prefix[index] ?? schema.items ?? {}, { ...place, hints, depth: place.depth + 1 });
    return schema.uniqueItems === true && index > 0 ? makeUnique(value, index) : value;
  });
}

function makeUnique(value: JsonValue, index: number): JsonValue {
  if (typeof value === 'string') return `${value} ${index + 1}`;
  return typeof value === 'number' ? value + index : value;
}

function sampleNumber(schema: JsonObject, hints: Hints, isInteger: boolean): number {
  const above = numberOf(schema.exclusiveMinimum);
  const below = numberOf(schema.exclusiveMaximum);
  const nudge = isInteger ? 1 : 0.5;
  const min = numberOf(schema.minimum) ?? (above === undefined ? undefined : above + nudge);
  const max = numberOf(schema.maximum) ?? (below === undefined ? undefined : below - nudge);
  const said = pick(isInteger ? hints.numbers.filter(Number.isInteger) : hints.numbers, hints.turn) ?? 1;
  const value = Math.min(Math.max(said, min ?? said), max ?? Number.POSITIVE_INFINITY);
  const step = numberOf(schema.multipleOf);
  if (step === undefined || step <= 0) return isInteger ? Math.round(value) : value;
  const multiple = Math.floor(value / step) * step;
  return multiple < (min ?? multiple) ? multiple + step : multiple;
}

const formats: ReadonlyMap<string, string> = new Map([
  ['date-time', '2026-01-31T12:00:00Z'],
  ['date', '2026-01-31'],
  ['time', '12:00:00Z'],
  ['uuid', '00000000-0000-4000-8000-000000000000'],
  ['email', 'someone@example.com'],
  ['uri', 'https://example.com/'],
]);

function sampleString(schema: JsonObject, { hints, name }: Place): string {
  const formatted = typeof schema.format === 'string' ? formats.get(schema.format) : undefined;
  if (formatted !== undefined) return formatted;
  const words = wordsFor(name, hints);
  if (typeof schema.pattern === 'string') return samplePattern(schema.pattern, words);
  const points = [...words];
  const min = numberOf(schema.minLength) ?? 0;
  const max = numberOf(schema.maxLength) ?? 1_000;
  return points
    .slice(0, Math.min(Math.max(max, 0), longestText))
    .join('')
    .padEnd(Math.min(min, longestText), '.');
}

/** A parameter's name says what kind of thing is wanted. */
function wordsFor(name: string, hints: Hints): string {
  const text = hints.text.trim() === '' ? 'something' : hints.text.trim();
  const noun = pick(hints.names, hints.turn);
  const file = pick(hints.files, hints.turn);
  const quote = pick(hints.quotes, hints.turn);
  if (/path|file|dir/i.test(name)) return file ?? quote ?? '.';
  if (/quer|question|prompt|message|text|content|search|task|result/i.test(name)) return quote ?? text;
  if (/code|command|script|expression|sql/i.test(name)) return quote ?? 'echo hello';
  return quote ?? noun ?? file ?? [...text].slice(0, 60).join('');
}

function numberOf(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
