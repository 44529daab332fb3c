// `memory:` … → the store. One line for each kind.
import type { SessionStoreName } from '../config.ts';
import { MemoryStore, type MemoryStoreOptions } from './memory-store.ts';
import type { SessionStore } from './session-store.ts';

/** Undefined where no sessions are kept. */
export function openStore(name: SessionStoreName, options: MemoryStoreOptions): SessionStore | undefined {
  return name === 'none' ? undefined : new MemoryStore(options);
}
