// The client leaves. Catalogue C1, C2, C4, C15 and C23: nothing is stored, Cohere is let go at once, and the
// next request on the session succeeds at once.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { serverLetsGo } from '../support/accepted-socket.ts';
import { start as begin, frames, jsonHead, messageEnd, splitEvents, text } from '../support/cohere-stream.ts';
import { endless } from '../support/endless.ts';
import { fixture } from '../support/fixtures.ts';
import { Gate } from '../support/gate.ts';
import { ask, expectAnswered, goodAnswer, readOutcome, readSession } from '../support/outcome.ts';
import { postText, type RawClient } from '../support/raw-client.ts';
import { chatPath, type Pair, startPair, within } from '../support/start.ts';
import { chunk, end, gate, hang, head, json } from '../support/upstream-script.ts';

const ways: readonly (readonly ['FIN' | 'RST', (client: RawClient) => void])[] = [
  // Gone for good: who only says that it has sent all is answered (c-half-closed.test.ts).
  ['FIN', client => client.destroy()],
  ['RST', client => client.reset()],
];

async function expectLeftBehind(pair: Pair, leave: () => void): Promise<void> {
  const request = pair.fake.chatRequests.at(-1);
  leave();
  await expectLetGo(pair, request?.closed ?? Promise.reject());
  expect(await readSession(pair, 's')).toBeUndefined();
  pair.fake.replyJson(goodAnswer('next'));
  // The gate was opened: nobody waits for a session that nobody uses.
  expectAnswered(await within(ask(pair, { sessionId: 's', message: 'again' }), 'the next turn'), 'next');
}

/**
 * I8: Cohere is let go as soon as the proxy hears of it, not by a timer: before some requests that are made from now
 * on are answered. On a quiet machine these take less than 100 ms.
 */
async function expectLetGo(pair: Pair, closed: Promise<unknown>): Promise<void> {
  let isClosed = false;
  const noted = closed.then(() => {
    isClosed = true;
  });
  for (let asked = 0; asked < 30 && !isClosed; asked += 1) await (await pair.send('GET', '/health')).text();
  expect(isClosed, 'I8: Cohere was let go').toBe(true);
  await noted;
}

const request = (stream: boolean) => postText(chatPath, { sessionId: 's', message: 'hi', stream });

describe.each(ways)('by %s', (_how, leave) => {
  it.each([true, false])('C1 before the headers (stream %s)', async stream => {
    const pair = await startPair();
    pair.fake.script(hang());
    const client = await pair.connect();
    await client.send(request(stream));
    await pair.fake.nextChatRequest();
    await expectLeftBehind(pair, () => leave(client));
  });

  it('C1 while a whole answer comes', async () => {
    const pair = await startPair();
    const place = new Gate();
    pair.fake.script(head(200, jsonHead), chunk('{"id":"x",'), gate(place), hang());
    const client = await pair.connect();
    await client.send(request(false));
    await place.reached;
    await expectLeftBehind(pair, () => leave(client));
  });

  it('C1 while it waits in the queue of a session: its turn never runs', async () => {
    const pair = await startPair();
    const place = new Gate();
    pair.fake.script(gate(place), ...json(goodAnswer('one')));
    const first = ask(pair, { sessionId: 's', message: 'one' });
    await place.reached;
    const client = await pair.connect();
    await client.send(request(false));
    // It has been read once a later request of the same server was answered.
    await (await pair.send('GET', '/health')).text();
    const letGo = serverLetsGo(client);
    leave(client);
    await within(letGo, 'the end of the connection');
    place.open();
    expectAnswered(await first, 'one');
    pair.fake.replyJson(goodAnswer('two'));
    expectAnswered(await ask(pair, { sessionId: 's', message: 'two' }), 'two');
    expect(pair.fake.chatRequests).toHaveLength(2);
    expect((await readSession(pair, 's'))?.messages).toHaveLength(4);
  });

  for (const name of ['plain', 'plan-parallel-calls']) {
    const events = splitEvents(fixture(`${name}.sse`));
    const lastEvent = events.findIndex(event => event.includes('message-end'));
    it(`C2 after each of the ${lastEvent} events of ${name}`, async () => {
      for (let sent = 1; sent <= lastEvent; sent += 1) {
        const pair = await startPair();
        const place = new Gate();
        pair.fake.script(head(), chunk(events.slice(0, sent).join('')), gate(place), chunk('x'), hang());
        const client = await pair.connect();
        await client.send(request(true));
        await place.reached;
        // Every second time the client leaves only when it has seen what was sent so far.
        if (sent > 2 && sent % 2 === 0) await client.waitFor('data: ');
        await expectLeftBehind(pair, () => leave(client));
      }
    });
  }
});

