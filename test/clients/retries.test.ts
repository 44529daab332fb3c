// A turn that failed is asked again, an answer that was good is asked for again, a client leaves in the middle: the
// session holds each message once, and nothing of what failed.
import { describe, expect, it } from 'vitest';
import { frames, start, text as textDelta } from '../support/cohere-stream.ts';
import { Gate } from '../support/gate.ts';
import { expectFailed, readOutcome } from '../support/outcome.ts';
import { startPair } from '../support/start.ts';
import { chunk, error, gate, head, rst, type Step } from '../support/upstream-script.ts';
import { answers, holdStory, result, system, tools, user } from './agent-story.ts';
import { heardAnswers, heardAs, planning as model, sayText } from './native-answer.ts';
import { TranscriptClient } from './transcript-client.ts';

const next = user('All three in one word?');
const natives = (turns: number) =>
  answers(model)
    .slice(0, turns)
    .flatMap(native => heardAs(native, model));

const begun = [head(), chunk(frames(start, textDelta('PINE')))];

const failures: Readonly<Record<string, readonly Step[]>> = {
  'is refused': error(400, { message: 'invalid request: no.' }),
  fails: error(500, { message: 'internal error' }),
  'breaks off': [...begun, rst()],
};

describe.each(Object.entries(failures))('a turn that %s', (_, steps) => {
  it('leaves no trace; asked again it is the next of its session', async () => {
    const pair = await startPair();
    const client = new TranscriptClient(pair);
    const held = await holdStory(client, { model });
    const before = await client.session(held.id);
    const asked = { model, messages: [...held.messages, next], tools, stream: true };
    for (const _time of [1, 2]) {
      pair.fake.script(...steps);
      const { isDone, finishReasons } = await readOutcome(await client.post(asked));
      expect({ isDone, finishReasons }).toEqual({ isDone: false, finishReasons: [] });
      expect(await client.session(held.id)).toEqual(before);
    }
    const again = await client.turn(asked, sayText('PINEAPPLETREE'));
    expect({ id: again.id, state: again.state }).toEqual({ id: held.id, state: 'continued' });
    expect(heardAnswers(again.heard)).toEqual(natives(4));
    await client.expectSessions({ [held.id]: { message_count: held.messages.length + 2 } });
  });

  it('was the first: there is no session, and the same request begins one', async () => {
    const pair = await startPair();
    const client = new TranscriptClient(pair);
    const asked = { model, messages: [system, user('Hello')], stream: true };
    pair.fake.script(...steps);
    await readOutcome(await client.post(asked));
    await client.expectSessions({});
    const again = await client.turn(asked, sayText('Hi.'));
    expect(again.state).toBe('new');
    await client.expectSessions({ [again.id]: { parent_id: null, message_count: 3 } });
  });
});

describe('a client that leaves in the middle', () => {
  it('keeps what it saw, marked as interrupted, and goes on in its session', async () => {
    const pair = await startPair();
    const client = new TranscriptClient(pair);
    const held = await holdStory(client, { model, turns: 3 });
    const asked = [...held.messages, result('read_cccccccccccc', 'TREE')];
    const place = new Gate();
    pair.fake.script(...begun, gate(place));
    const leaving = new AbortController();
    const response = await pair.post({ model, messages: asked, tools, stream: true }, leaving);
    await response.body?.getReader().read();
    await place.reached;
    leaving.abort();
    expect(await pair.fake.chatRequests.at(-1)?.outcome).toBe('aborted');

    const messages = [
      ...asked,
      { role: 'assistant', content: 'PINE\n\n[Response interrupted by user]' },
      user('Only the last word, please.'),
    ];
    const later = await client.turn({ model, messages, tools }, sayText('TREE'));
    expect({ id: later.id, state: later.state }).toEqual({ id: held.id, state: 'continued' });
    expect(heardAnswers(later.heard).slice(0, -1)).toEqual(natives(3));
    await client.expectSessions({ [held.id]: { message_count: messages.length + 1 } });
  });
});

describe('the same request once more after a good answer', () => {
  it('forks where the answers part; the session does not grow, however often', async () => {
    const client = new TranscriptClient(await startPair());
    const held = await holdStory(client, { model });
    const before = await client.session(held.id);
    const asked = { model, messages: held.messages.slice(0, -1), tools };
    const forks: string[] = [];
    for (const reply of ['TREE.', 'It is TREE.', 'TREE!']) {
      const fork = await client.turn(asked, sayText(reply));
      expect(fork.state).toBe('forked');
      expect(heardAnswers(fork.heard)).toEqual(natives(3));
      forks.push(fork.id);
    }
    expect(await client.session(held.id)).toEqual(before);
    expect(new Set(forks).size).toBe(3);
    expect(Object.keys(await client.sessions()).sort()).toEqual([held.id, ...forks].sort());
    // Each goes on by itself.
    const messages = [...asked.messages, { role: 'assistant', content: 'It is TREE.' }, next];
    const later = await client.turn({ model, messages, tools }, sayText('PINEAPPLETREE'));
    expect({ id: later.id, state: later.state }).toEqual({ id: forks[1], state: 'continued' });
    expect((await client.session(later.id)).message_count).toBe(messages.length + 1);
  });

  it('a stream that broke before its end was no answer: the repeat goes on', async () => {
    const pair = await startPair();
    const client = new TranscriptClient(pair);
    const held = await holdStory(client, { model });
    const asked = { model, messages: [...held.messages, next], tools, stream: true };
    pair.fake.script(...begun, rst());
    expectFailed(await readOutcome(await client.post(asked)), 'upstream_interrupted');
    const headers = { 'x-stainless-retry-count': '1' };
    const repeat = await client.turn(asked, sayText('PINEAPPLETREE'), headers);
    expect({ id: repeat.id, state: repeat.state }).toEqual({ id: held.id, state: 'continued' });
  });
});
