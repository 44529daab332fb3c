// Which request came first with its key, and what it was answered (R17).
import type { Space } from '../../conversation/session.ts';
import { answersOfOwner } from '../answers-of-owner.ts';
import type { Claim, ClaimRequest } from '../session-store.ts';
import type { Clock } from './clock.ts';
import { digestOf, ownerDigest } from './names.ts';
import { isProcessGone, processName } from './process-name.ts';
import { integer, maybeText, text } from './rows.ts';
import type { Tables } from './tables.ts';

export class Claims {
  readonly #tables: Tables;
  readonly #clock: Clock;

  constructor(tables: Tables, clock: Clock) {
    this.#tables = tables;
    this.#clock = clock;
  }

  claim(space: Space, key: string, { holder, ttlMs, fingerprint }: ClaimRequest): Claim {
    const name = digestOf(space, key);
    const row = this.#tables.get(
      'SELECT holder, process, fingerprint, answer, expires_ms FROM claims WHERE name = ?',
      name,
    );
    if (row && integer(row, 'expires_ms') > this.#clock.nowMs) {
      const first = text(row, 'fingerprint');
      const answer = maybeText(row, 'answer');
      if (answer !== undefined) return { status: 'answered', fingerprint: first, text: answer };
      if (text(row, 'holder') !== holder && !isProcessGone(text(row, 'process')))
        return { status: 'running', fingerprint: first };
    }
    this.#tables.run(
      'INSERT OR REPLACE INTO claims (name, holder, process, fingerprint, expires_ms) VALUES (?, ?, ?, ?, ?)',
      name,
      holder,
      processName,
      fingerprint,
      this.#clock.nowMs + ttlMs,
    );
    return { status: 'claimed' };
  }

  settle(
    space: Space,
    key: string,
    holder: string,
    answer?: { readonly text: string; readonly ttlMs: number },
  ): void {
    const name = digestOf(space, key);
    if (answer) {
      this.#tables.run(
        'UPDATE claims SET answer = ?, owner = ?, expires_ms = ? WHERE name = ? AND holder = ? AND answer IS NULL',
        answer.text,
        ownerDigest(space),
        this.#clock.nowMs + answer.ttlMs,
        name,
        holder,
      );
      this.#forgetBeyond(space);
    } else
      this.#tables.run('DELETE FROM claims WHERE name = ? AND holder = ? AND answer IS NULL', name, holder);
  }
  #forgetBeyond(space: Space): void {
    this.#tables.run(
      `DELETE FROM claims WHERE no IN
         (SELECT no FROM claims WHERE owner = ? AND answer IS NOT NULL ORDER BY no DESC LIMIT -1 OFFSET ?)`,
      ownerDigest(space),
      answersOfOwner,
    );
  }
}