describe('C4 a reader that stops', () => {
  it('C4 back-pressure reaches Cohere; after the write timeout the stream is dropped', async () => {
    const pair = await startPair({ limits: { clientWriteTimeoutMs: 400 } });
    const body = endless(frames(text('x'.repeat(4_000))), 60_000_000);
    pair.fake.script(head(), chunk(frames(begin)), body.step, hang());
    const client = await pair.connect();
    await client.send(request(true));
    await client.waitFor('data: ');
    client.pause();
    const upstream = pair.fake.chatRequests[0];
    await within(upstream?.closed ?? Promise.reject(), 'the upstream request');
    // Two pairs of kernel buffers; without back-pressure it would be all 60 MB.
    expect(body.producedBytes).toBeLessThan(25_000_000);
    expect(await readSession(pair, 's')).toBeUndefined();
    pair.fake.replyJson(goodAnswer('next'));
    expectAnswered(await ask(pair, { sessionId: 's', message: 'again' }), 'next');
  });

  it('C4 a slow reader gets everything', async () => {
    const pair = await startPair();
    const piece = frames(text('x'.repeat(4_000)));
    const body = endless(piece, piece.length * 4_000);
    const messageEnd = { type: 'message-end', delta: { finish_reason: 'COMPLETE' } };
    pair.fake.script(head(), chunk(frames(begin)), body.step, chunk(frames(messageEnd)), end());
    const response = await pair.post({ message: 'hi', stream: true, include_messages: false });
    // Until it is read, most of it stays where it is made.
    await new Promise(resolve => setTimeout(resolve, 300));
    const outcome = await readOutcome(response);
    expectAnswered(outcome);
    expect(outcome.text).toHaveLength(16_000_000);
  });

  // The turn is stored by then; what is left is an answer that nobody takes, which must not stay for ever.
  it.each([
    ['a whole answer', false, false],
    ['the last frames of a stream', true, false],
    ['a whole answer, while its client goes on sending,', false, true],
    ['the last frames of a stream, while its client goes on sending,', true, true],
  ])('C4 %s that is never read is given up after the write timeout', async (_what, stream, isSending) => {
    const pair = await startPair({
      limits: { clientWriteTimeoutMs: 300 },
      contexts: { 'my-own': 100_000_000 },
      // Counting so much takes seconds.
      tokenizer: 'none',
    });
    // More than the kernel's buffers take; in a stream it comes back in `messages` of the last frame.
    const half = 'a line of words\n'.repeat(450_000);
    const long = half + half;
    pair.fake.replyJson(goodAnswer(stream ? 'short' : long));
    const reader = await stoppedReader(
      pair.url,
      // A model with room for it: what is too long for the others is refused.
      postText(chatPath, {
        model: 'my-own',
        message: stream ? [half, half].map(text => ({ type: 'text', text })) : 'hi',
        stream,
      }),
    );
    await pair.fake.nextChatRequest();
    if (isSending) reader.drip();
    await within(reader.givenUp, 'the end of the connection');
  });
});

/** Sends a request and reads nothing of the answer. `givenUp` resolves when the proxy has closed its end. */
async function stoppedReader(
  url: string,
  request: string,
): Promise<{ readonly givenUp: Promise<unknown>; drip(): void }> {
  const accepted = new Map<number | undefined, Socket>();
  const note = (message: unknown) => {
    const { socket } = message as { socket: Socket };
    accepted.set(socket.remotePort, socket);
  };
  subscribe('net.server.socket', note);
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  onTestFinished(() => {
    unsubscribe('net.server.socket', note);
    socket.destroy();
  });
  await once(socket, 'connect');
  socket.pause();
  const { localPort } = socket;
  const givenUp = (async () => {
    while (!accepted.has(localPort)) await nextTurn();
    const end = accepted.get(localPort);
    if (end && !end.destroyed) await once(end, 'close');
  })();
  socket.write(request);
  /** An empty line before a request means nothing. */
  const drip = () => {
    const dripping = setInterval(() => socket.write('\r\n'), 50);
    onTestFinished(() => clearInterval(dripping));
  };
  return { givenUp, drip };
}

