// Places where long work gives way, if it has been long by then.
import { setImmediate as otherWork } from 'node:timers/promises';

const longMs = 10;

export class Pauses {
  #sinceMs = performance.now();

  /** Others have their turn, unless they had it a moment ago. */
  async pass(): Promise<void> {
    if (performance.now() - this.#sinceMs < longMs) return;
    await otherWork();
    this.#sinceMs = performance.now();
  }
}
