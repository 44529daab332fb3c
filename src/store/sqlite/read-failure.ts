// What SQLite says went wrong → our words.
import { ProxyError } from '../../conversation/errors.ts';
import { damaged } from './rows.ts';

/** https://www.sqlite.org/rescode.html; the lower byte of what SQLite gives. */
const codes = {
  permission: 3,
  busy: 5,
  locked: 6,
  noMemory: 7,
  readOnly: 8,
  io: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  tooBig: 18,
  notADatabase: 26,
} as const;

const messages: ReadonlyMap<number, string> = new Map([
  [codes.permission, 'The session store may not be accessed.'],
  [codes.busy, 'The session store is locked by another process.'],
  [codes.locked, 'The session store is locked by another process.'],
  [codes.noMemory, 'The session store is out of memory.'],
  [codes.readOnly, 'The session store can be read, but not be written to.'],
  [codes.io, 'The session store cannot be read from or written to.'],
  [codes.corrupt, 'The session store is damaged.'],
  [codes.cannotOpen, 'The session store cannot be opened.'],
  [codes.notADatabase, 'The session store is damaged.'],
]);

/** SQLite's own number, where the error is SQLite's. */
function resultCodeOf(error: unknown): number | undefined {
  const isOfSqlite = error instanceof Error && 'errcode' in error && typeof error.errcode === 'number';
  return isOfSqlite ? Number(error.errcode) & 0xff : undefined;
}

export function isBusy(error: unknown): boolean {
  const code = resultCodeOf(error);
  return code === codes.busy || code === codes.locked;
}

export function isDamaged(error: unknown): boolean {
  const code = resultCodeOf(error);
  return code === codes.corrupt || code === codes.notADatabase;
}

export function isFull(error: unknown): boolean {
  return resultCodeOf(error) === codes.full;
}

export function isReadOnly(error: unknown): boolean {
  const code = resultCodeOf(error);
  return code === codes.readOnly || code === codes.cannotOpen || code === codes.permission;
}

/** What Node says of a number that is larger than it can hold: none of ours. */
function isOutOfRange(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_OUT_OF_RANGE';
}

export function readFailure(error: unknown): ProxyError {
  if (error instanceof ProxyError) return error;
  if (isOutOfRange(error)) return damaged('a number', error);
  const code = resultCodeOf(error);
  if (code === codes.full || code === codes.tooBig)
    return new ProxyError('store_full', 'The session store has no room left.', { cause: error });
  const message = code === undefined ? undefined : messages.get(code);
  if (message !== undefined) return new ProxyError('store_unavailable', message, { cause: error });
  return new ProxyError('internal_error', 'The session store failed unexpectedly.', { cause: error });
}
