// A list whose reading ends at its first problem: zod's own names the problem of every element, and a request may hold
// very many.
import { z } from 'zod';

/** What a list holds, by the part of its schema that reads it. */
export const itemsOf = new WeakMap<z.core.$ZodType, z.ZodType>();

export function listOf<Item>(item: z.ZodType<Item>) {
  const list = z.array(z.unknown()).transform((values, context): Item[] => {
    const items: Item[] = [];
    for (const [index, value] of values.entries()) {
      const read = item.safeParse(value);
      if (read.success) {
        items.push(read.data);
        continue;
      }
      const [issue] = read.error.issues;
      if (issue) context.issues.push({ ...issue, path: [index, ...issue.path], input: value } as never);
      return z.NEVER;
    }
    return items;
  });
  itemsOf.set(list.def.out, item);
  return list;
}
