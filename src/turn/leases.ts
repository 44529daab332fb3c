// What running turns hold in the store is held for a short time only, so that nothing stays held by a process that has
// died. Here it is renewed, all of it by one timer.
type Renew = () => Promise<unknown>;

export class Leases {
  readonly ttlMs: number;
  readonly #kept = new Set<{ readonly renew: Renew; isRenewing: boolean }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(ttlMs = 15_000) {
    this.ttlMs = ttlMs;
  }

  /** Renews until the returned function is called. `renew` takes care of its own failures. */
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

  #renewAll(): void {
    for (const kept of this.#kept) {
      // A store that hangs is not asked again and again.
      if (kept.isRenewing) continue;
      kept.isRenewing = true;
      void kept.renew().finally(() => {
        kept.isRenewing = false;
      });
    }
  }
}
