// What running turns hold in the store is held for a short time only, so that nothing stays held by a process that has
// died. Here it is renewed, all of it by one timer.
type Renew = () => Promise<unknown>;

interface Kept {
  readonly renew: Renew;
  isRenewing: boolean;
}

const retryMs = 500;

export class Leases {
  readonly ttlMs: number;
  readonly #kept = new Set<Kept>();
  #timer: NodeJS.Timeout | undefined;

  constructor(ttlMs = 15_000) {
    this.ttlMs = ttlMs;
  }

  /** Renews until the returned function is called. A renewal that fails changes nothing: the next may work. */
  keep(renew: Renew): () => void {
    const kept = { renew, isRenewing: false };
    this.#kept.add(kept);
    this.#timer ??= setInterval(() => this.#renewAll(), this.ttlMs / 3).unref();
    return () => {
      this.#kept.delete(kept);
      if (this.#kept.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  /**
   * What is asked without an answer may be done all the same, late, so that it would be held by nobody: it is let go of
   * as soon as the store works again, or the time is over. Rejects with the last failure.
   */
  async letGo(letGo: () => Promise<unknown>): Promise<void> {
    const untilMs = performance.now() + this.ttlMs;
    for (;;) {
      try {
        await letGo();
        return;
      } catch (error) {
        if (performance.now() + retryMs > untilMs) throw error;
        // Nothing that a process would stay for.
        await new Promise(resolve => setTimeout(resolve, retryMs).unref());
      }
    }
  }

  async #renew(kept: Kept): Promise<void> {
    try {
      await kept.renew();
    } catch {
      // Whoever holds it is told where it matters: by the append.
    } finally {
      kept.isRenewing = false;
    }
  }

  #renewAll(): void {
    for (const kept of this.#kept) {
      // A store that hangs is not asked again and again.
      if (kept.isRenewing) continue;
      kept.isRenewing = true;
      void this.#renew(kept);
    }
  }
}
