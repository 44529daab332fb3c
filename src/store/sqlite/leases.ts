// Who holds which session, whether it is there or not (R16).
import type { SessionKey } from '../../conversation/session.ts';
import type { Lease } from '../session-store.ts';
import type { Clock } from './clock.ts';
import { sessionDigest } from './names.ts';
import { isProcessGone, processName } from './process-name.ts';
import { integer, text } from './rows.ts';
import type { Tables } from './tables.ts';

export class Leases {
  readonly #tables: Tables;
  readonly #clock: Clock;

  constructor(tables: Tables, clock: Clock) {
    this.#tables = tables;
    this.#clock = clock;
  }

  /** False where another holds it. */
  take(key: SessionKey, { holder, ttlMs }: Lease): boolean {
    const lease = this.find(key);
    if (lease && lease.holder !== holder && lease.isHeld) return false;
    this.#tables.run(
      'INSERT OR REPLACE INTO leases (name, holder, process, expires_ms) VALUES (?, ?, ?, ?)',
      sessionDigest(key),
      holder,
      processName,
      this.#clock.nowMs + ttlMs,
    );
    return true;
  }

  find(key: SessionKey): { readonly holder: string; readonly isHeld: boolean } | undefined {
    const row = this.#tables.get(
      'SELECT holder, process, expires_ms FROM leases WHERE name = ?',
      sessionDigest(key),
    );
    if (!row) return undefined;
    const isLate = integer(row, 'expires_ms') <= this.#clock.nowMs;
    return { holder: text(row, 'holder'), isHeld: !isLate && !isProcessGone(text(row, 'process')) };
  }

  letGo(key: SessionKey, holder: string): void {
    this.#tables.run('DELETE FROM leases WHERE name = ? AND holder = ?', sessionDigest(key), holder);
  }
}
