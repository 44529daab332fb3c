// Large JSON, with turns for others in between.
import { setImmediate as otherWork } from 'node:timers/promises';
import { jsonPieces } from './json-pieces.ts';

/** Characters that are written between two pauses: about a millisecond. */
const batchLength = 512 * 1024;

async function* batches(value: unknown): AsyncGenerator<string, void, void> {
  let batch: string[] = [];
  let length = 0;
  for (const piece of jsonPieces(value)) {
    batch.push(piece);
    // Each piece costs something, however short it is.
    length += piece.length + 50;
    if (length < batchLength) continue;
    yield batch.join('');
    batch = [];
    length = 0;
    await otherWork();
  }
  if (batch.length > 0) yield batch.join('');
}

export async function* jsonBytes(value: unknown): AsyncGenerator<Buffer, void, void> {
  for await (const batch of batches(value)) yield Buffer.from(batch);
}

export async function jsonText(value: unknown): Promise<string> {
  const written: string[] = [];
  for await (const batch of batches(value)) written.push(batch);
  return written.join('');
}
