// What the suites of the contract are told about a store, and what they say to it.
import { expect } from 'vitest';
import { ProxyError } from '../../src/conversation/errors.ts';
import type { Session, SessionKey, Turn } from '../../src/conversation/session.ts';
import type { SessionStore } from '../../src/store/session-store.ts';

export interface StoreSettings {
  readonly sessionIdleMs: number;
  readonly tombstoneMs: number;
  readonly sessionBytes: number;
  readonly sessionMessages: number;
}

export interface StoreUnderTest {
  readonly store: SessionStore;
  /** Moves the clock. */
  wait(ms: number): void;
}

export type StartStore = (settings: StoreSettings) => Promise<StoreUnderTest>;

/** Starts a store that is closed when the test is over. */
export type BeginStore = (settings?: Partial<StoreSettings>) => Promise<StoreUnderTest>;

export const roomy: StoreSettings = {
  sessionIdleMs: 1_000,
  tombstoneMs: 10_000,
  sessionBytes: 1_000_000,
  sessionMessages: 1_000,
};

/** Names that a careless store would take for one another. */
export const spaces = [
  { owner: 'ada', user: undefined },
  { owner: 'ada', user: '' },
  { owner: 'ada', user: 'bob' },
  { owner: 'eve', user: undefined },
  { owner: 'eve', user: 'bob' },
  { owner: 'ada', user: 'a\nb' },
  { owner: 'ada', user: 'us' },
];

export const key = (id = 's', user?: string, owner = 'ada'): SessionKey => ({ owner, user, id });

let made = 0;

/** A turn with a new id that appends to everything, where nothing else is said. */
export function turn(said: string, more: Partial<Turn> = {}): Turn {
  made += 1;
  return {
    id: `turn_${made}`,
    model: 'm',
    dialect: 'session',
    system: [],
    tools: [],
    keep: Number.MAX_SAFE_INTEGER,
    added: [{ role: 'user', content: said }],
    reply: {
      message: { role: 'assistant', content: 'noted' },
      finishReason: 'stop',
      rawFinishReason: 'COMPLETE',
    },
    answerId: `chatcmpl-${made}`,
    createdAtMs: 0,
    ...more,
  };
}

export const marked = (said: string, markKey: string, more: Partial<Turn> = {}) =>
  turn(said, { mark: { key: markKey, fingerprint: `of ${said}`, ttlMs: 500 }, ...more });

/** A turn that begins a branch of what was read. */
export const branchOff = (parent: Session, keep: number, said: string, more: Partial<Turn> = {}) =>
  turn(said, {
    keep,
    parent: { id: parent.key.id, rootId: parent.rootId, messages: parent.messages },
    ...more,
  });

export async function found(store: SessionStore, of: SessionKey): Promise<Session | undefined> {
  const read = await store.read(of);
  return read.status === 'found' ? read.session : undefined;
}

export async function mustFind(store: SessionStore, of: SessionKey): Promise<Session> {
  const session = await found(store, of);
  if (!session) throw new Error(`${of.id} is not there`);
  return session;
}

export const saidIn = (session: Session | undefined) =>
  session && [...session.messages].filter(({ role }) => role === 'user').map(({ content }) => content);

/** A session of so many turns: `1`, `2`, … */
export async function fill(store: SessionStore, of: SessionKey, turns = 1): Promise<Session> {
  for (let version = 0; version < turns; version += 1) {
    const appended = await store.append(of, turn(String(version + 1)), { expectedVersion: version });
    expect(appended.status).toBe('appended');
  }
  return mustFind(store, of);
}

export const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'works',
    (error: unknown) => (error instanceof ProxyError ? error.code : String(error)),
  );
