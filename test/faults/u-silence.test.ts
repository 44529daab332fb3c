// Cohere says nothing, or too little for too long. Catalogue U9, U10, U34. Limits are counted in turns of the event loop.
import { describe, expect, it } from 'vitest';
import { start as begin, callDelta, callStart, frames, jsonHead, text } from '../support/cohere-stream.ts';
import { endless } from '../support/endless.ts';
import { Gate } from '../support/gate.ts';
import { ask, expectAnswered, expectFailed, goodAnswer, meetFault } from '../support/outcome.ts';
import { postText } from '../support/raw-client.ts';
import { type Pair, startPair } from '../support/start.ts';
import { passTimeByTurns } from '../support/turn-clock.ts';
import { bytes, chunk, end, gate, hang, head, type Step } from '../support/upstream-script.ts';

const limits = { firstEventTimeoutMs: 1_000, idleTimeoutMs: 1_000, totalTimeoutMs: 100_000 };

/** The fake notes the close; what is left until then is the time that the timeout itself took. */
async function expectGivenUp(pair: Pair): Promise<void> {
  const request = pair.fake.chatRequests.at(-2);
  expect(await request?.outcome).toBe('aborted');
}

const spoken = frames(begin, text('a'), text('b'));

describe('U9 silence in a stream', () => {
  it.each<[string, Step[], 200 | 504]>([
    ['before the headers', [hang()], 504],
    ['in the middle of the headers', [bytes('HTTP/1.1 200 OK\r\n'), hang()], 504],
    ['before the first event', [head(), hang()], 504],
    ['after message-start', [head(), chunk(frames(begin)), hang()], 504],
    ['in the middle', [head(), chunk(spoken), hang()], 200],
    ['in the middle of an event', [head(), chunk(spoken + frames(text('c')).slice(0, 30)), hang()], 200],
    ['within a call', [head(), chunk(frames(begin, callStart(0, 'c'), callDelta(0, '{'))), hang()], 200],
    [
      'after the last delta',
      [head(), chunk(spoken + frames({ type: 'content-end', index: 0 })), hang()],
      200,
    ],
    ['but for comments', [head(), chunk(spoken), endless(': ping\n\n', 64 * 1024).step, hang()], 200],
  ])('U9 %s: upstream_stalled, upstream given up', async (_where, steps, status) => {
    passTimeByTurns();
    const pair = await startPair({ limits });
    const { outcome, attempts } = await meetFault(pair, [steps], { stream: true });
    expectFailed(outcome, 'upstream_stalled', status);
    expect(attempts).toBe(1);
    await expectGivenUp(pair);
  });

  it('U9 the client hears signs of life meanwhile, then the error in a frame', async () => {
    passTimeByTurns();
    const pair = await startPair({ limits: { ...limits, keepAliveCommentMs: 200 } });
    const { outcome } = await meetFault(pair, [[hang()]], { stream: true });
    expectFailed(outcome, 'upstream_stalled', 200);
    expect(outcome.raw.split(': keep-alive\n\n').length).toBeGreaterThan(2);
  });

  it('U9 signs of life do not disturb an answer that is late', async () => {
    const place = new Gate();
    const pair = await startPair({ limits: { keepAliveCommentMs: 30 } });
    pair.fake.script(gate(place), head(), chunk(spoken + frames(messageEnd)), end());
    const client = await pair.connect();
    await client.send(postText('/v1/chat/completions', { message: 'hi', stream: true }));
    await client.waitFor(': keep-alive');
    place.open();
    const { body, ending } = await client.readResponse();
    expect(ending).toBe('complete');
    expect(body).toMatch(/^: keep-alive\n\n.*"content":"a".*data: \[DONE\]\n\n$/s);
  });
});

const messageEnd = { type: 'message-end', delta: { finish_reason: 'COMPLETE' } };

describe('U10 trickle', () => {
  it('U10 bytes for ever inside one event: stalled, since no event comes', async () => {
    passTimeByTurns();
    const pair = await startPair({ limits });
    const trickle = endless('x', 10_000_000);
    const steps = [head(), chunk(`${spoken}data: {"type":"`), trickle.step];
    expectFailed((await meetFault(pair, [steps], { stream: true })).outcome, 'upstream_stalled', 200);
    await expectGivenUp(pair);
  });

  it('U10 one event beyond the size limit', async () => {
    const pair = await startPair({ limits: { upstreamEventBytes: 10_000 } });
    const steps = [
      head(),
      chunk(`${spoken}data: {"type":"`),
      endless('x'.repeat(1_000), 1_000_000).step,
      hang(),
    ];
    expectFailed(
      (await meetFault(pair, [steps], { stream: true })).outcome,
      'upstream_invalid_response',
      200,
    );
    await expectGivenUp(pair);
  });

  it('U10 events for ever: the total limit holds', async () => {
    passTimeByTurns();
    const pair = await startPair({ limits: { ...limits, totalTimeoutMs: 2_000 } });
    const steps = [head(), endless(frames(text('x')), 100_000_000).step];
    expectFailed((await meetFault(pair, [steps], { stream: true })).outcome, 'upstream_timeout', 200);
    await expectGivenUp(pair);
  });
});

describe('U34 a whole answer that takes long', () => {
  const tight = { firstEventTimeoutMs: 50, idleTimeoutMs: 50, totalTimeoutMs: 2_000, keepAliveCommentMs: 20 };

  it.each<[string, Step[]]>([
    ['headers never', [hang()]],
    ['body never', [head(200, jsonHead), hang()]],
    ['body by the byte', [head(200, jsonHead), endless(' ', 100_000_000).step]],
  ])('U34 %s: 504 after the total limit, upstream given up', async (_what, steps) => {
    passTimeByTurns();
    const pair = await startPair({ limits: tight });
    const { outcome } = await meetFault(pair, [steps]);
    expectFailed(outcome, 'upstream_timeout', 504);
    await expectGivenUp(pair);
  });

  it('U34 beyond the limits of streams, within the total: answered, without signs of life', async () => {
    passTimeByTurns();
    const pair = await startPair({ limits: { ...tight, totalTimeoutMs: 100_000, keepAliveCommentMs: 10 } });
    const place = new Gate();
    pair.fake.script(head(200, jsonHead), gate(place), chunk(JSON.stringify(goodAnswer('late'))), end());
    const answer = ask(pair, { message: 'hi' });
    await place.reached;
    // Longer than every limit of a stream; nothing tells when nothing happens.
    setTimeout(() => place.open(), 150);
    const outcome = await answer;
    expectAnswered(outcome, 'late');
    expect(outcome.raw).toMatch(/^\{/);
  });
});
