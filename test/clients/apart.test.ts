// Conversations that must not become one: of other owners and users, beside each other, under other labels, in
// another dialect, with the same first words.
import { describe, expect, it } from 'vitest';
import type { UpstreamRequest } from '../support/fake-cohere.ts';
import { Gate } from '../support/gate.ts';
import { startPair } from '../support/start.ts';
import { gate } from '../support/upstream-script.ts';
import { answers, holdStory, said, system, tools, user } from './agent-story.ts';
import {
  heardAnswers,
  heardAs,
  planning as model,
  type NativeMessage,
  sayNative,
  sayText,
} from './native-answer.ts';
import { readTurn, TranscriptClient, type WireMessage } from './transcript-client.ts';

const next = user('All three in one word?');
const text = (content: string): WireMessage => ({ role: 'assistant', content });
const natives = (turns: number) =>
  answers(model)
    .slice(0, turns)
    .flatMap(native => heardAs(native, model));

describe('owners and users', () => {
  it('the same transcript under another key: never found, and nothing native of it is heard', async () => {
    const pair = await startPair({ passthrough: true });
    const mine = new TranscriptClient(pair, { authorization: 'Bearer key-of-mine-000000' });
    const theirs = new TranscriptClient(pair, { authorization: 'Bearer key-of-theirs-0000' });
    const held = await holdStory(mine, { model });
    const asked = { model, messages: [...held.messages, next], tools };
    const stolen = await theirs.turn(asked, sayText('Who are you?'));
    expect(stolen.state).toBe('new');
    expect(JSON.stringify(stolen.heard.json)).not.toContain('I will read both files at once.');
    await theirs.expectSessions({ [stolen.id]: { parent_id: null } });
    await mine.expectSessions({ [held.id]: { message_count: held.messages.length } });
    const later = await mine.turn(asked, sayText('PINEAPPLETREE'));
    expect({ id: later.id, state: later.state }).toEqual({ id: held.id, state: 'continued' });
  });

  it.each([
    ['ada', 'bob'],
    ['ada', undefined],
    [undefined, 'ada'],
    ['ada', 'Ada'],
  ])('the same transcript of user %s sent for user %s: never found', async (mine, theirs) => {
    const client = new TranscriptClient(await startPair());
    const held = await holdStory(client, { model, body: () => ({ user: mine }) });
    const asked = { model, messages: [...held.messages, next], tools };
    const stolen = await client.turn({ ...asked, user: theirs }, sayText('Who are you?'));
    expect(stolen.state).toBe('new');
    expect(JSON.stringify(stolen.heard.json)).not.toContain('I will read both files at once.');
    await client.expectSessions({
      [held.id]: { user: mine ?? null, parent_id: null, message_count: held.messages.length },
      [stolen.id]: { user: theirs ?? null, parent_id: null },
    });
    const later = await client.turn({ ...asked, user: mine }, sayText('PINEAPPLETREE'));
    expect({ id: later.id, state: later.state }).toEqual({ id: held.id, state: 'continued' });
  });
});

/** Answers by what was asked last, so that turns can run beside each other. */
function answerByQuestion({ json }: UpstreamRequest) {
  const { messages, stream } = json as { messages: { content?: unknown }[]; stream: boolean };
  return sayNative(sayText(`re ${messages.at(-1)?.content}`), stream);
}

