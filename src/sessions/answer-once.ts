// `Idempotency-Key` for whatever writes sessions: of several requests with one key one runs, and the others get its
// answer. A failure is no answer: nothing was written, and the next one may run.
import { keyInUse, keyReused } from '../conversation/repeated-key.ts';
import type { Space, TurnMark } from '../conversation/session.ts';
import type { Claim, SessionStore } from '../store/session-store.ts';

export interface OnceOptions {
  readonly store: SessionStore;
  readonly space: Space;
  /** Undefined where the request has no key, and runs. */
  readonly repetition: TurnMark | undefined;
  readonly makeId: (prefix: string) => string;
  readonly leases: ClaimLeases;
  readonly log: { warn(details: object, message: string): void };
}

/** Keeps what is claimed until it is let go of, however long that takes (`turn/leases.ts`). */
export interface ClaimLeases {
  readonly ttlMs: number;
  keep(renew: () => Promise<unknown>): () => void;
}

export interface OnceAnswer {
  readonly status: number;
  readonly body: object;
}

/** @throws ProxyError `idempotency_key_in_use`, `idempotency_key_reused`, and what `run` throws. */
export async function answerOnce(
  { store, space, repetition, makeId, leases, log }: OnceOptions,
  run: () => Promise<OnceAnswer>,
): Promise<OnceAnswer & { readonly isReplayed: boolean }> {
  if (!repetition) return { ...(await run()), isReplayed: false };
  const { key, fingerprint, ttlMs } = repetition;
  const holder = makeId('once_');
  const settle = (answer?: OnceAnswer) =>
    store
      .settle(space, key, holder, answer && { text: JSON.stringify(answer), ttlMs })
      .catch(error => log.warn({ err: error }, 'the end of a request with an idempotency key was not kept'));
  const request = { fingerprint, holder, ttlMs: leases.ttlMs };
  const claim = await store.claim(space, key, request).catch(async (error: unknown) => {
    // It may have been claimed all the same.
    await settle();
    throw error;
  });
  if (claim.status !== 'claimed') return { ...readAnswer(claim, fingerprint), isReplayed: true };
  // A renewal that fails changes nothing for this one.
  const stopRenewing = leases.keep(() => store.claim(space, key, request).catch(() => undefined));
  try {
    // Only the turn of a chat is found so.
    if (await store.recall(space, key)) throw keyReused();
    const { status, body } = await run();
    stopRenewing();
    await settle(isKept(status) ? { status, body } : undefined);
    return { status, body, isReplayed: false };
  } catch (error) {
    stopRenewing();
    await settle();
    throw error;
  }
}

function readAnswer(claim: Exclude<Claim, { status: 'claimed' }>, fingerprint: string): OnceAnswer {
  if (claim.fingerprint !== fingerprint) throw keyReused();
  if (claim.status === 'running') throw keyInUse();
  return JSON.parse(claim.text) as OnceAnswer;
}

/** What may go otherwise the next time is no answer to keep. */
function isKept(status: number): boolean {
  return status < 500 && status !== 409 && status !== 429;
}
