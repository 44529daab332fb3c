// One `Idempotency-Key` and several proxies on one store. Catalogue C23, C25, I5; R17.
import { describe, expect, it } from 'vitest';
import { Gate } from '../support/gate.ts';
import { ask, expectAnswered, expectFailed, goodAnswer, readSession } from '../support/outcome.ts';
import { error, gate, json } from '../support/upstream-script.ts';
import { sharedStores, startNodes } from './start-nodes.ts';

const key = { 'idempotency-key': 'k1' };
const model = 'command-a-03-2025';
const bodies = [
  { sessionId: 's', message: 'Hello' },
  { message: 'Hello' },
  { model, messages: [{ role: 'user', content: 'Hello' }] },
];

describe.each(sharedStores)('on %s', store => {
  it.each(bodies)('[C23] [R17] while it runs there 409, then its answer: %j', async body => {
    const [one, two] = await startNodes(2, store);
    const place = new Gate();
    one.fake.script(gate(place), ...json(goodAnswer('Hi.')));
    const first = ask(one, body, key);
    await place.reached;
    expectFailed(await ask(two, body, key), 'idempotency_key_in_use', 409);
    expectFailed(await ask(two, { ...body, seed: 1 }, key), 'idempotency_key_reused', 422);
    place.open();
    const answered = await first;
    expectAnswered(answered, 'Hi.');
    const again = await ask(two, body, key);
    expectAnswered(again, 'Hi.');
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.sessionId).toBe(answered.sessionId);
    expect(two.fake.chatRequests).toHaveLength(0);
    expectFailed(await ask(two, { ...body, seed: 1 }, key), 'idempotency_key_reused', 422);
  });

  it('[R17] what failed there runs here', async () => {
    const [one, two] = await startNodes(2, store);
    one.fake.script(...error(400, { message: 'no' }));
    expectFailed(await ask(one, { sessionId: 's', message: 'Hello' }, key), 'upstream_rejected', 400);
    let outcome = await ask(two, { sessionId: 's', message: 'Hello' }, key);
    // The first node lets go of the key once its answer is on the way.
    while (outcome.status === 409) outcome = await ask(two, { sessionId: 's', message: 'Hello' }, key);
    expectAnswered(outcome, 're Hello');
  });

  it('[I5] many at once everywhere: one turn for each key', async () => {
    const nodes = await startNodes(3, store);
    for (let round = 0; round < 10; round += 1) {
      const outcomes = await Promise.all(
        [...nodes, ...nodes, ...nodes].map(node =>
          ask(node, { sessionId: 's', message: `${round}` }, { 'idempotency-key': `k${round}` }),
        ),
      );
      expect(outcomes.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
      for (const outcome of outcomes) {
        if (outcome.status === 409) expectFailed(outcome, 'idempotency_key_in_use', 409);
        else expectAnswered(outcome, `re ${round}`);
      }
    }
    const calls = nodes.reduce((sum, { fake }) => sum + fake.chatRequests.length, 0);
    expect(calls).toBe(10);
    expect((await readSession(nodes[0], 's'))?.messages).toHaveLength(20);
  });

  it('[C24] the official client’s own repeat to another node waits for the first and gets its answer', async () => {
    const [one, two] = await startNodes(2, store);
    const body = { sessionId: 's', message: 'Hello' };
    const place = new Gate();
    one.fake.script(gate(place), ...json(goodAnswer('Hi.')));
    const first = ask(one, body, { 'x-stainless-retry-count': '0' });
    await place.reached;
    const second = ask(two, body, { 'x-stainless-retry-count': '1' });
    place.open();
    expectAnswered(await first, 'Hi.');
    const repeated = await second;
    expectAnswered(repeated, 'Hi.');
    expect(repeated.headers.get('idempotent-replayed')).toBe('true');
    expect(two.fake.chatRequests).toHaveLength(0);
  });
});
