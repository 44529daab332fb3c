// One turn at a time per session, also where several proxies share a store: within this process by the gate, so that
// only the first in its queue asks, and beyond it by the store.
import type { SessionKey, Turn } from '../conversation/session.ts';
import type { AppendResult, ReadResult, SessionStore } from '../store/session-store.ts';
import type { Leases } from './leases.ts';
import { locked, type SessionGate } from './session-gate.ts';

export interface HoldParts {
  readonly store: SessionStore;
  readonly gate: SessionGate;
  readonly leases: Leases;
  /** Unique among all that share the store. */
  readonly holder: string;
  /** Aborted when the client has left. */
  readonly signal: AbortSignal;
  readonly log: { debug(details: object, message: string): void };
}

const firstPauseMs = 25;
const maxPauseMs = 250;

/** @throws ProxyError `conversation_locked` where the queue is full or the wait too long; the signal's reason. */
export async function waitForSession(key: SessionKey, parts: HoldParts): Promise<HeldSession> {
  const { gate, signal } = parts;
  const untilMs = performance.now() + gate.waitMs;
  const session = new HeldSession(key, parts, await gate.enter(key, signal));
  try {
    let pauseMs = firstPauseMs;
    while (!(await session.hold())) {
      const restMs = untilMs - performance.now();
      if (restMs <= 0) throw locked('the wait took too long');
      // Not in step with others that wait.
      const jitteredMs = pauseMs * (0.5 + Math.random() / 2);
      await pause(Math.min(jitteredMs, restMs), signal);
      pauseMs = Math.min(pauseMs * 2, maxPauseMs);
    }
    signal.throwIfAborted();
    return session;
  } catch (error) {
    session.release();
    throw error;
  }
}

/** Undefined where somebody else's turn is running: that is not waited for. */
export async function tryHoldSession(key: SessionKey, parts: HoldParts): Promise<HeldSession | undefined> {
  const { gate, signal } = parts;
  if (gate.isBusy(key)) return undefined;
  const session = new HeldSession(key, parts, await gate.enter(key, signal));
  try {
    if (await session.hold()) return session;
  } catch (error) {
    session.release();
    throw error;
  }
  session.release();
  return undefined;
}

export class HeldSession {
  readonly key: SessionKey;
  readonly #parts: HoldParts;
  readonly #openGate: () => void;
  #read: ReadResult = { status: 'missing' };
  #stopRenewing = () => {};
  #isHeld = false;

  constructor(key: SessionKey, parts: HoldParts, openGate: () => void) {
    this.key = key;
    this.#parts = parts;
    this.#openGate = openGate;
  }

  /** As it was when it was held. */
  get read(): ReadResult {
    return this.#read;
  }

  /** False where somebody else holds it. */
  async hold(): Promise<boolean> {
    const { store, leases } = this.#parts;
    // Where no answer comes, it may be held all the same.
    this.#isHeld = true;
    const read = await store.hold(this.key, this.#lease);
    this.#isHeld = read.status !== 'busy';
    if (read.status === 'busy') return false;
    this.#read = read;
    // A renewal that fails, or comes too late, changes nothing: the append decides.
    this.#stopRenewing = leases.keep(() => this.#inPassing(store.hold(this.key, this.#lease)));
    return true;
  }

  /** Lets the next turn in as well, wherever it waits, unless this one is refused. */
  async append(turn: Turn, expectedVersion: number): Promise<AppendResult> {
    const { store, holder } = this.#parts;
    // A renewal behind the append would hold what the append let go of.
    this.#stopRenewing();
    const appended = await store.append(this.key, turn, { expectedVersion, holder });
    if (appended.status === 'appended') this.#isHeld = false;
    return appended;
  }

  /** To be called however the turn ends. */
  release(): void {
    const { store, holder, leases } = this.#parts;
    this.#stopRenewing();
    if (this.#isHeld) void this.#inPassing(leases.letGo(() => store.letGo(this.key, holder)));
    this.#isHeld = false;
    this.#openGate();
  }

  get #lease() {
    return { holder: this.#parts.holder, ttlMs: this.#parts.leases.ttlMs };
  }

  async #inPassing(asked: Promise<unknown>): Promise<void> {
    await asked.catch(error =>
      this.#parts.log.debug({ err: error }, 'what a turn holds could not be renewed or let go of'),
    );
  }
}

/** @throws the signal's reason. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const leave = () => reject(signal.reason);
  signal.addEventListener('abort', leave);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', leave);
  }
}
