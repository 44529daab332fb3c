// `Idempotency-Key`: of requests with one key one runs, and the others get its answer. Catalogue C23, C25.
import OpenAI from 'openai';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ProxyError } from '../../src/conversation/errors.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { start as begin, frames, messageEnd, text } from '../support/cohere-stream.ts';
import { Gate } from '../support/gate.ts';
import { ask, expectAnswered, expectFailed, goodAnswer, readSession } from '../support/outcome.ts';
import { type Pair, startPair } from '../support/start.ts';
import { chunk, end, error, gate, head, json } from '../support/upstream-script.ts';

const key = { 'idempotency-key': 'k1' };
const named = { sessionId: 's', message: 'Hello' };
const model = 'command-a-03-2025';
const transcript = { model, messages: [{ role: 'user', content: 'Hello' }] };

/** A turn that has reached Cohere and stays there. */
async function startTurn(pair: Pair, body: object, headers: Record<string, string> = key) {
  const place = new Gate();
  pair.fake.script(gate(place), ...json(goodAnswer('Hi.')));
  const first = ask(pair, body, headers);
  await place.reached;
  return { first, place };
}

function answerEach(pair: Pair): void {
  let answers = 0;
  pair.fake.setDefault(({ json: body }) => {
    answers += 1;
    const answer = `answer ${answers}`;
    if (!(body as { stream?: boolean }).stream) return json(goodAnswer(answer));
    return [head(), chunk(frames(begin, text(answer), messageEnd())), end()];
  });
}

describe('the stored answer', () => {
  const bodies = { named, begun: { message: 'Hello' }, 'a transcript': transcript };

  it.each(
    Object.entries(bodies).flatMap(([name, body]) => [false, true].map(stream => ({ name, body, stream }))),
  )('[I5] is given again under the same ids: $name, stream $stream', async ({ body, stream }) => {
    const pair = await startPair();
    answerEach(pair);
    const given = { ...body, stream };
    const first = await ask(pair, given, key);
    expectAnswered(first, 'answer 1');
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    for (let repeat = 0; repeat < 2; repeat += 1) {
      const again = await ask(pair, given, key);
      expectAnswered(again, 'answer 1');
      expect(again.headers.get('idempotent-replayed')).toBe('true');
      expect(idsOf(again.raw)).toEqual(idsOf(first.raw));
      expect(again.isDone).toBe(stream);
      for (const name of ['x-session-id', 'x-session-state', 'content-type'])
        expect(again.headers.get(name), name).toBe(first.headers.get(name));
    }
    expect(pair.fake.chatRequests).toHaveLength(1);
    const stored = await readSession(pair, first.headers.get('x-session-id') ?? '');
    expect(stored?.messages).toHaveLength(2);
  });

  it('[I5] is given again after the session went on', async () => {
    const pair = await startPair();
    answerEach(pair);
    await ask(pair, named, key);
    await ask(pair, { sessionId: 's', message: 'More' });
    expectAnswered(await ask(pair, named, key), 'answer 1');
    expect((await readSession(pair, 's'))?.messages).toHaveLength(4);
  });

  it('[C25] belongs to one owner and one user', async () => {
    const pair = await startPair({ passthrough: true });
    answerEach(pair);
    const spaces = [
      { who: 'ada', body: transcript },
      { who: 'eve', body: transcript },
      { who: 'ada', body: { ...transcript, user: 'bob' } },
    ];
    for (const [at, { who, body }] of spaces.entries()) {
      const outcome = await ask(pair, body, { ...key, authorization: `Bearer key-of-${who}-0123456789` });
      expectAnswered(outcome, `answer ${at + 1}`);
    }
  });

  it('[C25] is refused to another body', async () => {
    const pair = await startPair();
    answerEach(pair);
    await ask(pair, named, key);
    for (const body of [{ ...named, message: 'Bye' }, { ...named, stream: true }, transcript])
      expectFailed(await ask(pair, body, key), 'idempotency_key_reused', 422);
    expect(pair.fake.chatRequests).toHaveLength(1);
  });

  it.each(['', 'x'.repeat(256), 'with space', 'ä'])(
    '[C25] has a key that can be kept, not %j',
    async name => {
      const pair = await startPair();
      const outcome = await ask(pair, named, { 'idempotency-key': name });
      expectFailed(outcome, 'invalid_value', 400);
      expect(outcome.error?.param).toBe('Idempotency-Key');
    },
  );
});

