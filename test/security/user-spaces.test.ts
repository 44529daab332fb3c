// Names, ids, transcripts and keys live in the space of an owner and its `user`; where that is absent, of its
// `safety_identifier`. On both stores, in JSON and in streams.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ask, expectFailed, goodAnswer } from '../support/outcome.ts';
import { type Pair, startPair } from '../support/start.ts';
import { json } from '../support/upstream-script.ts';

const model = 'command-a-03-2025';

async function start(kind: string): Promise<Pair> {
  const directory = mkdtempSync(join(tmpdir(), 'cohere-proxy-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const sessionStore = kind === 'memory' ? 'memory:' : `sqlite:${join(directory, 'sessions.db')}`;
  const pair = await startPair({ sessionStore });
  pair.fake.setDefault(({ json: sent }) =>
    json(goodAnswer(`${(sent as { messages: unknown[] }).messages.length}`)),
  );
  return pair;
}

describe.each(['memory', 'sqlite'])('in %s', kind => {
  it.each([false, true])('safety_identifier parts what user parts (stream: %s)', async stream => {
    const pair = await start(kind);
    const say = async (more: object, headers?: Record<string, string>) =>
      ask(pair, { model, stream, ...more }, headers);
    const ofAda = { safety_identifier: 'ada' };
    const begun = await say({ message: 'one', sessionId: 'mine', ...ofAda });
    expect(begun.sessionId).toBe('mine');

    // The same name elsewhere is free; the same space is found under either name, and `user` goes first.
    expect((await say({ message: 'two', sessionId: 'mine', ...ofAda })).text).toBe('3');
    expect((await say({ message: 'two', sessionId: 'mine', user: 'ada' })).text).toBe('5');
    expect((await say({ message: 'two', sessionId: 'mine', user: 'ada', safety_identifier: 'x' })).text).toBe(
      '7',
    );
    expect((await say({ message: 'two', sessionId: 'mine', user: null, ...ofAda })).text).toBe('9');
    expect((await say({ message: 'two', sessionId: 'mine', user: '', ...ofAda })).text).toBe('11');
    for (const other of [
      {},
      { safety_identifier: 'eve' },
      { user: 'x', ...ofAda },
      { safety_identifier: '' },
    ]) {
      const first = await say({
        message: 'one',
        sessionId: `mine-${JSON.stringify(other).length}`,
        ...other,
      });
      expect(first.text).toBe('1');
    }
    expect((await say({ message: 'one', sessionId: 'mine', safety_identifier: 'eve' })).text).toBe('1');

    // An id of ours, a transcript and a key of another space are as if they were not there.
    const made = await say({ message: 'one', ...ofAda });
    expectFailed(
      await say({ message: 'x', sessionId: made.sessionId, safety_identifier: 'eve' }),
      'session_not_found',
      404,
    );
    const transcript = [
      { role: 'user', content: 'one' },
      { role: 'assistant', content: made.text },
      { role: 'user', content: 'and' },
    ];
    const states = [ofAda, { safety_identifier: 'kim' }].map(async space =>
      (await say({ messages: transcript, ...space })).headers.get('x-session-state'),
    );
    expect(await Promise.all(states)).toEqual(['forked', 'new']);
    const key = { 'idempotency-key': 'k' };
    await say({ message: 'once', ...ofAda }, key);
    const replayed = [ofAda, { safety_identifier: 'kim' }].map(async space =>
      (await say({ message: 'once', ...space }, key)).headers.get('idempotent-replayed'),
    );
    expect(await Promise.all(replayed)).toEqual(['true', null]);

    // The list shows all spaces, and narrows.
    const list = async (query: string) => {
      const { data } = (await (await pair.send('GET', `/v1/sessions?limit=100${query}`)).json()) as {
        data: { user: string | null }[];
      };
      return [...new Set(data.map(({ user }) => user))].toSorted();
    };
    expect(await list('')).toEqual(['ada', 'eve', 'kim', 'x', null].toSorted());
    expect(await list('&user=ada')).toEqual(['ada']);
  });
});
