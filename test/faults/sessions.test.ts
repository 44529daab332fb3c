// Several turns and one session; sessions that vanish; a store without room. Catalogue S9, S12, S24.
import { describe, expect, it } from 'vitest';
import { start as begin, frames, messageEnd, text } from '../support/cohere-stream.ts';
import { Gate } from '../support/gate.ts';
import {
  ask,
  expectAnswered,
  expectFailed,
  goodAnswer,
  readOutcome,
  readSession,
} from '../support/outcome.ts';
import { type Pair, startPair } from '../support/start.ts';
import { chunk, end, gate, head, json } from '../support/upstream-script.ts';

function echo(pair: Pair): void {
  pair.fake.setDefault(({ json: body }) => {
    const { messages } = body as { messages: { content: string }[] };
    return json(goodAnswer(`re ${messages.at(-1)?.content}`));
  });
}

describe('S9 parallel turns of one session', () => {
  it('[S9] 100 at once that may all wait, round after round: each is there once, whole, and in order', async () => {
    const pair = await startPair({ limits: { sessionQueue: 100 } });
    echo(pair);
    const lengths: number[] = [];
    const sent: string[] = [];
    for (let round = 0; round < 5; round += 1) {
      const outcomes = await Promise.all(
        Array.from({ length: 100 }, (_, n) =>
          ask(pair, { sessionId: 's', message: `${round}-${n}`, stream: n % 2 === 0 }),
        ),
      );
      for (const [n, outcome] of outcomes.entries()) {
        expectAnswered(outcome, `re ${round}-${n}`);
        lengths.push(outcome.messages?.length ?? 0);
        sent.push(`${round}-${n}`);
      }
    }
    // Each saw all that were before it, and no two saw the same.
    expect(lengths.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, n) => 2 * (n + 1)));
    const said = (await readSession(pair, 's'))?.messages.map(({ content }) => String(content)) ?? [];
    const asked = said.filter((_, at) => at % 2 === 0);
    expect(said.filter((_, at) => at % 2 === 1)).toEqual(asked.map(message => `re ${message}`));
    expect(asked.toSorted()).toEqual(sent.toSorted());
  });

  it('S9 with the usual queue: who is sent away left no trace, who was answered is there', async () => {
    const pair = await startPair();
    echo(pair);
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, n) => ask(pair, { sessionId: 's', message: `${n}` })),
    );
    const answered = outcomes.flatMap((outcome, n) => (outcome.status === 200 ? [`${n}`] : []));
    for (const outcome of outcomes)
      if (outcome.status !== 200) expectFailed(outcome, 'conversation_locked', 409);
    const asked = (await readSession(pair, 's'))?.messages.filter((_, at) => at % 2 === 0) ?? [];
    expect(asked.map(({ content }) => content).sort()).toEqual(answered.sort());
    expect(pair.fake.chatRequests).toHaveLength(answered.length);
  });
});

describe('S12 a session that vanishes while its turn runs', () => {
  it.each([true, false])('S12 deleted: session_conflict, and it stays deleted (stream %s)', async stream => {
    const pair = await startPair();
    echo(pair);
    await ask(pair, { sessionId: 's', message: 'one' });
    const place = new Gate();
    if (stream) {
      pair.fake.script(
        head(),
        chunk(frames(begin, text('a'))),
        gate(place),
        chunk(frames(messageEnd())),
        end(),
      );
    } else pair.fake.script(gate(place), ...json(goodAnswer('a')));
    const running = pair.post({ sessionId: 's', message: 'two', stream });
    await place.reached;
    expect((await pair.send('DELETE', '/v1/sessions/s')).status).toBe(200);
    place.open();
    expectFailed(await readOutcome(await running), 'session_conflict', stream ? 200 : 409);
    expect(await readSession(pair, 's')).toBeUndefined();
    const again = await ask(pair, { sessionId: 's', message: 'three' });
    expectAnswered(again, 're three');
    expect(again.messages).toHaveLength(2);
  });

  it('S12 a made id that was deleted is gone for those who waited', async () => {
    const pair = await startPair();
    echo(pair);
    const { sessionId } = await ask(pair, { message: 'one' });
    const place = new Gate();
    pair.fake.script(gate(place), ...json(goodAnswer('a')));
    const running = ask(pair, { sessionId, message: 'two' });
    await place.reached;
    const waiting = ask(pair, { sessionId, message: 'three' });
    await (await pair.send('DELETE', `/v1/sessions/${sessionId}`)).text();
    place.open();
    expectFailed(await running, 'session_conflict', 409);
    expectFailed(await waiting, 'session_not_found', 404);
  });

  it('S12 expired while it runs: a running turn keeps its session', async () => {
    const pair = await startPair({ limits: { sessionIdleMs: 500 } });
    echo(pair);
    await ask(pair, { sessionId: 's', message: 'one' });
    const place = new Gate();
    pair.fake.script(gate(place), ...json(goodAnswer('a')));
    const running = ask(pair, { sessionId: 's', message: 'two' });
    await place.reached;
    // Longer than the limit; reading another session makes the store look for what is due.
    await new Promise(resolve => setTimeout(resolve, 700));
    await readSession(pair, 'other');
    place.open();
    expectAnswered(await running, 'a');
  });
});

