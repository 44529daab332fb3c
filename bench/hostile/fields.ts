// Every field of a schema, by its path, so that a new field is tried without anybody thinking of it.
import type { z } from 'zod';
import { itemsOf } from '../../src/sessions/list-of.ts';

export type FieldKind = 'array' | 'object' | 'string' | 'number';

export interface Field {
  /** `tools[].function.name` */
  readonly path: string;
  /** All that the schema takes there. */
  readonly kinds: ReadonlySet<FieldKind>;
}

export function fieldsOf(schema: z.ZodType): Field[] {
  const found = new Map<string, Set<FieldKind>>();
  walk(schema, '', found);
  found.delete('');
  return [...found].map(([path, kinds]) => ({ path, kinds }));
}

function walk(schema: z.core.$ZodType, path: string, found: Map<string, Set<FieldKind>>): void {
  const note = (kind: FieldKind) => found.set(path, (found.get(path) ?? new Set()).add(kind));
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
      walk(def.innerType, path, found);
      break;
    case 'pipe': {
      const item = itemsOf.get(def.out);
      if (item) {
        note('array');
        walk(item, `${path}[]`, found);
      } else {
        walk(def.in, path, found);
        walk(def.out, path, found);
      }
      break;
    }
    case 'union':
      for (const option of def.options) walk(option, path, found);
      break;
    case 'object':
      note('object');
      for (const [name, field] of Object.entries(def.shape))
        walk(field, path === '' ? name : `${path}.${name}`, found);
      break;
    case 'array':
      note('array');
      walk(def.element, `${path}[]`, found);
      break;
    case 'string':
    case 'enum':
    case 'literal':
      note('string');
      break;
    case 'number':
      note('number');
      break;
    default:
      // Whatever may stand there, or what is looked at by hand.
      for (const kind of ['array', 'object', 'string', 'number'] as const) note(kind);
  }
}