describe('beside each other', () => {
  it('eight tasks, a turn of each at the same time: each in its own session, with its own words', async () => {
    const pair = await startPair();
    const client = new TranscriptClient(pair);
    pair.fake.setDefault(answerByQuestion);
    const tasks = Array.from({ length: 8 }, (_, task) => ({
      task,
      messages: [system],
      ids: new Set<string>(),
    }));
    for (const turn of [0, 1, 2, 3]) {
      await Promise.all(
        tasks.map(async one => {
          // The same second question for all: only what stands before it tells them apart.
          one.messages.push(user(turn === 1 ? 'Go on.' : `Task ${one.task}, turn ${turn}`));
          const stream = one.task % 2 === 0;
          const { id, state, message } = await readTurn(
            await client.post({ model, stream, messages: one.messages, tools }),
            stream,
          );
          expect(state).toBe(turn === 0 ? 'new' : 'continued');
          one.ids.add(id);
          one.messages.push(text(String(message.content)));
        }),
      );
    }
    for (const { ids, messages } of tasks) {
      expect(ids.size).toBe(1);
      const [id = ''] = ids;
      const stored = await client.session(id);
      expect(stored.messages.map(({ content }) => content)).toEqual(messages.map(({ content }) => content));
    }
    expect(Object.keys(await client.sessions())).toHaveLength(8);
  });

  it('the same first words twice: the second is another conversation, and both go on', async () => {
    const client = new TranscriptClient(await startPair());
    const opening = [system, user('Hello')];
    const ask = (messages: readonly WireMessage[], reply: string) =>
      client.turn({ model, messages }, sayText(reply));
    const one = await ask(opening, 'Hello, one.');
    const two = await ask(opening, 'Hello, two.');
    expect(two.id).not.toBe(one.id);
    expect(two.state).toMatch(/^(?:forked|new)$/);
    for (const [first, reply] of [
      [one, 'Hello, one.'],
      [two, 'Hello, two.'],
    ] as const) {
      const later = await ask([...opening, text(reply), user('More')], `${reply} More.`);
      expect({ id: later.id, state: later.state }).toEqual({ id: first.id, state: 'continued' });
    }
    await client.expectSessions({ [one.id]: { message_count: 5 }, [two.id]: { message_count: 5 } });
  });

  it('the same first words at the same time, with the same answers: they part where what is said does', async () => {
    const pair = await startPair();
    const client = new TranscriptClient(pair);
    pair.fake.setDefault(answerByQuestion);
    const opening = [system, user('Hello')];
    const turns = async (...all: (readonly WireMessage[])[]) =>
      Promise.all(all.map(async messages => readTurn(await client.post({ model, messages }), false)));
    await turns(opening, opening);
    const more = (...words: string[]) => [
      ...opening,
      text('re Hello'),
      ...words.flatMap(word => [user(word), text(`re ${word}`)]),
    ];
    const [a, b] = await turns([...more(), user('a')], [...more(), user('b')]);
    expect(a?.id).not.toBe(b?.id);
    const [later, other] = await turns([...more('a'), user('c')], [...more('b'), user('c')]);
    expect([later, other].map(one => ({ id: one?.id, state: one?.state }))).toEqual([
      { id: a?.id, state: 'continued' },
      { id: b?.id, state: 'continued' },
    ]);
    const stored = await client.session(later?.id ?? '');
    expect(stored.messages.map(({ content }) => content)).toEqual(
      [...more('a', 'c')].map(({ content }) => content),
    );
  });

  it('a session that is busy: a transcript forks at once, and both turns are kept', async () => {
    const pair = await startPair();
    const client = new TranscriptClient(pair);
    const held = await holdStory(client, { model });
    const place = new Gate();
    pair.fake.script(gate(place), ...sayNative(sayText('Slow.'), false));
    const running = client.post({ model, messages: [...held.messages, next], tools });
    await place.reached;
    const aside = [...held.messages, user('Meanwhile?')];
    const fork = await client.turn({ model, messages: aside, tools }, sayText('Quick.'));
    expect(fork.state).toBe('forked');
    expect(heardAnswers(fork.heard)).toEqual(natives(4));
    // Roo asks the same again while the first request hangs.
    const repeat = await client.turn({ model, messages: [...held.messages, next], tools }, sayText('Again.'));
    expect(repeat.state).toBe('forked');
    place.open();
    const slow = await readTurn(await running, false);
    expect({ id: slow.id, state: slow.state }).toEqual({ id: held.id, state: 'continued' });
    const count = held.messages.length + 2;
    await client.expectSessions({
      [held.id]: { parent_id: null, message_count: count },
      [fork.id]: { parent_id: held.id, message_count: count },
      [repeat.id]: { parent_id: held.id, message_count: count },
    });
  });
});

describe('another dialect', () => {
  it('a transcript is never added to a session that was begun with a message', async () => {
    const client = new TranscriptClient(await startPair());
    const begun = await client.turn({ model, message: 'Hello' }, sayText('Hi.'));
    const before = await client.session(begun.id);
    const messages = [user('Hello'), text('Hi.'), user('More')];
    const fork = await client.turn({ model, messages }, sayText('More it is.'));
    expect(fork.state).toBe('forked');
    await client.expectSessions({
      [begun.id]: { message_count: 2 },
      [fork.id]: { parent_id: begun.id, message_count: 4 },
    });
    expect(await client.session(begun.id)).toEqual(before);
    const later = await client.turn(
      { model, messages: [...messages, text('More it is.'), user('Thanks')] },
      sayText('Good.'),
    );
    expect({ id: later.id, state: later.state }).toEqual({ id: fork.id, state: 'continued' });
  });
});

