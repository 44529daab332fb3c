// What goes between the event loop and the thread that has the database.
import type { ErrorCode } from '../../conversation/errors.ts';
import type { SessionRecords } from '../records.ts';

type Asked = Omit<SessionRecords, 'close'>;
export type CallName = keyof Asked;

/** The same, answered at once. */
export type SynchronousRecords = {
  readonly [Name in CallName]: (...args: Parameters<Asked[Name]>) => Awaited<ReturnType<Asked[Name]>>;
};

interface CallOf<Name extends CallName> {
  readonly id: number;
  readonly name: Name;
  readonly args: Parameters<Asked[Name]>;
}

export type Call = { readonly [Name in CallName]: CallOf<Name> }[CallName];

/** A ProxyError, without what cannot be sent. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly param: string | undefined;
  /** For the log. */
  readonly cause: string | undefined;
}

export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: Failure };

export interface WorkerSettings {
  readonly path: string;
  readonly tombstoneMs: number;
  readonly maxBytes?: number | undefined;
}

/** To the thread. */
export type Order =
  | { readonly kind: 'calls'; readonly nowMs: number; readonly calls: readonly Call[] }
  | { readonly kind: 'sweep'; readonly nowMs: number }
  | { readonly kind: 'close' };

/** What is wrong with the store as a whole, for the log. */
export interface StoreProblem {
  readonly message: string;
  readonly err?: unknown;
}

/** From the thread. */
export type Report =
  | { readonly kind: 'opened' }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'answers'; readonly answers: readonly Answer[] }
  | { readonly kind: 'problem'; readonly message: string; readonly cause: string | undefined }
  | { readonly kind: 'swept' }
  | { readonly kind: 'closed' };
