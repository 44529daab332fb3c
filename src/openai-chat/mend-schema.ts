// Schemas of tools as some languages write them: PHP has one form for an empty list and an empty object.

/** The same object where nothing is to be mended, also where it is no schema at all. */
export function mendSchema(schema: unknown): unknown {
  if (isEmptyList(schema)) return {};
  return mend(schema);
}

const schemas = ['items', 'additionalProperties', 'not', 'if', 'then', 'else'] as const;
const listsOfSchemas = ['anyOf', 'oneOf', 'allOf', 'prefixItems'] as const;
const schemasByName = ['properties', '$defs', 'definitions', 'patternProperties'] as const;

function mend(schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return schema;
  const mended: Record<string, unknown> = {};
  const fields = schema as Readonly<Record<string, unknown>>;
  const note = (key: string, value: unknown) => {
    if (value !== fields[key]) mended[key] = value;
  };
  for (const key of schemas) if (key in fields) note(key, mend(fields[key]));
  for (const key of listsOfSchemas) note(key, mendAll(fields[key]));
  for (const key of schemasByName) {
    if (!(key in fields)) continue;
    note(key, isEmptyList(fields[key]) || fields[key] === null ? {} : mendByName(fields[key]));
  }
  return Object.keys(mended).length === 0 ? schema : { ...schema, ...mended };
}

function mendAll(list: unknown): unknown {
  if (!Array.isArray(list)) return list;
  const mended = list.map(mend);
  return mended.every((schema, index) => schema === list[index]) ? list : mended;
}

function mendByName(byName: unknown): unknown {
  if (typeof byName !== 'object' || byName === null || Array.isArray(byName)) return byName;
  const entries = Object.entries(byName);
  const mended = entries.map(([name, schema]) => [name, mend(schema)] as const);
  const isSame = mended.every(([, schema], index) => schema === entries[index]?.[1]);
  return isSame ? byName : Object.fromEntries(mended);
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}
