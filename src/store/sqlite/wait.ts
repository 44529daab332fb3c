const never = new Int32Array(new SharedArrayBuffer(4));

/** Only in a thread that has nobody else to serve. */
export function wait(ms: number): void {
  Atomics.wait(never, 0, 0, ms);
}