describe('while the first request runs', () => {
  it.each([named, { message: 'Hello' }, transcript])('[C23] [R17] 409, then its answer: %j', async body => {
    const pair = await startPair();
    const { first, place } = await startTurn(pair, body);
    for (let repeat = 0; repeat < 2; repeat += 1) {
      const second = await ask(pair, body, key);
      expectFailed(second, 'idempotency_key_in_use', 409);
      expect(second.headers.get('retry-after')).toBe('1');
      expect(second.headers.get('x-should-retry')).toBe('true');
      expect(second.error?.param).toBe('Idempotency-Key');
      expect(second.error?.message).not.toMatch(/session/i);
    }
    expectFailed(await ask(pair, { ...body, seed: 1 }, key), 'idempotency_key_reused', 422);
    place.open();
    expectAnswered(await first, 'Hi.');
    expectAnswered(await ask(pair, body, key), 'Hi.');
    expect(pair.fake.chatRequests).toHaveLength(1);
  });

  it('[C23] or waits for its session', async () => {
    const pair = await startPair();
    const { first, place } = await startTurn(pair, named, {});
    answerEach(pair);
    const more = { ...named, message: 'More' };
    const second = ask(pair, more, key);
    await expect.poll(async () => (await ask(pair, more, key)).error?.code).toBe('idempotency_key_in_use');
    place.open();
    expectAnswered(await first, 'Hi.');
    expectAnswered(await second, 'answer 1');
    expectAnswered(await ask(pair, more, key), 'answer 1');
  });

  it('[C23] the official client asks again by itself', async () => {
    const pair = await startPair();
    const client = new OpenAI({ baseURL: `${pair.url}/v1`, apiKey: 'any', maxRetries: 2 });
    const { first, place } = await startTurn(pair, transcript);
    const refused = new Promise<void>(resolve => {
      const claim = MemoryStore.prototype.claim;
      const spy = vi.spyOn(MemoryStore.prototype, 'claim').mockImplementation(async function (
        this: MemoryStore,
        ...given
      ) {
        const found = await claim.apply(this, given);
        if (found.status === 'running') resolve();
        return found;
      });
      onTestFinished(() => spy.mockRestore());
    });
    const body = { model, messages: [{ role: 'user' as const, content: 'Hello' }] };
    const second = client.chat.completions.create(body, { headers: key });
    await refused;
    place.open();
    expectAnswered(await first, 'Hi.');
    expect((await second).choices[0]?.message.content).toBe('Hi.');
    expect(pair.fake.chatRequests).toHaveLength(1);
  });

  it('[I5] many at once: one turn, and whoever was not told to wait got its answer', async () => {
    const pair = await startPair();
    answerEach(pair);
    for (let round = 1; round <= 10; round += 1) {
      const mark = { 'idempotency-key': `round ${round}`.replace(' ', '-') };
      const outcomes = await Promise.all(Array.from({ length: 10 }, () => ask(pair, named, mark)));
      for (const outcome of outcomes) {
        if (outcome.status === 409) expectFailed(outcome, 'idempotency_key_in_use', 409);
        else expectAnswered(outcome, `answer ${round}`);
      }
      expect(pair.fake.chatRequests).toHaveLength(round);
    }
    expect((await readSession(pair, 's'))?.messages).toHaveLength(20);
  });
});

