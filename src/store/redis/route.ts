// Which server a key lies on, and how it is reached.
import type { AskOptions, Reply } from './connection.ts';

export interface SendOptions extends AskOptions {
  /** The answer counts when enough replicas have what was written. */
  readonly isKept?: boolean;
}

export interface Route {
  /** The first attempt to reach it. @throws what went wrong */
  connect(): Promise<void>;
  /** @throws RedisFailure */
  send(key: string, command: readonly string[], options: SendOptions): Promise<Reply>;
  /** Keys with the same one can be named in one command. */
  slotOf(key: string): number;
  /** @throws RedisFailure where a server is away. */
  pingAll(): Promise<void>;
  close(): void;
}
