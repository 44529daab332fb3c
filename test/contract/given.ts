// What the suites of the contract are told about a store, and what they say to it.
import { expect } from 'vitest';
import { ProxyError } from '../../src/conversation/errors.ts';
import type { Message } from '../../src/conversation/message.ts';
import type { Session, SessionKey, Space, Turn } from '../../src/conversation/session.ts';
import type { AnsweredTurn, SessionStore } from '../../src/store/session-store.ts';

export interface StoreSettings {
  readonly sessionIdleMs: number;
  readonly transcriptIdleMs: number;
  readonly tombstoneMs: number;
  readonly sessionBytes: number;
  readonly sessionMessages: number;
  readonly ownerSessions: number;
  readonly ownerStoredBytes: number;
}

export interface StoreUnderTest {
  readonly store: SessionStore;
  /** Moves the clock, which stands still otherwise. */
  wait(ms: number): unknown;
  /** Another store on the same data, as a second process has it, or the same one after it was started again. */
  reopen?(): Promise<SessionStore>;
}

/** How much a store is asked that answers slowly. */
export interface SuiteSettings {
  /** Of each test with random input. */
  readonly runs: number;
  /** Of many appends at the same time. */
  readonly rounds: number;
  /** Whether several can share what is stored, and it outlives them: `reopen`. */
  readonly isShared: boolean;
}

export type StartStore = (settings: StoreSettings) => Promise<StoreUnderTest>;

/** Starts a store that is closed when the test is over, with all that are opened beside it. */
export type BeginStore = (settings?: Partial<StoreSettings>) => Promise<Required<StoreUnderTest>>;

export const roomy: StoreSettings = {
  sessionIdleMs: 1_000,
  // No other than the rest, where a test says nothing.
  transcriptIdleMs: 1_000,
  tombstoneMs: 10_000,
  sessionBytes: 1_000_000,
  sessionMessages: 1_000,
  ownerSessions: 100_000,
  ownerStoredBytes: 1_000_000_000,
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
export function turn(said: string, more: Partial<AnsweredTurn> = {}): AnsweredTurn {
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

/** A turn that nobody answered. */
export function unanswered(added: readonly Message[], more: Partial<Turn> = {}): Turn {
  const { reply: _reply, ...rest } = turn('');
  return { ...rest, added, ...more };
}

export const marked = (said: string, markKey: string, more: Partial<AnsweredTurn> = {}) =>
  turn(said, { mark: { key: markKey, fingerprint: `of ${said}`, ttlMs: 500 }, ...more });

/** A turn that begins a branch of what was read. */
export const branchOff = (parent: Session, keep: number, said: string, more: Partial<AnsweredTurn> = {}) =>
  turn(said, { keep, parent: parentOf(parent), ...more });

/** A turn that begins a branch which adds nothing yet. */
export const forkOf = (parent: Session, keep: number, more: Partial<Turn> = {}) =>
  unanswered([], { keep, parent: parentOf(parent), ...more });

const parentOf = ({ key: { id }, rootId, messages }: Session) => ({ id, rootId, messages });

export async function found(store: SessionStore, of: SessionKey): Promise<Session | undefined> {
  const read = await store.read(of);
  return read.status === 'found' ? read.session : undefined;
}

export async function mustFind(store: SessionStore, of: SessionKey): Promise<Session> {
  const session = await found(store, of);
  if (!session) throw new Error(`${of.id} is not there`);
  return session;
}

export async function deleteAll(store: SessionStore, owner: string): Promise<void> {
  for (;;) {
    const { sessions } = await store.list({ owner, branches: true, limit: 100 });
    if (sessions.length === 0) return;
    for (const { id, user } of sessions) expect(await store.delete({ owner, user, id })).toBe(true);
  }
}

/** The sessions that left an anchor, as they stand. */
export async function findByAnchor(
  store: SessionStore,
  space: Space,
  anchor: string,
  limit: number,
): Promise<Session[]> {
  const [found] = await store.findIdsByAnchors(space, [anchor], limit);
  const read = await Promise.all(
    (found?.ids ?? []).map(id => store.read({ owner: space.owner, user: space.user, id })),
  );
  return read.flatMap(one => (one.status === 'found' ? [one.session] : []));
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
