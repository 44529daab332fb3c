// What stands in a row. Whatever it is not meant to be is damage.
import type { SQLOutputValue } from 'node:sqlite';
import { ProxyError } from '../../conversation/errors.ts';

export type Row = Readonly<Record<string, SQLOutputValue>>;

export function integer(row: Row, column: string): number {
  const value = row[column];
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw damaged(column);
}

export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value === 'string') return value;
  throw damaged(column);
}

export function maybeInteger(row: Row, column: string): number | undefined {
  return row[column] === null ? undefined : integer(row, column);
}

export function maybeText(row: Row, column: string): string | undefined {
  return row[column] === null ? undefined : text(row, column);
}

export function maybeBytes(row: Row, column: string): Uint8Array | undefined {
  const value = row[column];
  if (value === null) return undefined;
  if (value instanceof Uint8Array) return value;
  throw damaged(column);
}

/** What is damaged, in the words of the tables; no word of a conversation. */
export function damaged(what: string, cause?: unknown): ProxyError {
  return new ProxyError('store_corrupt', 'This session is damaged in the session store. Start a new one.', {
    cause: new Error(`damaged: ${what}`, { cause }),
  });
}
