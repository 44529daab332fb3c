// One session and several proxies on one store. Catalogue S9, S10, S12; R16.
import { describe, expect, it } from 'vitest';
import { start as begin, frames, messageEnd, text } from '../support/cohere-stream.ts';
import { Gate } from '../support/gate.ts';
import {
  ask,
  expectAnswered,
  expectFailed,
  goodAnswer,
  type Outcome,
  readSession,
} from '../support/outcome.ts';
import type { Pair } from '../support/start.ts';
import { chunk, end, gate, head, json } from '../support/upstream-script.ts';
import { sharedStores, startNodes } from './start-nodes.ts';

const model = 'command-a-03-2025';

async function startTurn(pair: Pair, body: object, answer = 'late') {
  const place = new Gate();
  pair.fake.script(gate(place), ...json(goodAnswer(answer)));
  const turn = ask(pair, body);
  await place.reached;
  return { turn, place };
}

/** What each node says of it, which has to be the same. */
async function readEverywhere(nodes: readonly Pair[], id: string): Promise<string[]> {
  const [first, ...others] = await Promise.all(
    nodes.map(
      async node => (await readSession(node, id))?.messages.map(({ content }) => String(content)) ?? [],
    ),
  );
  for (const other of others) expect(other).toEqual(first);
  return first ?? [];
}

function expectWhole(said: readonly string[], answered: readonly string[]): void {
  const asked = said.filter((_, at) => at % 2 === 0);
  expect(said.filter((_, at) => at % 2 === 1)).toEqual(asked.map(message => `re ${message}`));
  expect(asked.toSorted()).toEqual(answered.toSorted());
}

describe.each(sharedStores)('on %s', store => {
  it('[S10] [R1] a conversation that goes from one node to the next', async () => {
    const nodes = await startNodes(3, store);
    for (let turn = 0; turn < 12; turn += 1) {
      const node = nodes[turn % 3];
      if (!node) throw new Error('three nodes');
      const outcome = await ask(node, { sessionId: 's', message: `${turn}` });
      expectAnswered(outcome, `re ${turn}`);
      expect(outcome.messages).toHaveLength(2 * (turn + 1));
      expect(outcome.headers.get('x-session-state')).toBe(turn === 0 ? 'new' : 'continued');
    }
    expect(await readEverywhere(nodes, 's')).toHaveLength(24);
  });

  it('[S10] [R16] who finds its session busy elsewhere waits, and reads what was said there', async () => {
    const [one, two] = await startNodes(2, store);
    await ask(one, { sessionId: 's', message: 'one' });
    const { turn, place } = await startTurn(one, { sessionId: 's', message: 'two' });
    const calls = two.fake.chatRequests.length;
    const waiting = ask(two, { sessionId: 's', message: 'three' });
    const looked = await ask(two, { sessionId: 'other', message: 'x' });
    expectAnswered(looked);
    expect(two.fake.chatRequests).toHaveLength(calls + 1);
    place.open();
    expectAnswered(await turn, 'late');
    const waited = await waiting;
    expectAnswered(waited, 're three');
    expect(waited.messages?.map(({ content }) => content)).toEqual([
      'one',
      're one',
      'two',
      'late',
      'three',
      're three',
    ]);
  });

  it('[S10] and is told so when that took too long; the turn there is not disturbed', async () => {
    const [one, two] = await startNodes(2, store, { limits: { sessionWaitMs: 200 } });
    const { turn, place } = await startTurn(one, { sessionId: 's', message: 'one' });
    const refused = await ask(two, { sessionId: 's', message: 'two' });
    expectFailed(refused, 'conversation_locked', 409);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(two.fake.chatRequests).toHaveLength(0);
    place.open();
    expectAnswered(await turn, 'late');
    expectAnswered(await ask(two, { sessionId: 's', message: 'two' }), 're two');
  });

  it('[S10] a client that leaves while it waits leaves nothing behind', async () => {
    const [one, two] = await startNodes(2, store);
    const { turn, place } = await startTurn(one, { sessionId: 's', message: 'one' });
    const client = new AbortController();
    const gone = two.post({ sessionId: 's', message: 'two' }, { signal: client.signal });
    setTimeout(() => client.abort(), 50);
    await expect(gone).rejects.toThrow();
    place.open();
    expectAnswered(await turn, 'late');
    expectAnswered(await ask(two, { sessionId: 's', message: 'three' }), 're three');
    expect(await readEverywhere([one, two], 's')).toEqual(['one', 'late', 'three', 're three']);
  });

  it('[S10] a transcript whose session is busy elsewhere forks at once', async () => {
    const [one, two] = await startNodes(2, store);
    const messages = [{ role: 'user', content: 'Hello' }];
    const first = await ask(one, { model, messages });
    const later = [
      ...messages,
      { role: 'assistant', content: 're Hello' },
      { role: 'user', content: 'More' },
    ];
    const { turn, place } = await startTurn(one, { model, messages: later });
    const second = await ask(two, { model, messages: later });
    expectAnswered(second, 're More');
    expect(second.headers.get('x-session-state')).toBe('forked');
    place.open();
    const gone = await turn;
    expectAnswered(gone, 'late');
    expect(gone.headers.get('x-session-id')).toBe(first.headers.get('x-session-id'));
    expect(gone.headers.get('x-session-state')).toBe('continued');
  });

  it.each([2, 3])(
    '[S9] [S10] %i nodes and one session: exactly ordered, none lost, none twice',
    async count => {
      const nodes = await startNodes(count, store, { limits: { sessionQueue: 100 } });
      const answered: string[] = [];
      for (let round = 0; round < 5; round += 1) {
        const outcomes = await Promise.all(
          Array.from({ length: 30 }, async (_, n): Promise<[string, Outcome]> => {
            const node = nodes[n % count];
            if (!node) throw new Error('one of the nodes');
            const message = `${round}-${n}`;
            return [message, await ask(node, { sessionId: 's', message })];
          }),
        );
        for (const [message, outcome] of outcomes) {
          expectAnswered(outcome, `re ${message}`);
          answered.push(message);
        }
      }
      expectWhole(await readEverywhere(nodes, 's'), answered);
    },
  );

  it.each([true, false])(
    '[S12] deleted elsewhere while its turn runs: it stays deleted (stream %s)',
    async stream => {
      const [one, two] = await startNodes(2, store);
      await ask(one, { sessionId: 's', message: 'one' });
      const place = new Gate();
      const rest = chunk(frames(messageEnd()));
      if (stream) one.fake.script(head(), chunk(frames(begin, text('a'))), gate(place), rest, end());
      else one.fake.script(gate(place), ...json(goodAnswer('a')));
      const turn = ask(one, { sessionId: 's', message: 'two', stream });
      await place.reached;
      await (await two.send('DELETE', '/v1/sessions/s')).text();
      place.open();
      expectFailed(await turn, 'session_conflict', stream ? 200 : 409);
      for (const node of [one, two]) expect(await readSession(node, 's')).toBeUndefined();
      const again = await ask(two, { sessionId: 's', message: 'three' });
      expectAnswered(again, 're three');
      expect(again.messages).toHaveLength(2);
    },
  );
});