describe('I4 failed means untouched', () => {
  it('I4 an id that a failed first turn announced does not exist', async () => {
    const pair = await startPair();
    pair.fake.script(head(), chunk(frames(begin, text('a'))), end());
    const failed = await ask(pair, { message: 'x', stream: true });
    const sessionId = failed.headers.get('x-session-id') ?? '';
    expect(sessionId).toMatch(/^sess_/);
    expect(await readSession(pair, sessionId)).toBeUndefined();
    expectFailed(await ask(pair, { sessionId, message: 'y' }), 'session_not_found', 404);
  });
});

describe('S24 a store without room', () => {
  it('S24 the longest unused idle session gives way, and is told as expired', async () => {
    const pair = await startPair({ limits: { sessions: 2 } });
    echo(pair);
    for (const id of ['a', 'b']) expectAnswered(await ask(pair, { sessionId: id, message: 'x' }));
    // Looking at a session is no use of it; a turn is.
    await readSession(pair, 'b');
    expectAnswered(await ask(pair, { sessionId: 'a', message: 'y' }));
    expectAnswered(await ask(pair, { sessionId: 'c', message: 'x' }));
    expect(await readSession(pair, 'a')).toBeDefined();
    const gone = await ask(pair, { sessionId: 'b', message: 'x' });
    expectFailed(gone, 'session_not_found', 404);
    expect(gone.error).toMatchObject({ details: { expired: true } });
    for (const method of ['GET', 'DELETE']) {
      const looked = await (await pair.send(method, '/v1/sessions/b')).json();
      expect(looked).toMatchObject({ error: { code: 'session_not_found', details: { expired: true } } });
    }
  });

  it.each([true, false])(
    'S24 only running ones: 507 store_full for the new one (stream %s)',
    async stream => {
      const pair = await startPair({ limits: { sessions: 1 } });
      echo(pair);
      await ask(pair, { sessionId: 'a', message: 'x' });
      const place = new Gate();
      pair.fake.script(gate(place), ...json(goodAnswer('late')));
      const running = ask(pair, { sessionId: 'a', message: 'y' });
      await place.reached;
      if (stream)
        pair.fake.script(head(), chunk(frames(begin, text('b'))), chunk(frames(messageEnd())), end());
      expectFailed(
        await ask(pair, { sessionId: 'b', message: 'x', stream }),
        'store_full',
        stream ? 200 : 507,
      );
      place.open();
      expectAnswered(await running, 'late');
      expect((await readSession(pair, 'a'))?.messages).toHaveLength(4);
    },
  );

  it('S24 what does not fit even into an empty store pushes nobody out', async () => {
    const pair = await startPair({ limits: { sessionStoreBytes: 20_000, sessionBytes: 1_000_000 } });
    echo(pair);
    for (const id of ['a', 'b']) expectAnswered(await ask(pair, { sessionId: id, message: 'x' }));
    expectFailed(await ask(pair, { sessionId: 'c', message: 'y'.repeat(30_000) }), 'store_full', 507);
    expect(await readSession(pair, 'a')).toBeDefined();
    expect(await readSession(pair, 'b')).toBeDefined();
  });

  it('S24 a session at its limit: 507, what it holds stays, others are not disturbed', async () => {
    const pair = await startPair({ limits: { sessionMessages: 4 } });
    echo(pair);
    for (const message of ['1', '2']) expectAnswered(await ask(pair, { sessionId: 'a', message }));
    expectFailed(await ask(pair, { sessionId: 'a', message: '3' }), 'store_full', 507);
    expect((await readSession(pair, 'a'))?.messages).toHaveLength(4);
    expectAnswered(await ask(pair, { sessionId: 'b', message: '1' }));
  });
});