describe('a chain without calls', () => {
  const chain = (instruction: string) => [
    { role: 'system', content: instruction },
    user('Hello'),
    text('Hi.'),
    user('More'),
  ];

  it.each([
    ['the same system text', 'Be kind.', 'continued'],
    ['another system text', 'Be cruel.', 'new'],
  ])('under %s', async (_, instruction, state) => {
    const client = new TranscriptClient(await startPair());
    const first = await client.turn({ model, messages: chain('Be kind.').slice(0, 2) }, sayText('Hi.'));
    const second = await client.turn({ model, messages: chain(instruction) }, sayText('Yes.'));
    expect(second.state).toBe(state);
    expect(second.id === first.id).toBe(state === 'continued');
    expect((await client.session(second.id)).parent_id).toBeNull();
  });
});

describe('labels', () => {
  const labelled = (label: string) => ({ 'x-session-id': label });

  it('the title of a chat is asked for under its label, at the same time: another session, the chat untouched', async () => {
    const pair = await startPair();
    const client = new TranscriptClient(pair, labelled('ses_chat'));
    const place = new Gate();
    pair.fake.script(gate(place), ...sayNative(sayText('Reading files'), false));
    const asked = [
      { role: 'system', content: 'You are a title generator.' },
      user('Generate a title:'),
      user('Read'),
    ];
    const running = client.post({ model, messages: asked });
    await place.reached;
    const held = await holdStory(client, { model, turns: said.length });
    place.open();
    const title = await readTurn(await running, false);
    expect(title.state).toBe('new');
    const fields = {
      [held.id]: { label: 'ses_chat', parent_id: null, message_count: held.messages.length },
      [title.id]: { label: 'ses_chat', parent_id: null, message_count: 4 },
    };
    await client.expectSessions(fields);
    await client.expectSessions(fields, 'label=ses_chat');
    await client.expectSessions({}, 'label=ses_other');
  });

  it('another label: a fork under that label, where the conversation goes on', async () => {
    const client = new TranscriptClient(await startPair());
    const held = await holdStory(client, { model, headers: labelled('ses_a') });
    const asked = [...held.messages, next];
    const fork = await client.turn({ model, messages: asked, tools }, sayText('Here.'), labelled('ses_b'));
    expect(fork.state).toBe('forked');
    expect(heardAnswers(fork.heard)).toEqual(natives(4));
    await client.expectSessions({
      [held.id]: { label: 'ses_a', message_count: held.messages.length },
      [fork.id]: { label: 'ses_b', parent_id: held.id },
    });
    await client.expectSessions({ [fork.id]: {} }, 'label=ses_b&branches=true');
    const messages = [...asked, text('Here.'), user('Thanks.')];
    const later = await client.turn({ model, messages, tools }, sayText('Good.'), labelled('ses_b'));
    expect({ id: later.id, state: later.state }).toEqual({ id: fork.id, state: 'continued' });
  });
});

describe('the same first words', () => {
  it.each([
    ['other labels', ['ses_a', 'ses_b']],
    ['the same label', ['ses_a', 'ses_a']],
    ['a label and none', ['ses_a', undefined]],
    ['no labels', [undefined, undefined]],
  ])('[XD10] under %s: two conversations, and both are listed', async (_, labels) => {
    const client = new TranscriptClient(await startPair());
    const turns = [];
    for (const label of labels) {
      const headers = label === undefined ? {} : { 'x-session-id': label };
      turns.push(
        await client.turn({ model, messages: [user('What did we do so far?')] }, sayText('This.'), headers),
      );
    }
    expect(turns.map(turn => turn.state)).toEqual(['new', 'new']);
    const [first, second] = turns.map(turn => turn.id);
    await client.expectSessions(
      { [first ?? '']: { parent_id: null }, [second ?? '']: { parent_id: null } },
      '',
    );
  });
});

describe('listings', () => {
  it('show the newest of a family, and all of it where branches are asked for', async () => {
    const client = new TranscriptClient(await startPair());
    const held = await holdStory(client, { model });
    const again = held.messages.slice(0, -1);
    const native: NativeMessage = sayText('TREE, it says.');
    const fork = await client.turn({ model, messages: again, tools }, native);
    await client.expectSessions({ [fork.id]: { parent_id: held.id } }, '');
    await client.expectSessions({ [held.id]: {}, [fork.id]: {} });
    // The one that was used last.
    const later = await client.turn({ model, messages: [...held.messages, next], tools }, sayText('Here.'));
    expect(later.id).toBe(held.id);
    await client.expectSessions({ [held.id]: { parent_id: null } }, '');
  });
});
