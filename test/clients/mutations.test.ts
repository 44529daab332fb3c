// Whatever a client does to a conversation, it ends in the right session, and Cohere hears its own words again.
import { describe, expect, it } from 'vitest';
import { startPair } from '../support/start.ts';
import { answers, at, holdStory, result, said, tool, tools, user } from './agent-story.ts';
import { habits } from './habits.ts';
import { heardAnswers, heardAs, type Model, models, sayText } from './native-answer.ts';
import { TranscriptClient, type WireCall, type WireMessage } from './transcript-client.ts';

const natively = (model: Model, turns: readonly number[]) =>
  turns.flatMap(turn => {
    const native = answers(model)[turn];
    return native ? heardAs(native, model) : [];
  });

describe.each(models)('habits, %s', model => {
  it.each(Object.entries(habits))('a client that %s', async (_, { habit, body }) => {
    const client = new TranscriptClient(await startPair());
    const stream = model === models[0];
    const held = await holdStory(client, {
      model,
      turns: said.length,
      habit,
      body: turn => ({ stream, ...body?.(turn) }),
    });
    expect(held.turns.map(({ id, state }) => ({ id, state }))).toEqual(
      held.turns.map((_turn, at) => ({ id: held.id, state: at === 0 ? 'new' : 'continued' })),
    );
    for (const [turn, { heard }] of held.turns.entries())
      expect(heardAnswers(heard)).toEqual(natively(model, [...Array(turn).keys()]));
    const sent = held.sent.at(-1) ?? 0;
    await client.expectSessions({ [held.id]: { parent_id: null, message_count: sent + 1 } });
    const { messages } = await client.session(held.id);
    expect(messages.map(({ role }) => role)).toEqual([...said.slice(0, 5)].flatMap(rolesOf));
  });
});

function rolesOf(added: readonly WireMessage[]): string[] {
  return [...added.map(({ role }) => role), 'assistant'];
}

type Messages = readonly WireMessage[];

interface Turning {
  /** What is asked after the four turns. */
  readonly change: (messages: Messages) => Messages;
  readonly state: 'continued' | 'forked' | 'new';
  /** Whether the new session names the first as its parent; a fork always does. */
  readonly parent?: boolean;
  /** What Cohere hears of answers: those of a turn as it gave them, texts as the client sends them. */
  readonly heard: readonly (number | string)[];
  readonly body?: object;
}

const next = user('All three in one word?');
const replace = (messages: Messages, place: number, message: WireMessage) => messages.with(place, message);
const summary = user('Summary of the conversation so far: two files were read.');
const notice = user('[Sliding window truncation: 5 messages hidden to reduce context]');
const lastStep = (messages: Messages) => messages.slice(at.secondQuestion + 1);

const turnings: Readonly<Record<string, Turning>> = {
  'goes on': { change: m => [...m, next], state: 'continued', heard: [0, 1, 2, 3] },
  'goes on in another mode': {
    change: m => [...replace(m, 0, { role: 'system', content: 'You only ask.' }), next],
    body: { tools: [tool('ask')] },
    state: 'continued',
    heard: [0, 1, 2, 3],
  },
  'goes on without its system text': {
    change: m => [...m.slice(1), next],
    state: 'continued',
    heard: [0, 1, 2, 3],
  },
  'goes back to the first text and asks another thing': {
    change: m => [...m.slice(0, at.firstText + 1), user('And d.txt?')],
    state: 'forked',
    heard: [0, 1],
  },
  'goes back into the first step': {
    change: m => [...m.slice(0, at.details), user('Stop. Which of them is longer?')],
    state: 'forked',
    heard: [0],
  },
  'edits an earlier message and keeps what followed': {
    change: m => [...replace(m, at.details, user('<environment_details>10:09</environment_details>')), next],
    state: 'forked',
    // A text alone is found in the session that it came from.
    heard: [0, 1, 2, 3],
  },
  'edits a result and keeps what followed': {
    change: m => [...replace(m, at.lastResult, result('read_cccccccccccc', 'TREES')), next],
    state: 'forked',
    heard: [0, 1, 2, 3],
  },
  'edits an answer': {
    change: m => [...replace(m, at.lastText, { role: 'assistant', content: 'It says TREES.' }), next],
    state: 'forked',
    heard: [0, 1, 2, 'It says TREES.'],
  },
  'leaves the last answer out': {
    change: m => [...m.slice(0, at.lastText), next],
    state: 'forked',
    heard: [0, 1, 2],
  },
  'asks for the last answer again': {
    change: m => m.slice(0, at.lastText),
    state: 'forked',
    heard: [0, 1, 2],
  },
  'asks for the answer before again': {
    change: m => m.slice(0, at.secondQuestion + 1),
    state: 'forked',
    heard: [0, 1],
  },
  'asks for the first answer again': {
    change: m => m.slice(0, at.opening + 1),
    state: 'new',
    heard: [],
  },
  'edits the first message and drops the rest': {
    change: m => [...m.slice(0, at.opening), user('What does z.txt say?')],
    state: 'new',
    heard: [],
  },
  'edits the first message and keeps the rest': {
    change: m => [...replace(m, at.opening, user('What do a.txt and b.txt say, and when?')), next],
    state: 'new',
    parent: true,
    heard: [0, 1, 2, 3],
  },
  'condenses all to one summary': { change: m => [...m.slice(0, 1), summary], state: 'new', heard: [] },
  'condenses, and keeps the last step': {
    change: m => [...m.slice(0, 1), summary, ...lastStep(m), next],
    state: 'new',
    parent: true,
    heard: [2, 3],
  },
  'condenses, and keeps the last step under another system text': {
    change: m => [
      { role: 'system', content: 'You are an agent. It is 10:30.' },
      summary,
      ...lastStep(m),
      next,
    ],
    state: 'new',
    parent: true,
    heard: [2, 3],
  },
  'cuts the middle out, with a notice': {
    change: m => [...m.slice(0, at.opening + 1), notice, ...lastStep(m), next],
    state: 'new',
    parent: true,
    heard: [2, 3],
  },
  'has all summarised, calls as text': {
    change: m => [
      { role: 'system', content: 'You summarise conversations.' },
      ...m.slice(at.opening, at.opening + 1),
      { role: 'assistant', content: '[Tool Use: read]\npath: a.txt' },
      user('[Tool Result]\nPINE'),
      user('CRITICAL: summarise.'),
    ],
    state: 'new',
    heard: ['[Tool Use: read]\npath: a.txt'],
  },
};

