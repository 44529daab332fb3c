// XA2, XA3, XA4: however alike the conversations of one key are, no word of one reaches another: not what Cohere is sent, not what
// the client is answered, not what is stored.
import { describe, expect, test } from 'vitest';
import { planning, reasoning, sayNative } from '../clients/native-answer.ts';
import { readTurn, type WireMessage } from '../clients/transcript-client.ts';
import { cohereComplaints } from '../support/cohere-schema.ts';
import type { UpstreamRequest } from '../support/fake-cohere.ts';
import { demandRedis, hasRedis } from '../support/redis-server.ts';
import { randomSource } from '../support/seed.ts';
import { type Pair, startPair } from '../support/start.ts';
import { newFile, newServer } from '../support/stores.ts';
import { type Alike, Chat, canary } from './mixing-chat.ts';
import type { Pick } from './transcript-losses.ts';

demandRedis('conversations that look alike on Redis');

/** More by hand: `MIXING_RUNS=500 npx vitest run test/properties/mixing.test.ts`. */
const runs = Number(process.env.MIXING_RUNS ?? 0);
const stores = [
  { name: 'memory', runs: runs || 25, open: async () => 'memory:' },
  { name: 'SQLite', runs: runs || 10, open: newFile },
  ...(hasRedis ? [{ name: 'Redis', runs: runs || 6, open: newServer }] : []),
];

const system = (content: string): WireMessage => ({ role: 'system', content });

function drawAlike(pick: Pick): Alike {
  return {
    user: pick(undefined, undefined, undefined, 'ada'),
    label: pick(undefined, undefined, 'chat-1', 'chat-2'),
    system: pick<readonly WireMessage[]>(
      [],
      [system('Be kind.')],
      [system('Be kind.')],
      [system('Be brief.')],
      [system('We open at 09:00.')],
      [system('We open at 10:00.')],
      [system(`Be kind. It is ${new Date().toISOString()}.`)],
    ),
    model: pick(planning, reasoning, reasoning),
    ids: pick('kept', 'kept', 'kept', 'constant', 'counted', 'upper', 'none'),
    args: pick('kept', 'written anew', 'dropped', 'coerced'),
    bringsReasoning: pick(true, false),
    isBrought: pick(true, false, false),
  };
}

describe.each(stores)('on $name', store => {
  test('[XA2] no word of one conversation reaches another', { timeout: 1_200_000 }, async () => {
    const pair = await startPair({
      passthrough: true,
      sessionStore: await store.open(),
      tokenizer: 'none',
    });
    const seen = { continued: 0, forked: 0, new: 0 };
    for (let run = 0; run < store.runs; run += 1) {
      const random = randomSource(`mixing ${store.name} ${run}`);
      const pick: Pick = (...values) =>
        values[Math.floor(random() * values.length)] as (typeof values)[number];
      try {
        await play(pair, `Bearer key-of-${store.name}-${run}-0123456789`, pick, seen);
      } catch (error) {
        throw new Error(`run ${run}`, { cause: error });
      }
    }
    // It is a test only where sessions are found.
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(store.runs);
  });
});

async function play(
  { fake, send, post }: Pair,
  authorization: string,
  pick: Pick,
  seen: Record<string, number>,
): Promise<void> {
  const shared = drawAlike(pick);
  const chats = Array.from({ length: pick(3, 4, 6, 12) }, (_, number) => {
    const own = drawAlike(pick);
    // Most of what tells them apart is the same.
    const alike = Object.fromEntries(
      Object.entries(own).map(([key, value]) => [
        key,
        pick(true, true, false) ? shared[key as keyof Alike] : value,
      ]),
    );
    return new Chat(number, alike as unknown as Alike);
  });
  fake.setDefault(request => {
    const chat = chats[numberOf(request)] as Chat;
    const { model, stream } = request.json as { model: string; stream: boolean };
    return sayNative(chat.answer(pick, model === reasoning), stream);
  });

  const ask = async (chat: Chat): Promise<void> => {
    const { alike, number } = chat;
    const messages = chat.next(pick);
    const stream = pick(true, false);
    const isNamed = pick(...Array(9).fill(false), true) && chat.sessionId !== undefined;
    const body = {
      model: alike.model,
      messages: [...alike.system, ...messages],
      stream,
      seed: number,
      user: alike.user,
      ...(alike.ids === 'none' ? { parallel_tool_calls: false } : {}),
      ...(pick(true, true, true, false) ? { tools: chat.tools } : {}),
      ...(isNamed ? { sessionId: chat.sessionId, history: 'replace' } : {}),
      include_messages: true,
    };
    const headers = {
      authorization,
      ...(alike.label === undefined ? {} : { 'x-session-id': alike.label }),
      ...pick({}, {}, { 'x-stainless-retry-count': '1' }),
    };
    if (pick(...Array(9).fill(false), true)) {
      const counted = await send('POST', '/v1/chat/completions/input_tokens', {
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      expect(counted.status).toBe(200);
      expectOwn(await counted.text(), number);
    }
    const response = await post(body, { headers });
    const whole = response.clone().text();
    if (response.status !== 200) throw new Error(await whole);
    const { id, state, message } = await readTurn(response, stream);
    expectOwn(await whole, number);
    seen[state ?? 'none'] = (seen[state ?? 'none'] ?? 0) + 1;
    const query = new URLSearchParams({ format: 'native', user: alike.user ?? '' });
    const stored = await send('GET', `/v1/sessions/${id}?${query}`, { headers: { authorization } });
    expect(stored.status).toBe(200);
    expectOwn(await stored.text(), number);
    if (messages.at(-1)?.content === 'Generate a title.') return;
    chat.sessionId = id;
    chat.take(messages, message);
  };

  const before = fake.chatRequests.length;
  for (let step = 0; step < 24; step += 1) {
    const chat = pick(...chats);
    const other = pick(...chats, chat, chat);
    await Promise.all(other === chat ? [ask(chat)] : [ask(chat), ask(other)]);
  }
  for (const request of fake.chatRequests.splice(before)) {
    expect(cohereComplaints(request.json)).toEqual([]);
    expectOwn(request.body.toString(), numberOf(request));
  }
}

function numberOf({ json }: UpstreamRequest): number {
  return (json as { seed: number }).seed;
}

function expectOwn(text: string, number: number): void {
  const foreign = [...text.matchAll(canary)].filter(([, of]) => Number(of) !== number).map(([word]) => word);
  expect({ number, foreign }).toEqual({ number, foreign: [] });
}
