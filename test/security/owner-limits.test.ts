// One owner does not take the room of the others, nor all of them that of the process. Catalogue A29, L3; XF4.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GivenLimits } from '../../src/limits.ts';
import { serverLetsGo } from '../support/accepted-socket.ts';
import { start as begin, frames, messageEnd, text } from '../support/cohere-stream.ts';
import { Gate } from '../support/gate.ts';
import { ask, expectAnswered, expectFailed, goodAnswer } from '../support/outcome.ts';
import { postText, type RawClient } from '../support/raw-client.ts';
import { randomSource } from '../support/seed.ts';
import { chatPath, type Pair, startPair, within } from '../support/start.ts';
import { chunk, end, gate, hang, head, json, rst } from '../support/upstream-script.ts';

const keyOf = (name: string) => `key-of-${name}-0123456789`;
const as = (name: string) => ({ authorization: `Bearer ${keyOf(name)}` });
const proxyKeys = ['ada', 'grace'].map(name => ({ name, key: keyOf(name) }));

async function startWith(limits: GivenLimits, passthrough = false): Promise<Pair> {
  const pair = await startPair({ ...(passthrough ? { passthrough } : { proxyKeys }), limits });
  pair.fake.setDefault(() => json(goodAnswer('ok')));
  return pair;
}

/** Its head says that it has so many bytes; some of them come. */
async function sendHalf(pair: Pair, owner: string, announced: number, sent: number): Promise<RawClient> {
  const client = await pair.connect();
  const headers = { ...as(owner), 'content-length': String(announced) };
  await client.send(postText(chatPath, 'x'.repeat(sent), headers));
  return client;
}

/** Once the proxy has heard what was sent before on other connections. */
async function heard(pair: Pair): Promise<void> {
  for (let round = 0; round < 3; round += 1) await (await pair.send('GET', '/health')).text();
}

