// Who holds what, each until it lets go or was silent for too long.
import type { Lease } from './session-store.ts';

interface Hold {
  readonly holder: string;
  readonly untilMs: number;
}

export class Holds {
  readonly #now: () => number;
  /** The longest not renewed first. */
  readonly #holds = new Map<string, Hold>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** False where another holds it. */
  take(name: string, { holder, ttlMs }: Lease): boolean {
    if (this.isHeld(name, holder)) return false;
    this.#holds.delete(name);
    this.#holds.set(name, { holder, untilMs: this.#now() + ttlMs });
    return true;
  }

  /** By another than this one, where one is named. */
  isHeld(name: string, butBy?: string): boolean {
    const hold = this.#holds.get(name);
    return hold !== undefined && hold.untilMs > this.#now() && hold.holder !== butBy;
  }

  letGo(name: string, holder: string | undefined): void {
    if (this.#holds.get(name)?.holder === holder) this.#holds.delete(name);
  }

  /** Most are held equally long, so that this looks at those whose time is over and at one more. */
  sweep(): void {
    const nowMs = this.#now();
    for (const [name, { untilMs }] of this.#holds) {
      if (untilMs > nowMs) break;
      this.#holds.delete(name);
    }
  }

  clear(): void {
    this.#holds.clear();
  }
}
