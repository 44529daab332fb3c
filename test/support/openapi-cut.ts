// Reading an OpenAPI document of megabytes takes seconds, and a suite needs a few of its schemas. They are cut out
// once and kept under node_modules/.cache, by the digest of the document and of the code that cuts.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';

export type Schema = { readonly [keyword: string]: unknown };

/** Schemas by name. References among them have become `#/$defs/<name>`. */
export type Schemas = Readonly<Record<string, Schema>>;

export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components: { readonly schemas: Schemas };
}

const cacheFolder = resolve(import.meta.dirname, '../../node_modules/.cache/cohere-proxy-schemas');

/** @param what names the choice that `start` makes: another one is cached apart. */
export function cutSchemas(
  file: string,
  what: string,
  start: (document: OpenApiDocument) => Schemas,
): Schemas {
  const text = readFileSync(file);
  const digest = createHash('sha256')
    .update(text)
    .update(readFileSync(import.meta.filename))
    .update(what)
    .digest('hex');
  const cached = join(cacheFolder, `${digest.slice(0, 32)}.json`);
  if (existsSync(cached)) return JSON.parse(readFileSync(cached, 'utf8'));

  // YAML 1.2, as this package reads it: to a 1.1 parser the enum member OFF is `false`.
  const document = parse(text.toString(), { maxAliasCount: -1 }) as OpenApiDocument;
  const schemas = withReferenced(start(document), document.components.schemas);
  mkdirSync(cacheFolder, { recursive: true });
  // Other test files may be at the same: a rename is seen whole or not at all.
  const temporary = `${cached}.${process.pid}`;
  writeFileSync(temporary, JSON.stringify(schemas));
  renameSync(temporary, cached);
  return schemas;
}

function withReferenced(start: Schemas, all: Schemas): Schemas {
  const found: Record<string, Schema> = {};
  const missing: [name: string, schema: Schema | undefined][] = Object.entries(start);
  for (let next = missing.pop(); next; next = missing.pop()) {
    const [name, schema] = next;
    if (found[name]) continue;
    if (!schema) throw new Error(`the document has no schema ${name}`);
    found[name] = mapSchema(schema, plain => {
      const { $ref } = plain;
      if (typeof $ref !== 'string') return plain;
      const target = $ref.replace('#/components/schemas/', '');
      missing.push([target, all[target]]);
      return { ...plain, $ref: `#/$defs/${target}` };
    });
  }
  return found;
}

const wordsOnly = new Set(['description', 'example', 'examples', 'default', 'format', 'title', 'deprecated']);
const namedSchemas = new Set(['properties', 'patternProperties', '$defs']);

/** Changes a schema from its leaves up, and leaves out what says nothing about validity. */
export function mapSchema(schema: Schema, change: (schema: Schema) => Schema): Schema {
  const mapped: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (wordsOnly.has(keyword) || keyword.startsWith('x-')) continue;
    if (namedSchemas.has(keyword) && isObject(value)) {
      mapped[keyword] = Object.fromEntries(
        Object.entries(value).map(([name, inner]) => [
          name,
          isObject(inner) ? mapSchema(inner, change) : inner,
        ]),
      );
    } else if (keyword === 'discriminator' || keyword === 'enum' || keyword === 'const')
      mapped[keyword] = value;
    else if (Array.isArray(value))
      mapped[keyword] = value.map(inner => (isObject(inner) ? mapSchema(inner, change) : inner));
    else mapped[keyword] = isObject(value) ? mapSchema(value, change) : value;
  }
  return change(mapped);
}

export function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