describe.each([
  ['proxy keys', false],
  ['passed-through keys', true],
])('with %s', (_name, passthrough) => {
  it('A29 more requests than one owner may have: 429, while another owner goes on', async () => {
    const pair = await startWith({ ownerRequests: 2 }, passthrough);
    const place = new Gate();
    const other = new Gate();
    pair.fake.script(gate(place), ...json(goodAnswer('one')));
    pair.fake.script(gate(other), ...json(goodAnswer('two')));
    const running = [ask(pair, { message: '1' }, as('ada')), ask(pair, { message: '2' }, as('ada'))];
    await Promise.all([place.reached, other.reached]);
    for (const stream of [false, true]) {
      const refused = await ask(pair, { message: '3', stream }, as('ada'));
      expectFailed(refused, 'owner_limit_exceeded', 429);
      expect(refused.headers.get('retry-after')).toBe('1');
    }
    // Not only turns.
    expect((await pair.send('GET', '/v1/sessions', { headers: as('ada') })).status).toBe(429);
    expectAnswered(await ask(pair, { message: '4' }, as('grace')), 'ok');
    place.open();
    other.open();
    await Promise.all(running);
    expectAnswered(await ask(pair, { message: '5' }, as('ada')), 'ok');
  });

  it('A29 more turns within a minute than one owner may begin: 429, and when there is room again', async () => {
    const pair = await startWith({ ownerTurns: 2 }, passthrough);
    expectAnswered(await ask(pair, { message: '1' }, as('ada')), 'ok');
    pair.fake.replyError(400, { message: 'no' });
    expectFailed(await ask(pair, { message: '2' }, as('ada')), 'upstream_rejected', 400);
    const refused = await ask(pair, { message: '3' }, as('ada'));
    expectFailed(refused, 'owner_limit_exceeded', 429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(30);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect(pair.fake.chatRequests).toHaveLength(2);
    expectAnswered(await ask(pair, { message: '4' }, as('grace')), 'ok');
    expect((await pair.send('GET', '/v1/sessions', { headers: as('ada') })).status).toBe(200);
  });

  it('XF4 half-sent bodies of one owner: the next one that would be too much gets 429 before it is read', async () => {
    const pair = await startWith({ ownerBodiesBytes: 10_000 }, passthrough);
    await sendHalf(pair, 'ada', 9_000, 8_000);
    await heard(pair);
    const refused = await sendHalf(pair, 'ada', 5_000, 0);
    const { status, headers } = await within(refused.readResponse(), 'an answer');
    expect([status, headers['retry-after']]).toEqual([429, '1']);
    await within(refused.closed, 'the end of the connection');
    expectAnswered(await ask(pair, { message: 'x'.repeat(5_000) }, as('grace')), 'ok');
    expectAnswered(await ask(pair, { message: 'short' }, as('ada')), 'ok');
  });
});

it('A29 a single user has the whole proxy', async () => {
  const pair = await startPair({ limits: { ownerRequests: 1, ownerTurns: 1, ownerBodiesBytes: 1 } });
  pair.fake.setDefault(() => json(goodAnswer('ok')));
  const all = await Promise.all(Array.from({ length: 5 }, () => ask(pair, { message: 'x' })));
  for (const outcome of all) expectAnswered(outcome, 'ok');
});

describe('XF4 the bodies of all requests', () => {
  it('XF4 half-sent ones are counted as they come; what is too much gets 503, and ended ones make room', async () => {
    const pair = await startWith({ bodiesBytes: 20_000 });
    const first = await sendHalf(pair, 'ada', 15_000, 12_000);
    await heard(pair);
    const announced = await sendHalf(pair, 'grace', 9_000, 0);
    const refused = await within(announced.readResponse(), 'an answer');
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1']);
    expect(refused.body).toContain('"overloaded"');
    // What would have fitted when it began, and does not any more when it comes.
    const growing = await sendHalf(pair, 'grace', 8_000, 1_000);
    await heard(pair);
    await first.send('x'.repeat(2_900));
    await heard(pair);
    await growing.send('x'.repeat(6_000));
    const cut = await within(growing.readResponse(), 'an answer');
    expect(cut.status).toBe(503);
    await within(growing.closed, 'the end of the connection');
    first.destroy();
    await within(first.closed, 'the end of the connection');
    await heard(pair);
    expectAnswered(await ask(pair, { message: 'x'.repeat(15_000) }, as('grace')), 'ok');
  });

  it('XF4 chunked ones too, which announce nothing', async () => {
    const pair = await startWith({ bodiesBytes: 20_000 });
    const client = await pair.connect();
    const lines = [
      `POST ${chatPath} HTTP/1.1`,
      'Host: 127.0.0.1',
      `Authorization: ${as('ada').authorization}`,
      'Content-Type: application/json',
      'Transfer-Encoding: chunked',
    ];
    await client.send(`${lines.join('\r\n')}\r\n\r\n`);
    for (let sent = 0; sent < 21_000; sent += 7_000) await client.send(`1b58\r\n${'x'.repeat(7_000)}\r\n`);
    expect((await within(client.readResponse(), 'an answer')).status).toBe(503);
    await within(client.closed, 'the end of the connection');
  });

  it('XF4 a half-sent one is given up in time, and its room with it', async () => {
    const pair = await startWith({ bodiesBytes: 20_000, headersTimeoutMs: 300, requestTimeoutMs: 300 });
    const client = await sendHalf(pair, 'ada', 19_000, 18_000);
    await within(client.closed, 'the end of the connection');
    await heard(pair);
    expectAnswered(await ask(pair, { message: 'x'.repeat(15_000) }, as('ada')), 'ok');
  });
});

/** Until the proxy has noticed: the end of a client is told by sending it something. */
async function leave(client: RawClient): Promise<void> {
  const letGo = serverLetsGo(client);
  client.destroy();
  await within(letGo, 'the end of the connection');
}

it('L3 however requests end, the counts of their owner come back to nothing', async () => {
  const seed = Math.floor(randomSource('under way')() * 2 ** 31);
  const pair = await startWith({ ownerRequests: 4, ownerBodiesBytes: 30_000, ownerTurns: 1_000_000 });
  const ways = {
    answered: async () => void (await ask(pair, { message: 'x' }, as('ada'))),
    streamed: async () => {
      pair.fake.script(head(), chunk(frames(begin, text('a'), messageEnd())), end());
      await ask(pair, { message: 'x', stream: true }, as('ada'));
    },
    'refused by us': async () => void (await ask(pair, { message: 7 }, as('ada'))),
    'no JSON': async () => {
      const headers = { ...as('ada'), 'content-type': 'application/json' };
      await (await pair.send('POST', chatPath, { headers, body: '{' })).text();
    },
    'another type of content': async () => {
      const headers = { ...as('ada'), 'content-type': 'text/plain' };
      await (await pair.send('POST', chatPath, { headers, body: 'x' })).text();
    },
    'not there': async () => void (await pair.send('GET', '/v1/nowhere', { headers: as('ada') })).status,
    'a preflight': async () =>
      void (await pair.send('OPTIONS', '/v1/sessions', { headers: as('ada') })).status,
    'refused by Cohere': async () => {
      pair.fake.replyError(400, { message: 'no' });
      await ask(pair, { message: 'x' }, as('ada'));
    },
    'cut by Cohere': async () => {
      pair.fake.script(head(), chunk(frames(begin, text('a'))), rst());
      await ask(pair, { message: 'x', stream: true }, as('ada')).catch(() => {});
    },
    'left by the client': async () => {
      const place = new Gate();
      pair.fake.script(gate(place), hang());
      const client = await pair.connect();
      await client.send(postText(chatPath, { message: 'x', stream: true }, as('ada')));
      await place.reached;
      await leave(client);
    },
    'half sent, and left': async () => {
      await leave(await sendHalf(pair, 'ada', 9_000, 8_000));
    },
    'two at once on one connection, and left': async () => {
      const place = new Gate();
      pair.fake.script(gate(place), hang());
      const client = await pair.connect();
      const one = postText(chatPath, { message: 'x' }, as('ada'));
      await client.send(one + postText('/v1/sessions', '', as('ada')).replace('POST', 'GET'));
      await place.reached;
      await leave(client);
    },
    'too large': async () => {
      const client = await sendHalf(pair, 'ada', 64 * 1024 * 1024, 0);
      await client.readResponse();
      client.destroy();
    },
  };
  const names = Object.keys(ways) as (keyof typeof ways)[];
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray(names, { minLength: 5 }), async chosen => {
      for (const name of chosen) await ways[name]();
      // What was left is heard of after the answer to the next one.
      await heard(pair);
      await fullyFree(pair);
    }),
    { seed, numRuns: 12 },
  );
  expect(names.length).toBeGreaterThan(10);
}, 60_000);

/** All four requests and nearly all of the bytes, at once. */
async function fullyFree(pair: Pair): Promise<void> {
  const gates = [new Gate(), new Gate(), new Gate(), new Gate()];
  for (const place of gates) pair.fake.script(gate(place), ...json(goodAnswer('free')));
  const all = gates.map(() => ask(pair, { message: 'x'.repeat(7_000) }, as('ada')));
  await within(Promise.all(gates.map(({ reached }) => reached)), 'four requests at once');
  for (const place of gates) place.open();
  for (const outcome of await Promise.all(all)) expectAnswered(outcome, 'free');
}
