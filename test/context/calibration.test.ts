// What Cohere counts corrects what the proxy counts; it can be seen, and is kept with the sessions.
import { afterEach, expect, test, vi } from 'vitest';
import type { CohereProxyOptions } from '../../src/index.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { type Pair, startPair, within } from '../support/start.ts';

afterEach(() => void vi.restoreAllMocks());

const model = 'command-a-03-2025';
const messages = [{ role: 'user', content: 'Where is the key?' }];

interface Counted {
  readonly input_tokens: number;
  readonly calibration: { readonly correction: number; readonly answers: number; readonly features: string };
}

/** Estimates, so that it makes no difference whether the optional vocabulary is there. */
const start = (options: CohereProxyOptions = {}) => startPair({ tokenizer: 'none', ...options });

async function count(pair: Pair): Promise<Counted> {
  const body = JSON.stringify({ model, messages });
  const headers = { 'content-type': 'application/json' };
  const response = await pair.send('POST', '/v1/chat/completions/input_tokens', { headers, body });
  expect(response.status).toBe(200);
  return (await response.json()) as Counted;
}

/** Three answers to the same prompt, for which Cohere counts so many tokens. */
async function answer(pair: Pair, inputTokens: number): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) {
    pair.fake.replyJson({
      id: 'resp',
      message: { role: 'assistant', content: [{ type: 'text', text: 'There.' }] },
      finish_reason: 'COMPLETE',
      usage: { tokens: { input_tokens: inputTokens, output_tokens: 2 } },
    });
    expect((await pair.post({ model, messages })).status).toBe(200);
  }
}

test('input_tokens follows what Cohere counts, and tells by how much', async () => {
  const pair = await start();
  const before = await count(pair);
  expect(before.calibration).toEqual({ correction: 0, answers: 0, features: 'estimated' });
  await answer(pair, before.input_tokens + 37);
  expect(await count(pair)).toEqual({
    ...before,
    input_tokens: before.input_tokens + 37,
    whole_tokens: before.input_tokens + 37,
    calibration: { correction: 37, answers: 3, features: 'estimated' },
  });
});

test('it is written before the store is closed, and the next start knows it', async () => {
  const notes = new Map<string, string>();
  vi.spyOn(MemoryStore.prototype, 'writeNote').mockImplementation(async (name, note) => {
    notes.set(name, note);
  });
  vi.spyOn(MemoryStore.prototype, 'readNote').mockImplementation(async name => notes.get(name));
  const closed = vi.spyOn(MemoryStore.prototype, 'close').mockImplementation(async () => {
    expect([...notes.keys()]).toEqual(['calibration']);
  });
  const first = await start();
  const { input_tokens } = await count(first);
  await answer(first, input_tokens + 37);
  expect(notes.size).toBe(0);
  await first.server.close();
  expect(closed).toHaveBeenCalledTimes(1);
  const second = await start();
  expect(await count(second)).toMatchObject({
    input_tokens: input_tokens + 37,
    calibration: { correction: 37, answers: 3 },
  });
});

test.each([
  ['fails', async () => Promise.reject(new Error('broken'))],
  ['hangs', () => new Promise<never>(() => {})],
  ['holds nonsense', async () => 'nonsense'],
])('a store that %s is no reason not to start', async (_, readNote) => {
  vi.spyOn(MemoryStore.prototype, 'readNote').mockImplementation(readNote);
  const pair = await within(start(), 'start');
  expect((await count(pair)).calibration.answers).toBe(0);
});

test('without sessions it is learned all the same', async () => {
  const pair = await start({ sessionStore: 'none' });
  const { input_tokens } = await count(pair);
  await answer(pair, input_tokens + 37);
  expect((await count(pair)).input_tokens).toBe(input_tokens + 37);
});
