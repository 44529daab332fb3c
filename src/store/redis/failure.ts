// What can go wrong between here and a server, and what it means for whoever asked.
import { ProxyError } from '../../conversation/errors.ts';
import { corrupt } from '../stored-text.ts';

/** `unsent`: nothing happened. `lost`: it may have happened, and nobody knows. `refused`: the server said no. */
export type FailureKind = 'unsent' | 'lost' | 'refused';

export class RedisFailure extends Error {
  override readonly name = 'RedisFailure';
  readonly kind: FailureKind;
  /** The first word of a refusal. */
  readonly code: string;
  /** Nobody could be reached for a while: there is no point in waiting. */
  readonly isDown: boolean;

  constructor(
    kind: FailureKind,
    message: string,
    { isDown = false, cause }: { isDown?: boolean; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.isDown = isDown;
    this.code = kind === 'refused' ? (/^[A-Z]+/.exec(message)?.[0] ?? '') : '';
  }
}

/** Refusals that pass: while a server starts, another takes its place, slots move, or a script runs. */
const passing = new Set([
  'LOADING',
  'READONLY',
  'MASTERDOWN',
  'CLUSTERDOWN',
  'TRYAGAIN',
  'BUSY',
  'NOREPLICAS',
  'UNKILLABLE',
]);

export function isPassing({ kind, code }: RedisFailure): boolean {
  return kind !== 'refused' || passing.has(code);
}

/** A script came upon what it cannot have written: it says so, or fails on it, or the key is of another type. */
function isDamage({ code, message }: RedisFailure): boolean {
  return code === 'DAMAGED' || code === 'WRONGTYPE' || (code === 'ERR' && /user_script:\d/.test(message));
}

export function toStoreError(failure: unknown): ProxyError {
  if (failure instanceof ProxyError) return failure;
  if (failure instanceof RedisFailure && isDamage(failure)) return corrupt(failure);
  if (failure instanceof RedisFailure && failure.code === 'OOM')
    return new ProxyError('store_full', 'The session store has no room left.', { cause: failure });
  return new ProxyError('store_unavailable', 'The session store cannot be reached. Try again.', {
    cause: failure,
  });
}

export function storeClosed(): ProxyError {
  return new ProxyError('store_unavailable', 'The session store is closed.');
}
