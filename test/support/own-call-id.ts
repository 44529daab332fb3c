// The ids of calls as clients are given them, whatever Cohere called the calls.
import { expect } from 'vitest';

/** Equal to each of them. */
export const ownCallId: string = expect.stringMatching(/^call_[A-Za-z0-9]{22}$/);

export function asGivenOut<Call extends { readonly id: string }>(calls: readonly Call[] = []): Call[] {
  return calls.map(call => ({ ...call, id: ownCallId }));
}
