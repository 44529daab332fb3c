// Of requests with one `Idempotency-Key` one runs, wherever the others come. Its turn keeps the answer; the claim only
// says that it is on its way.
import { keyInUse, keyReused } from '../conversation/repeated-key.ts';
import type { Space, TurnMark } from '../conversation/session.ts';
import type { SessionStore } from '../store/session-store.ts';
import type { Answer } from './answer.ts';
import type { Leases } from './leases.ts';
import { findAnswer } from './replay-turn.ts';
import type { TurnParts } from './turn-parts.ts';

export interface ClaimedKey {
  /** To be called however the turn ends. */
  release(): void;
}

interface ClaimParts {
  readonly store: SessionStore;
  readonly leases: Leases;
  readonly holder: string;
  readonly log: TurnParts['log'];
}

/**
 * The answer that is stored, or leave to make one.
 * @throws ProxyError `idempotency_key_in_use`, `idempotency_key_reused`, `store_unavailable`
 */
export async function findAnswerOrClaim(
  mark: TurnMark,
  space: Space,
  parts: ClaimParts,
): Promise<{ readonly answer: Answer } | { readonly claimed: ClaimedKey }> {
  const { store } = parts;
  const answer = await findAnswer(mark, space, store);
  if (answer) return { answer };
  const claimed = await claim(mark, space, parts);
  try {
    // The first request may have ended in between.
    const latest = await findAnswer(mark, space, store);
    if (!latest) return { claimed };
    claimed.release();
    return { answer: latest };
  } catch (error) {
    claimed.release();
    throw error;
  }
}

async function claim(
  { key, fingerprint }: TurnMark,
  space: Space,
  { store, leases, holder, log }: ClaimParts,
): Promise<ClaimedKey> {
  const request = { fingerprint, holder, ttlMs: leases.ttlMs };
  const inPassing = async (asked: Promise<unknown>) => {
    await asked.catch(error => log.debug({ err: error }, 'an idempotency key could not be renewed or freed'));
  };
  const settle = () => inPassing(leases.letGo(() => store.settle(space, key, holder)));
  const found = await store.claim(space, key, request).catch((error: unknown) => {
    // Where no answer comes, it may be claimed all the same.
    void settle();
    throw error;
  });
  if (found.status === 'running' && found.fingerprint === fingerprint) throw keyInUse();
  // What has an answer that is no turn was another request.
  if (found.status !== 'claimed') throw keyReused();
  const stopRenewing = leases.keep(() => inPassing(store.claim(space, key, request)));
  let isReleased = false;
  return {
    release: () => {
      if (isReleased) return;
      isReleased = true;
      stopRenewing();
      void settle();
    },
  };
}
