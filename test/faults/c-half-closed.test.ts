// A client that has sent all and says so by closing its side (C5) is answered like any other: XF9. That one that has
// left, which looks the same, is noticed: C1, C2.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { start as begin, frames, messageEnd, text } from '../support/cohere-stream.ts';
import { Gate } from '../support/gate.ts';
import { goodAnswer } from '../support/outcome.ts';
import { postText, type RawClient } from '../support/raw-client.ts';
import { chatPath, type Pair, startPair, within } from '../support/start.ts';
import { passTimeByTurns } from '../support/turn-clock.ts';
import { chunk, end, error, gate, head, json, rst } from '../support/upstream-script.ts';

async function connectAndEnd(pair: Pair, sent: string): Promise<RawClient> {
  const client = await pair.connect({ allowHalfOpen: true });
  await client.send(sent);
  client.end();
  return client;
}

/** Milliseconds by the clock of turns: most of what is sent to tell who is still there. */
async function pass(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await nextTurn();
}

const oneDotZero = (request: string) => request.replace('HTTP/1.1', 'HTTP/1.0');

describe.each<[string, (request: string) => string]>([
  ['HTTP/1.1', request => request],
  ['HTTP/1.0', oneDotZero],
])('[XF9] C5 half-closed, %s', (_version, write) => {
  it.each([0, 3, 40, 700, 4_000])('a whole answer after %s ms', async waits => {
    passTimeByTurns();
    const pair = await startPair();
    const place = new Gate();
    pair.fake.script(gate(place), ...json(goodAnswer('still here')));
    const client = await connectAndEnd(pair, write(postText(chatPath, { sessionId: 's', message: 'x' })));
    await place.reached;
    await pass(waits);
    place.open();
    await within(client.closed, 'the end of the connection');
    expect(client.received.match(/HTTP\/1\.1/g)).toHaveLength(1);
    const { status, body, ending } = await client.readResponse();
    expect([status, ending, JSON.parse(body).reply]).toEqual([200, 'complete', 'still here']);
    expect((await pair.send('GET', '/v1/sessions/s')).status).toBe(200);
  });

  it.each([0, 3, 40, 700, 4_000])('a stream after %s ms, and as long again within it', async waits => {
    passTimeByTurns();
    const pair = await startPair();
    const places = [new Gate(), new Gate()] as const;
    pair.fake.script(
      gate(places[0]),
      head(),
      chunk(frames(begin, text('still '))),
      gate(places[1]),
      chunk(frames(text('here'), messageEnd())),
      end(),
    );
    const client = await connectAndEnd(pair, write(postText(chatPath, { message: 'x', stream: true })));
    for (const place of places) {
      await place.reached;
      await pass(waits);
      place.open();
    }
    await within(client.closed, 'the end of the connection');
    expect(client.received.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(client.received).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(client.received).toContain('"still "');
    expect(client.received).toContain('"here"');
    expect(client.received).toContain('data: [DONE]\n\n');
  });

  it('refusals: of ours, of Cohere, and none at all from there', async () => {
    // No pause before the repeat.
    vi.spyOn(Math, 'random').mockReturnValue(0);
    passTimeByTurns();
    const pair = await startPair();
    for (const stream of [true, false]) {
      const told = async (body: object) => {
        const client = await connectAndEnd(pair, write(postText(chatPath, { stream, ...body })));
        const { status } = await within(client.readResponse(), 'an answer');
        await within(client.closed, 'the end of the connection');
        return status;
      };
      expect(await told({ message: 5 })).toBe(400);
      pair.fake.script(...error(400, { message: 'no' }));
      expect(await told({ message: 'x' })).toBe(400);
      pair.fake.script(rst());
      pair.fake.script(rst());
      expect(await told({ message: 'x' })).toBe(502);
    }
  });

  it.each(['/health', '/v1/models', '/v1/sessions'])('GET %s', async path => {
    const pair = await startPair();
    const client = await connectAndEnd(pair, write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`));
    expect((await within(client.readResponse(), 'an answer')).status).toBe(200);
    await within(client.closed, 'the end of the connection');
  });
});

it('[XF9] C5 C15 three requests in one write, then its side closed: three answers', async () => {
  passTimeByTurns();
  const pair = await startPair();
  const place = new Gate();
  pair.fake.script(gate(place), ...json(goodAnswer('one')));
  pair.fake.setDefault(() => json(goodAnswer('more')));
  const client = await connectAndEnd(pair, postText(chatPath, { message: 'x' }).repeat(3));
  await place.reached;
  await pass(200);
  place.open();
  for (const reply of ['one', 'more', 'more']) {
    const { status, body } = await within(client.readResponse(), 'an answer');
    expect([status, JSON.parse(body).reply]).toEqual([200, reply]);
  }
  await within(client.closed, 'the end of the connection');
});

it('[XF9] half a request, then its side closed: 400 after the answer before it', async () => {
  const pair = await startPair();
  pair.fake.replyJson(goodAnswer('one'));
  const client = await connectAndEnd(
    pair,
    postText(chatPath, { message: 'x' }) + postText(chatPath, 'y').slice(0, 40),
  );
  expect((await within(client.readResponse(), 'an answer')).status).toBe(200);
  expect((await within(client.readResponse(), 'a refusal')).status).toBe(400);
  await within(client.closed, 'the end of the connection');
});
