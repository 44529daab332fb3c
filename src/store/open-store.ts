// What was chosen → the store. One line for each kind; what a kind needs is loaded with it.
import type { StoreChoice } from '../store-choice.ts';
import { DurableStore } from './durable-store.ts';
import { MemoryStore, type MemoryStoreOptions } from './memory-store.ts';
import type { SessionRecords } from './records.ts';
import type { SessionStore } from './session-store.ts';

export interface OpenStoreOptions extends MemoryStoreOptions {
  /** Starts although the store cannot be reached. */
  readonly isOptional: boolean;
  /** What whoever runs the proxy should know. */
  readonly onProblem: (problem: { readonly message: string; readonly err?: unknown }) => void;
}

/**
 * Undefined where no sessions are kept.
 * @throws StoreStartError with a text that says what to do.
 */
export async function openStore(
  choice: StoreChoice,
  options: OpenStoreOptions,
): Promise<SessionStore | undefined> {
  if (choice.kind === 'none') return undefined;
  if (choice.kind === 'memory') return new MemoryStore(options);
  return new DurableStore(await openRecords(choice, options), options);
}

async function openRecords(
  choice: Extract<StoreChoice, { kind: 'sqlite' | 'redis' }>,
  { isOptional, limits, now, onProblem }: OpenStoreOptions,
): Promise<SessionRecords> {
  const { tombstoneMs } = limits;
  if (choice.kind === 'sqlite') {
    const { SqliteRecords } = await import('./sqlite/sqlite-records.ts');
    return SqliteRecords.open({ path: choice.path, now, tombstoneMs, onProblem });
  }
  const { RedisRecords } = await import('./redis/redis-records.ts');
  return RedisRecords.open({ url: choice.url, tombstoneMs, isOptional, onProblem });
}
