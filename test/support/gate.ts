/** A place where a script waits until the test says go. */
export class Gate {
  /** Resolves when the script has come to the gate. */
  readonly reached: Promise<void>;
  /** Resolves when the gate is open. */
  readonly opened: Promise<void>;
  readonly #reach: () => void;
  readonly #open: () => void;

  constructor() {
    const reached = Promise.withResolvers<void>();
    const opened = Promise.withResolvers<void>();
    this.reached = reached.promise;
    this.opened = opened.promise;
    this.#reach = reached.resolve;
    this.#open = opened.resolve;
  }

  /** For the one that waits. */
  arrive(): Promise<void> {
    this.#reach();
    return this.opened;
  }

  open(): void {
    this.#open();
  }
}
