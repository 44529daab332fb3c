// `documents`, Cohere's own parameter, as its two APIs and our clients write them → as the newer one takes them.
import type { AdjustmentNotes } from '../conversation/adjustments.ts';
import type { JsonObject } from '../conversation/message.ts';

/** Cohere refuses all of them for one that is empty, or for an id that stands twice. */
export function readDocuments(
  documents: readonly (string | JsonObject)[],
  notes: Pick<AdjustmentNotes, 'dropped' | 'rewritten'>,
): (string | JsonObject)[] {
  const ids = new Set<string>();
  return documents.flatMap((given, index) => {
    const path = `documents[${index}]`;
    const document = typeof given === 'string' ? given : withData(given);
    if (isEmpty(typeof document === 'string' ? document : document.data)) {
      notes.dropped.push(path);
      return [];
    }
    if (document !== given) notes.rewritten.push(path);
    if (typeof document === 'string' || typeof document.id !== 'string') return [document];
    if (!ids.has(document.id)) {
      ids.add(document.id);
      return [document];
    }
    notes.rewritten.push(`${path}.id`);
    const { id: _, ...unnamed } = document;
    return [unnamed];
  });
}

/** The older API has the fields of a document beside its id. */
function withData(document: JsonObject): JsonObject {
  const { data, id, ...fields } = document;
  if (data !== undefined && data !== null) return document;
  return { data: fields, ...(typeof id === 'string' ? { id } : {}) };
}

function isEmpty(data: unknown): boolean {
  if (typeof data === 'object' && data !== null) return Object.keys(data).length === 0;
  return data === '' || data === undefined || data === null;
}
