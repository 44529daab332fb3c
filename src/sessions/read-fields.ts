// A query or a body by its schema → values, or what is wrong with it in OpenAI's words.
import { z } from 'zod';
import { type ErrorCode, ProxyError } from '../conversation/errors.ts';

/** What narrows to one space; the empty string is the space without `user`. Halves of surrogate pairs fit no query. */
export const userField = z
  .string()
  .max(512)
  .refine(user => user.isWellFormed(), { error: 'expected whole characters' });
/** As in a client's header. */
export const labelField = z.string().regex(/^[\x21-\x7e]{1,128}$/, 'expected 1 to 128 visible characters');

/** OpenAI's form of an expiry. */
export const expiresAfter = z.strictObject({
  anchor: z.literal('last_active_at'),
  seconds: z
    .int()
    .min(60)
    .max(10 * 366 * 24 * 60 * 60),
});

export type ExpiresAfter = z.output<typeof expiresAfter>;

/** Far more than anything has that is read here. */
const maxKeys = 1_000;

/** A schema that a query or a body can be read by. */
type Schema<Value> = z.ZodType<Value>;

/** In a query all are texts: a wrong type is a wrong value. */
export function readQuery<Value>(schema: Schema<Value>, query: unknown): Value {
  return readFields(schema, query, 'invalid_value');
}

/** @throws ProxyError 400 naming the field at fault */
export function readFields<Value>(
  schema: Schema<Value>,
  value: unknown,
  wrongType: ErrorCode = 'invalid_type',
): Value {
  // The schema would name each of them.
  if (Object.keys(Object(value)).length > maxKeys)
    throw new ProxyError('object_above_max_properties', `More than ${maxKeys} keys.`);
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const { path, code, keys, message } = deepest(read.error.issues);
  const [key] = keys;
  const param = pathOf(key === undefined ? path : [...path, key]) || 'body';
  if (key !== undefined) throw refusal('unsupported_parameter', `Unknown parameter: '${param}'.`, param);
  if (path.length > 0 && valueAt(value, path) === undefined)
    throw refusal('missing_required_parameter', `Missing required parameter: '${param}'.`, param);
  const kind = code === 'invalid_type' ? wrongType : 'invalid_value';
  throw refusal(kind, `Invalid '${param}': ${message}.`, param);
}

interface Problem {
  readonly path: readonly PropertyKey[];
  readonly code: string;
  /** Those that nobody knows. */
  readonly keys: readonly string[];
  readonly message: string;
}

/** Of several forms that a value may have, the one that went furthest is the one that was meant. */
function deepest(issues: readonly z.core.$ZodIssue[]): Problem {
  const [issue] = issues;
  if (!issue) return { path: [], code: 'custom', keys: [], message: 'not understood' };
  const { path, code, message } = issue;
  if (code === 'invalid_union') {
    const [best] = issue.errors.map(deepest).sort((a, b) => b.path.length - a.path.length);
    if (best) return { ...best, path: [...path, ...best.path] };
  }
  return { path, code, keys: code === 'unrecognized_keys' ? issue.keys : [], message };
}

/** `messages[3].content[0].text` */
function pathOf(path: readonly PropertyKey[]): string {
  let text = '';
  for (const key of path) {
    const name = String(key).slice(0, 64);
    text += typeof key === 'number' ? `[${name}]` : text === '' ? name : `.${name}`;
  }
  return text;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce((inner: unknown, key) => (Object(inner) as Record<PropertyKey, unknown>)[key], value);
}

function refusal(code: ErrorCode, message: string, param: string): ProxyError {
  return new ProxyError(code, message, { param });
}
