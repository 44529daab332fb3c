import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { ProxyError } from '../conversation/errors.ts';
import type { Turn } from '../conversation/session.ts';
import { defaultLimits } from '../limits.ts';
import { MemoryStore } from '../store/memory-store.ts';
import { findAnswerOrClaim } from './claim-key.ts';
import { Leases } from './leases.ts';

const space = { owner: 'ada', user: undefined };
const mark = { key: 'key:k', fingerprint: 'of the body', ttlMs: 86_400_000 };

let store: MemoryStore;
let made = 0;

beforeEach(() => {
  vi.useFakeTimers();
  store = new MemoryStore({ limits: defaultLimits, now: Date.now });
  onTestFinished(async () => {
    await store.close();
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });
});

/** Each as if it came to another proxy. */
function request(fingerprint = mark.fingerprint) {
  made += 1;
  const parts = { store, leases: new Leases(15_000), holder: `turn_${made}`, log: { warn() {}, debug() {} } };
  return findAnswerOrClaim({ ...mark, fingerprint }, space, parts);
}

const outcomeOf = (asked: ReturnType<typeof request>) =>
  asked.then(
    found => ('answer' in found ? found.answer.answerId : found.claimed),
    (error: unknown) => (error instanceof ProxyError ? error.code : error),
  );

async function claimed() {
  const found = await request();
  if ('answer' in found) throw new Error('nothing was answered yet');
  return found.claimed;
}

function storeTurn(): Promise<unknown> {
  const turn: Turn = {
    id: 'turn',
    model: 'm',
    dialect: 'session',
    system: [],
    tools: [],
    keep: 0,
    added: [],
    reply: {
      message: { role: 'assistant', content: 'Hi.' },
      finishReason: 'stop',
      rawFinishReason: 'COMPLETE',
    },
    answerId: 'chatcmpl-1',
    createdAtMs: 0,
    mark,
  };
  return store.append({ ...space, id: 's' }, turn, { expectedVersion: 0 });
}

test('[R17] one runs, for as long as that takes; then the next one', async () => {
  const first = await claimed();
  await vi.advanceTimersByTimeAsync(120_000);
  expect(await outcomeOf(request())).toBe('idempotency_key_in_use');
  expect(await outcomeOf(request('of another'))).toBe('idempotency_key_reused');
  first.release();
  first.release();
  (await claimed()).release();
});

test('[R17] of a process that died the key is free after the lease', async () => {
  await store.claim(space, mark.key, { fingerprint: mark.fingerprint, holder: 'dead', ttlMs: 15_000 });
  expect(await outcomeOf(request())).toBe('idempotency_key_in_use');
  await vi.advanceTimersByTimeAsync(15_000);
  (await claimed()).release();
});

test('[I5] what ended between the look and the claim is found', async () => {
  const first = await claimed();
  vi.spyOn(store, 'recall').mockImplementationOnce(async () => {
    await storeTurn();
    first.release();
    return undefined;
  });
  expect(await outcomeOf(request())).toBe('chatcmpl-1');
  // And nothing stays claimed by who only looked.
  const found = await store.claim(space, mark.key, { fingerprint: 'x', holder: 'x', ttlMs: 1 });
  expect(found.status).toBe('claimed');
});

test('the key of another endpoint is refused, whatever it was asked', async () => {
  await store.claim(space, mark.key, { fingerprint: mark.fingerprint, holder: 'fork', ttlMs: 1 });
  await store.settle(space, mark.key, 'fork', { text: '{}', ttlMs: 1_000 });
  expect(await outcomeOf(request())).toBe('idempotency_key_reused');
});

test.each(['claim', 'recall'] as const)(
  '[S16] %s fails after the claim was made: nothing stays claimed',
  async method => {
    const away = new ProxyError('store_unavailable', 'away');
    if (method === 'claim') {
      const claim = store.claim.bind(store);
      vi.spyOn(store, 'claim').mockImplementationOnce(async (...given) => {
        await claim(...given);
        throw away;
      });
    } else vi.spyOn(store, 'recall').mockResolvedValueOnce(undefined).mockRejectedValueOnce(away);
    expect(await outcomeOf(request())).toBe('store_unavailable');
    (await claimed()).release();
  },
);
