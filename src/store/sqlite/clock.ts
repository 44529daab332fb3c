/** Time as the other thread tells it with every call. */
export interface Clock {
  nowMs: number;
}
