import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { ProxyError } from '../conversation/errors.ts';
import type { TurnMark } from '../conversation/session.ts';
import { defaultLimits } from '../limits.ts';
import { MemoryStore } from '../store/memory-store.ts';
import { answerOnce, type OnceAnswer } from './answer-once.ts';

const space = { owner: 'ada', user: undefined };
const mark: TurnMark = { key: 'key:k', fingerprint: 'fork s', ttlMs: 1_000 };
const forked: OnceAnswer = { status: 201, body: { id: 'sess_1' } };

let store: MemoryStore;
let nowMs = 0;
let made = 0;
const warn = vi.fn();
const leases = { ttlMs: 15_000, keep: vi.fn((_renew: () => Promise<unknown>) => () => {}) };

beforeEach(() => {
  nowMs = 0;
  warn.mockClear();
  store = new MemoryStore({ limits: defaultLimits, now: () => nowMs });
  onTestFinished(() => store.close());
});

const once = (run: () => Promise<OnceAnswer>, repetition: TurnMark | undefined = mark, whose = space) =>
  answerOnce(
    {
      store,
      space: whose,
      repetition,
      leases,
      makeId: prefix => {
        made += 1;
        return prefix + made;
      },
      log: { warn },
    },
    run,
  );
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'answered',
    (error: unknown) => (error instanceof ProxyError ? error.code : error),
  );

test('without a key every request runs', async () => {
  const run = vi.fn(async () => forked);
  for (let n = 0; n < 2; n += 1)
    expect(
      await answerOnce({ store, space, repetition: undefined, makeId: String, leases, log: { warn } }, run),
    ).toMatchObject(forked);
  expect(run).toHaveBeenCalledTimes(2);
});

test('[R17] with one it runs once, and its answer is given again for as long as it is kept', async () => {
  const run = vi.fn(async () => forked);
  expect(await once(run)).toEqual({ ...forked, isReplayed: false });
  expect(await once(run)).toEqual({ ...forked, isReplayed: true });
  expect(await codeOf(once(run, { ...mark, fingerprint: 'fork t' }))).toBe('idempotency_key_reused');
  expect(run).toHaveBeenCalledTimes(1);
  nowMs += mark.ttlMs;
  expect((await once(run)).isReplayed).toBe(false);
});

test('[R7] another space has keys of its own', async () => {
  await once(async () => forked);
  expect((await once(async () => forked, mark, { ...space, owner: 'eve' })).isReplayed).toBe(false);
});

test('[C23] while it runs the others are told so', async () => {
  const answer = Promise.withResolvers<OnceAnswer>();
  const first = once(() => answer.promise);
  const run = vi.fn(async () => forked);
  expect(await codeOf(once(run))).toBe('idempotency_key_in_use');
  expect(await codeOf(once(run, { ...mark, fingerprint: 'other' }))).toBe('idempotency_key_reused');
  answer.resolve(forked);
  await first;
  expect(await once(run)).toEqual({ ...forked, isReplayed: true });
  expect(run).not.toHaveBeenCalled();
});

describe('what is no answer to keep', () => {
  test.each([409, 429, 500, 503])('status %d', async status => {
    await once(async () => ({ status, body: {} }));
    expect(await once(async () => forked)).toEqual({ ...forked, isReplayed: false });
  });

  test('a failure', async () => {
    const failing = once(async () => {
      throw new ProxyError('session_not_found', 'gone');
    });
    expect(await codeOf(failing)).toBe('session_not_found');
    expect(await once(async () => forked)).toEqual({ ...forked, isReplayed: false });
  });
});

test('a refusal that is returned is kept', async () => {
  const missing = { status: 404, body: { error: {} } };
  await once(async () => missing);
  expect(await once(async () => forked)).toEqual({ ...missing, isReplayed: true });
});

test('the key of a chat turn is refused', async () => {
  const turn = {
    id: 'turn_1',
    model: 'm',
    dialect: 'session' as const,
    system: [],
    tools: [],
    keep: 0,
    added: [],
    reply: {
      message: { role: 'assistant' as const, content: 'Hi.' },
      finishReason: 'stop' as const,
      rawFinishReason: 'COMPLETE',
    },
    answerId: 'a',
    createdAtMs: 0,
    mark: { ...mark, fingerprint: 'a chat' },
  };
  await store.append({ ...space, id: 's' }, turn, { expectedVersion: 0 });
  const run = vi.fn(async () => forked);
  for (let n = 0; n < 2; n += 1) expect(await codeOf(once(run))).toBe('idempotency_key_reused');
  expect(run).not.toHaveBeenCalled();
});

describe('[S16] a store that fails', () => {
  const away = () => Promise.reject(new ProxyError('store_unavailable', 'away'));

  test('at first: nothing runs, also where the claim was made', async () => {
    const claim = store.claim.bind(store);
    const run = vi.fn(async () => forked);
    vi.spyOn(store, 'claim').mockImplementationOnce(async (...given) => {
      await claim(...given);
      return away();
    });
    expect(await codeOf(once(run))).toBe('store_unavailable');
    expect(run).not.toHaveBeenCalled();
    expect((await once(run)).isReplayed).toBe(false);
  });

  test('at last: what was done is told', async () => {
    vi.spyOn(store, 'settle').mockImplementationOnce(away);
    expect(await once(async () => forked)).toEqual({ ...forked, isReplayed: false });
    expect(warn).toHaveBeenCalledTimes(1);
    expect(await codeOf(once(async () => forked))).toBe('idempotency_key_in_use');
  });
});
