// Where sessions were seen last. Never more than a guess: the store says whether it is so.
import type { SessionKey } from '../../conversation/session.ts';
import type { SessionRecord } from '../records.ts';
import type { FamilyKeys } from './keys.ts';

export interface Standing {
  readonly record: SessionRecord;
  readonly family: FamilyKeys;
}

const most = 10_000;

export class Remembered {
  /** The longest unused first. */
  readonly #standings = new Map<string, Standing>();

  get(key: SessionKey): Standing | undefined {
    return this.#standings.get(nameOf(key));
  }

  put(key: SessionKey, standing: Standing): void {
    const name = nameOf(key);
    this.#standings.delete(name);
    this.#standings.set(name, standing);
    for (const oldest of this.#standings.keys()) {
      if (this.#standings.size <= most) break;
      this.#standings.delete(oldest);
    }
  }

  forget(key: SessionKey): void {
    this.#standings.delete(nameOf(key));
  }
}

function nameOf({ owner, user, id }: SessionKey): string {
  return JSON.stringify([owner, user ?? null, id]);
}