describe('C15 pipelining', () => {
  it('C15 three requests in one write are answered in order', async () => {
    const pair = await startPair();
    pair.fake.setDefault(({ json: body }) => {
      const last = (body as { messages: { content: string }[] }).messages.at(-1);
      return json(goodAnswer(`re: ${last?.content}`));
    });
    const client = await pair.connect();
    const say = (message: string) => postText(chatPath, { message });
    await client.send(say('a') + say('b') + say('c'));
    for (const name of ['a', 'b', 'c']) {
      const { body, status } = await client.readResponse();
      expect([status, JSON.parse(body).reply]).toEqual([200, `re: ${name}`]);
    }
  });

  it('[XF9] C15 a second request during a stream is handled after it', async () => {
    const pair = await startPair();
    const place = new Gate();
    const message = { type: 'message-end', delta: { finish_reason: 'COMPLETE' } };
    pair.fake.script(head(), chunk(frames(begin, text('a'))), gate(place), chunk(frames(message)), end());
    pair.fake.replyJson(goodAnswer('second'));
    const client = await pair.connect();
    await client.send(postText(chatPath, { message: 'x', stream: true }));
    await client.waitFor('"a"');
    await client.send(postText(chatPath, { message: 'y' }));
    await (await pair.send('GET', '/health')).text();
    expect(pair.fake.chatRequests).toHaveLength(1);
    place.open();
    expect((await client.readResponse()).body).toMatch(/data: \[DONE\]\n\n$/);
    expect(JSON.parse((await client.readResponse()).body).reply).toBe('second');
  });

  it.each(ways)(
    '[XF9] C15 I8 a client with 2,000 requests under way leaves by %s: one was run, and is let go',
    async (_how, leave) => {
      const pair = await startPair();
      pair.fake.setDefault(() => [hang()]);
      const client = await pair.connect();
      const rest = request(false) + postText(chatPath, { message: 'y', stream: true });
      await client.send(postText(chatPath, { message: 'x', stream: true }) + rest.repeat(1_000));
      const upstream = await pair.fake.nextChatRequest();
      const letGo = serverLetsGo(client);
      leave(client);
      await within(Promise.all([letGo, upstream.closed]), 'both connections');
      await (await pair.send('GET', '/health')).text();
      expect(pair.fake.chatRequests).toHaveLength(1);
    },
  );

  it('[XF9] C15 of 300 requests in one write 101 are answered in order, one at a time; then it ends', async () => {
    const pair = await startPair();
    let running = 0;
    let atMost = 0;
    pair.fake.setDefault(({ json: body, outcome }) => {
      running += 1;
      atMost = Math.max(atMost, running);
      void outcome.then(() => {
        running -= 1;
      });
      return json(goodAnswer((body as { messages: { content: string }[] }).messages.at(-1)?.content ?? ''));
    });
    const client = await pair.connect();
    const say = (message: string) => postText(chatPath, { message, include_messages: false });
    await client.send(Array.from({ length: 300 }, (_, n) => say(`${n}`)).join(''));
    for (let n = 0; n < 101; n += 1) {
      const { status, body } = await client.readResponse();
      expect([status, JSON.parse(body).choices[0].message.content]).toEqual([200, `${n}`]);
    }
    const refused = await client.readResponse();
    expect([refused.status, JSON.parse(refused.body).error.code]).toEqual([503, 'overloaded']);
    await within(client.closed, 'the end of the connection');
    expect(atMost).toBe(1);
    expect(pair.fake.chatRequests).toHaveLength(101);
  });

  it('C15 what is no request behind one that runs is refused after its answer', async () => {
    const pair = await startPair();
    const place = new Gate();
    pair.fake.script(
      head(),
      chunk(frames(begin, text('a'))),
      gate(place),
      chunk(frames(messageEnd())),
      end(),
    );
    const client = await pair.connect();
    await client.send(postText(chatPath, { message: 'x', stream: true }));
    await place.reached;
    await client.send('no request at all\r\n\r\n');
    await client.send('and more of it\r\n\r\n');
    await (await pair.send('GET', '/health')).text();
    place.open();
    const { body, ending } = await client.readResponse();
    expect(ending).toBe('complete');
    expect(body).toMatch(/data: \[DONE\]\n\n$/);
    expect((await client.readResponse()).status).toBe(400);
    await within(client.closed, 'the end of the connection');
    expect(client.received).toBe('');
  });
});

describe('C23 a busy session', () => {
  it('C23 more than the queue holds: 409 conversation_locked; the others in order', async () => {
    const pair = await startPair({ limits: { sessionQueue: 2 } });
    const place = new Gate();
    pair.fake.script(gate(place), ...json(goodAnswer('ok')));
    pair.fake.setDefault(() => json(goodAnswer('ok')));
    const running = Array.from({ length: 5 }, (_, n) => ask(pair, { sessionId: 's', message: `${n}` }));
    await place.reached;
    const locked = await Promise.any(
      running.map(async one => {
        const outcome = await one;
        return outcome.status === 409 ? outcome : Promise.reject();
      }),
    );
    expect(locked.error?.code).toBe('conversation_locked');
    expect(locked.headers.get('retry-after')).toBe('1');
    place.open();
    const statuses = (await Promise.all(running)).map(({ status }) => status).sort();
    expect(statuses).toEqual([200, 200, 200, 409, 409]);
    expect((await readSession(pair, 's'))?.messages).toHaveLength(6);
  });

  it('C23 a wait that takes too long: 409, and the running turn is not disturbed', async () => {
    const pair = await startPair({ limits: { sessionWaitMs: 50 } });
    const place = new Gate();
    pair.fake.script(gate(place), ...json(goodAnswer('ok')));
    const first = ask(pair, { sessionId: 's', message: 'one' });
    await place.reached;
    for (const stream of [true, false]) {
      const late = await ask(pair, { sessionId: 's', message: 'two', stream });
      expect([late.status, late.error?.code]).toEqual([409, 'conversation_locked']);
    }
    place.open();
    expectAnswered(await first, 'ok');
  });
});
