// Texts that many sessions hold, once each. Gone with the last that holds them.
import type { TextToHold } from '../records.ts';
import { damaged, integer, text } from './rows.ts';
import type { Tables } from './tables.ts';

export class Texts {
  readonly #tables: Tables;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  read(digest: string): string {
    const row = this.#tables.get(
      'SELECT json FROM texts JOIN text_contents ON text = no WHERE digest = ?',
      digest,
    );
    if (!row) throw damaged('texts');
    return text(row, 'json');
  }

  /** Counted as the owner's who brings it, unless it is there. */
  hold({ digest, json }: TextToHold, owner?: number): void {
    const isThere = this.#tables.run('UPDATE texts SET holders = holders + 1 WHERE digest = ?', digest);
    if (isThere > 0) return;
    if (json === undefined) throw damaged('texts');
    const no = this.#tables.insert(
      'INSERT INTO texts (digest, holders, owner, bytes) VALUES (?, 1, ?, ?)',
      digest,
      owner ?? null,
      Buffer.byteLength(json),
    );
    this.#tables.run('INSERT INTO text_contents (text, json) VALUES (?, ?)', no, json);
  }

  release(digest: string): void {
    const row = this.#tables.runReturning(
      'UPDATE texts SET holders = holders - 1 WHERE digest = ? RETURNING no, holders',
      digest,
    );
    if (!row || integer(row, 'holders') > 0) return;
    this.#tables.run('DELETE FROM texts WHERE no = ?', integer(row, 'no'));
    this.#tables.run('DELETE FROM text_contents WHERE text = ?', integer(row, 'no'));
  }
}