describe.each(models)('turnings, %s', model => {
  it.each(Object.entries(turnings))('a client that %s', async (_, { change, state, parent, heard, body }) => {
    const client = new TranscriptClient(await startPair());
    const held = await holdStory(client, { model });
    const before = await client.session(held.id);
    const asked = change(held.messages);

    const turned = await client.turn({ model, messages: asked, tools, ...body }, sayText('So be it.'));
    expect(turned.state).toBe(state);
    const isFirst = turned.id === held.id;
    expect(isFirst).toBe(state === 'continued');
    expect(heardAnswers(turned.heard)).toEqual(
      heard.flatMap(one => (typeof one === 'number' ? natively(model, [one]) : [plainAnswer(one)])),
    );
    const parent_id = state === 'forked' || parent ? held.id : null;
    await client.expectSessions({
      [held.id]: { parent_id: null },
      [turned.id]: { parent_id, message_count: asked.length + 1 },
    });
    if (!isFirst) expect(await client.session(held.id)).toEqual(before);

    // It goes on where it is now, and the first where it was.
    const messages = [...asked, plainAnswer('So be it.'), user('Thanks.')];
    const later = await client.turn({ model, messages, tools, ...body }, sayText('Good.'));
    expect({ id: later.id, state: later.state }).toEqual({ id: turned.id, state: 'continued' });
    if (isFirst) return;
    const first = await client.turn({ model, messages: [...held.messages, next], tools }, sayText('Here.'));
    expect({ id: first.id, state: first.state }).toEqual({ id: held.id, state: 'continued' });
    expect(heardAnswers(first.heard)).toEqual(natively(model, [0, 1, 2, 3]));
  });
});

function plainAnswer(content: string): WireMessage {
  return { role: 'assistant', content };
}

describe('a conversation that began elsewhere', () => {
  const [model] = models;
  const brought = [
    user('Hello'),
    plainAnswer('Hi.'),
    user('Read a.txt'),
    { role: 'assistant', content: '', tool_calls: [callOf('call_1', 'a.txt')] },
    result('call_1', 'PINE'),
  ];
  const whole = [...brought, plainAnswer('PINE.'), user('Thanks')];

  it('is stored whole, and goes on', async () => {
    const client = new TranscriptClient(await startPair());
    const first = await client.turn({ model, messages: brought, tools }, sayText('PINE.'));
    const second = await client.turn({ model, messages: whole, tools }, sayText('Good.'));
    expect([first.state, second.state]).toEqual(['new', 'continued']);
    await client.expectSessions({ [first.id]: { parent_id: null, message_count: 8 } });
  });

  it.each([
    ['the first answer', [...brought.slice(0, 2), user('Read b.txt')]],
    ['the call', [...brought.slice(0, 4), result('call_1', 'APPLE')]],
    ['the opening', brought.slice(0, 1)],
  ])(
    'goes back to %s: nothing of ours is shared, so it is a conversation of its own',
    async (_, messages) => {
      const client = new TranscriptClient(await startPair());
      const first = await client.turn({ model, messages: brought, tools }, sayText('PINE.'));
      const fork = await client.turn({ model, messages, tools }, sayText('So be it.'));
      expect(fork.state).toBe('new');
      await client.expectSessions({
        [first.id]: { message_count: 6 },
        [fork.id]: { parent_id: null, message_count: messages.length + 1 },
      });
    },
  );
});

function callOf(id: string, path: string): WireCall {
  return { id, type: 'function', function: { name: 'read', arguments: JSON.stringify({ path }) } };
}
