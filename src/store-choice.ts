// Where sessions live, as one writes it.
import { join } from 'node:path';

export type StoreChoice =
  | { readonly kind: 'none' }
  | { readonly kind: 'memory' }
  /** A leading `~/` is the home directory. */
  | { readonly kind: 'sqlite'; readonly path: string }
  /** The URL holds a password. */
  | { readonly kind: 'redis'; readonly url: string };

/** In the data directory, where no path is given. */
const databaseName = 'sessions.db';

export type StoreKind = StoreChoice['kind'];

const redis = /^rediss?(\+cluster|\+sentinel)?:\/\/[^\s]+$/;

export function readStoreChoice(text: string, dataDir: string): StoreChoice | undefined {
  if (text === 'none') return { kind: 'none' };
  if (text === 'memory:') return { kind: 'memory' };
  if (text.startsWith('sqlite:') && !text.includes('\0'))
    return { kind: 'sqlite', path: text.slice('sqlite:'.length) || join(dataDir, databaseName) };
  return redis.test(text) ? { kind: 'redis', url: text } : undefined;
}

export function storeProblem(value: unknown): string | undefined {
  if (typeof value === 'string' && readStoreChoice(value, '')) return undefined;
  return 'must be sqlite:, sqlite:PATH, memory:, none, or the URL of a Redis: redis://… or rediss://…';
}