describe('a first request that failed', () => {
  it('[R17] leaves the key to the next one', async () => {
    const pair = await startPair();
    pair.fake.script(...error(400, { message: 'no' }));
    expectFailed(await ask(pair, named, key), 'upstream_rejected', 400);
    expectFailed(await ask(pair, { sessionId: 'sess_unknown', message: 'x' }, key), 'session_not_found', 404);
    answerEach(pair);
    // Nothing was kept, so another body may have it as well.
    expectAnswered(await ask(pair, { ...named, message: 'Bye' }, key), 'answer 1');
    expectFailed(await ask(pair, named, key), 'idempotency_key_reused', 422);
  });

  it('[R17] because its client left', async () => {
    const pair = await startPair();
    const place = new Gate();
    pair.fake.script(gate(place), ...json(goodAnswer('never')));
    const client = new AbortController();
    const first = pair.post(named, { headers: key, signal: client.signal });
    await place.reached;
    client.abort();
    await expect(first).rejects.toThrow();
    answerEach(pair);
    await expect.poll(async () => (await ask(pair, named, key)).status).toBe(200);
    expect((await readSession(pair, 's'))?.messages).toHaveLength(2);
  });
});

describe('a store that fails', () => {
  it.each([
    ['claim', 'store_unavailable', 503],
    ['recall', 'store_unavailable', 503],
    ['claim', 'store_full', 507],
  ] as const)(
    '[S16] [K10] in %s by %s: %s for a session, none for a transcript',
    async (method, code, status) => {
      const pair = await startPair();
      answerEach(pair);
      const spy = vi.spyOn(MemoryStore.prototype, method).mockImplementation(async () => {
        throw new ProxyError(code, 'The session store does not answer.');
      });
      onTestFinished(() => spy.mockRestore());
      for (const body of [named, { message: 'Hello' }])
        expectFailed(await ask(pair, body, key), code, status);
      expectAnswered(await ask(pair, transcript, key), 'answer 1');
      spy.mockRestore();
      // It could be stored all the same.
      expectAnswered(await ask(pair, transcript, key), 'answer 1');
    },
  );
});

describe("C24 the client's own repeat of words that were said before", () => {
  const body = { sessionId: 's', message: 'Go on' };
  const attempt = (count: number) => ({ 'x-stainless-retry-count': String(count) });
  const busy = error(503, { message: 'no capacity' });

  it.each([false, true])(
    'gets an answer of its own where the second time failed, stream %s',
    async stream => {
      const pair = await startPair();
      answerEach(pair);
      const asked = { ...body, stream };
      expectAnswered(await ask(pair, asked, attempt(0)), 'answer 1');
      // Cohere fails twice, so that the proxy's own repeat is of no help.
      pair.fake.script(...busy);
      pair.fake.script(...busy);
      expect((await ask(pair, asked, attempt(0))).error?.code).toBe('upstream_error');
      const repeated = await ask(pair, asked, attempt(1));
      expectAnswered(repeated, 'answer 2');
      expect(repeated.headers.get('idempotent-replayed')).toBeNull();
      // The repeat of the repeat is one of that.
      const again = await ask(pair, asked, attempt(2));
      expectAnswered(again, 'answer 2');
      expect(again.headers.get('idempotent-replayed')).toBe('true');
      expect((await readSession(pair, 's'))?.messages).toHaveLength(4);
    },
  );

  it('gets the first answer where nothing was said since', async () => {
    const pair = await startPair();
    answerEach(pair);
    expectAnswered(await ask(pair, body, attempt(0)), 'answer 1');
    expectAnswered(await ask(pair, body, attempt(1)), 'answer 1');
    expect((await readSession(pair, 's'))?.messages).toHaveLength(2);
  });

  it('by the official client: both are stored', async () => {
    const pair = await startPair();
    answerEach(pair);
    const client = new OpenAI({ apiKey: 'any', baseURL: `${pair.url}/v1` });
    const send = () => client.post<{ reply: string }>('/chat/completions', { body });
    expect((await send()).reply).toBe('answer 1');
    pair.fake.replyError(429, { message: 'too many' }, { 'retry-after': '0' });
    expect((await send()).reply).toBe('answer 2');
    expect((await readSession(pair, 's'))?.messages).toHaveLength(4);
  });
});

/** Of a whole answer, or of each chunk. */
function idsOf(raw: string): unknown[] {
  const texts = raw.startsWith('{') ? [raw] : raw.split('\n\n').map(frame => frame.replace(/^data: /, ''));
  return [
    ...new Set(
      texts
        .filter(one => one.startsWith('{'))
        .map(one => {
          const { id, created, model } = JSON.parse(one);
          return JSON.stringify([id, created, model]);
        }),
    ),
  ];
}
