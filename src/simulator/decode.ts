// Reads JSON of unknown shape into typed values, as strictly as Cohere's own decoder: unknown keys are refused at
// every level, and `null` is not taken for "absent".
import { isArray, isObject, type JsonObject, type JsonValue } from './json.ts';
import { badRequest, type Refusal, undecodable } from './refusal.ts';

/** `path` is what error texts call the value, e.g. `messages.content`: without positions, as Cohere writes it. */
export type Read<T> = (value: JsonValue, path: string) => T;

export interface Fields {
  optional<T>(key: string, read: Read<T>): T | undefined;
  required<T>(key: string, read: Read<T>): T;
}

export function readFields(value: JsonValue, path: string, allowed: readonly string[]): Fields {
  const object = readObject(value, path);
  for (const key of Object.keys(object)) if (!allowed.includes(key)) throw unknownField(key);
  const optional = <T>(key: string, read: Read<T>): T | undefined => {
    const field = Object.hasOwn(object, key) ? object[key] : undefined;
    return field === undefined ? undefined : read(field, pathOf(path, key));
  };
  return {
    optional,
    required: (key, read) => {
      if (!Object.hasOwn(object, key)) throw missingField(pathOf(path, key));
      const field = object[key];
      if (field === undefined) throw missingField(pathOf(path, key));
      return read(field, pathOf(path, key));
    },
  };
}

export function readObject(value: JsonValue, path: string): JsonObject {
  if (!isObject(value)) throw wrongType(value, path, 'object');
  return value;
}

export function readString(value: JsonValue, path: string): string {
  if (typeof value !== 'string') throw wrongType(value, path, 'string');
  return value;
}

export function readBoolean(value: JsonValue, path: string): boolean {
  if (typeof value !== 'boolean') throw wrongType(value, path, 'bool');
  return value;
}

export function readNumber(value: JsonValue, path: string): number {
  if (typeof value !== 'number') throw wrongType(value, path, 'float64');
  return value;
}

export function readInteger(value: JsonValue, path: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) throw wrongType(value, path, 'int32');
  return value;
}

export function readList<T>(read: Read<T>): Read<readonly T[]> {
  return (value, path) => {
    if (!isArray(value)) throw wrongType(value, path, 'array');
    return value.map(item => read(item, path));
  };
}

/** Words that the decoder knows by heart, e.g. roles: others are refused before anything else is looked at. */
export function readWord<T extends string>(what: string, words: readonly T[]): Read<T> {
  return (value, path) => {
    const text = readString(value, path);
    const word = words.find(known => known === text);
    if (word === undefined) throw undecodable(422, `unrecognized ${what} '${text}'`);
    return word;
  };
}

export function unknownField(name: string): Refusal {
  return undecodable(422, `unknown field: parameter '${name}' is not a valid field`);
}

export function wrongType(value: JsonValue, path: string, expected: string): Refusal {
  const found = value === null ? 'null' : isArray(value) ? 'array' : typeof value;
  return undecodable(
    400,
    `invalid type: parameter '${path}' is of type ${found} but should be of type ${expected}`,
  );
}

function missingField(path: string): Refusal {
  return badRequest(`invalid request: '${path}' is required.`);
}

function pathOf(parent: string, key: string): string {
  return parent === '' ? key : `${parent}.${key}`;
}
