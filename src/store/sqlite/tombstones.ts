// That a session expired, for a while (R12).
import type { SessionKey } from '../../conversation/session.ts';
import type { Clock } from './clock.ts';
import { sessionDigest } from './names.ts';
import type { Tables } from './tables.ts';

export class Tombstones {
  readonly #tables: Tables;
  readonly #clock: Clock;
  readonly #keptMs: number;

  constructor(tables: Tables, clock: Clock, keptMs: number) {
    this.#tables = tables;
    this.#clock = clock;
    this.#keptMs = keptMs;
  }

  /** Whether what expired then is still remembered. */
  isRecent(expiredAtMs: number): boolean {
    return expiredAtMs + this.#keptMs > this.#clock.nowMs;
  }

  has(key: SessionKey): boolean {
    const row = this.#tables.get(
      'SELECT 1 FROM tombstones WHERE name = ? AND expires_ms > ?',
      sessionDigest(key),
      this.#clock.nowMs,
    );
    return row !== undefined;
  }

  add(key: SessionKey, expiredAtMs: number): void {
    if (!this.isRecent(expiredAtMs)) return;
    this.#tables.run(
      'INSERT OR REPLACE INTO tombstones (name, expires_ms) VALUES (?, ?)',
      sessionDigest(key),
      expiredAtMs + this.#keptMs,
    );
  }

  remove(key: SessionKey): void {
    this.#tables.run('DELETE FROM tombstones WHERE name = ?', sessionDigest(key));
  }
}
