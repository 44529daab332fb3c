// Clients that leave at the wrong moment, or come in crowds. Catalogue C3, C21, C26.
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { DurableStore } from '../../src/store/durable-store.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { start as begin, frames, messageEnd, text } from '../support/cohere-stream.ts';
import { Gate } from '../support/gate.ts';
import { ask, expectAnswered, goodAnswer, readSession } from '../support/outcome.ts';
import { postText } from '../support/raw-client.ts';
import { until } from '../support/redis-server.ts';
import { chatPath, startPair, within } from '../support/start.ts';
import { stores } from '../support/stores.ts';
import { chunk, end, head, json } from '../support/upstream-script.ts';

describe.each(stores)('C3 [I3] a client that leaves while its turn is stored, in %s', (_name, makeStore) => {
  it.each([
    ['before the append', true, true],
    ['before the append', false, true],
    ['behind it, before the end is sent', true, false],
    ['behind it, before the end is sent', false, false],
  ])(
    'C3 %s (stream %s): it is stored, and the same request again is given it',
    async (_when, stream, isBefore) => {
      const pair = await startPair({ sessionStore: await makeStore(), proxySecret: 'f'.repeat(64) });
      const place = new Gate();
      for (const { prototype } of [MemoryStore, DurableStore]) {
        const append = prototype.append;
        const spy = vi.spyOn(prototype, 'append').mockImplementationOnce(async function (
          this: never,
          ...args
        ) {
          if (isBefore) await place.arrive();
          const result = await Reflect.apply(append, this, args);
          if (!isBefore) await place.arrive();
          return result;
        });
        onTestFinished(() => spy.mockRestore());
      }
      const answer = frames(begin, text('stored'), messageEnd());
      if (stream) pair.fake.script(head(), chunk(answer), end());
      else pair.fake.replyJson(goodAnswer('stored'));
      const body = { sessionId: 's', message: 'one', stream };
      const client = await pair.connect();
      await client.send(postText(chatPath, body, { 'idempotency-key': 'k' }));
      await within(place.reached, 'the append');
      // The finish reason waits for the store.
      expect(client.received).not.toContain('finish_reason":"stop');
      client.reset();
      await client.closed;
      // The proxy has heard of it once later requests were answered.
      for (let asked = 0; asked < 5; asked += 1) await (await pair.send('GET', '/health')).text();
      place.open();
      await until('the turn is stored', async () => (await readSession(pair, 's')) !== undefined);
      const again = await ask(pair, body, { 'idempotency-key': 'k' });
      expectAnswered(again, 'stored');
      expect(pair.fake.chatRequests).toHaveLength(1);
      expect((await readSession(pair, 's'))?.messages).toHaveLength(2);
      pair.fake.replyJson(goodAnswer('two'));
      expectAnswered(await ask(pair, { sessionId: 's', message: 'two' }), 'two');
    },
  );
});

const openSockets = () => process.getActiveResourcesInfo().filter(name => name === 'TCPSocketWrap').length;

it('C21 hundreds of clients that leave at once, again and again: nothing of them stays', async () => {
  const pair = await startPair();
  pair.fake.setDefault(() => [head(), chunk(frames(begin, text('a'))), ...json(goodAnswer('never'))]);
  await (await pair.send('GET', '/health')).text();
  const before = openSockets();
  for (let round = 0; round < 10; round += 1) {
    const sessionId = `s${round}`;
    const clients = await Promise.all(Array.from({ length: 100 }, () => pair.connect()));
    await Promise.all(
      clients.map(async (client, at) => {
        // Nothing, half a head, half a body, a whole request.
        const whole = postText(chatPath, { sessionId, message: 'x', stream: at % 2 === 0 });
        await client.send(whole.slice(0, [0, 40, -5, undefined][at % 4])).catch(() => {});
        if (at % 3 === 0) client.reset();
        else client.destroy();
      }),
    );
  }
  await until('all connections are gone', async () => openSockets() <= before + 2);
  await within(Promise.all(pair.fake.chatRequests.map(({ closed }) => closed)), 'calls of Cohere');
  pair.fake.setDefault(() => json(goodAnswer('ok')));
  // Nobody waits in front of a session that nobody uses.
  for (let round = 0; round < 10; round += 1)
    expectAnswered(await within(ask(pair, { sessionId: `s${round}`, message: 'y' }), 'the next turn'), 'ok');
});

it('C26 thousands of small requests on one connection are answered in order, and others in between', async () => {
  const pair = await startPair();
  pair.fake.setDefault(() => json(goodAnswer('ok')));
  const client = await pair.connect();
  const at = (n: number) => `GET /v1/sessions/s${n} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
  for (let batch = 0; batch < 500; batch += 1) {
    const names = Array.from({ length: 10 }, (_, n) => batch * 10 + n);
    await client.send(names.map(at).join(''));
    // Asked while ten are under way.
    const other = batch % 100 === 0 ? ask(pair, { message: 'x' }) : undefined;
    for (const n of names) {
      const { status, body } = await client.readResponse();
      expect([status, body.includes(`'s${n}'`)]).toEqual([404, true]);
    }
    if (other !== undefined) expectAnswered(await within(other, 'another client'), 'ok');
  }
});
