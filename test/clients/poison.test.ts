// Conversations that no client should send, and some do: answered all the same, legal when they reach Cohere, and
// recognised when they come again. One part that cannot be read is refused, and leaves no trace.
import { describe, expect, it } from 'vitest';
import { asGivenOut } from '../support/own-call-id.ts';
import { expectError } from '../support/read-reply.ts';
import { startPair } from '../support/start.ts';
import { answers, dropReasoning, holdStory, result, said, system, tools, user } from './agent-story.ts';
import { heardAnswers, heardAs, planning as model, sayText } from './native-answer.ts';
import { TranscriptClient, type WireMessage } from './transcript-client.ts';

type Messages = readonly WireMessage[];

const text = (content: unknown): WireMessage => ({ role: 'assistant', content });

const calls = (...ids: string[]) => callsWith('{"path":"x.txt"}', ...ids);

function callsWith(args: unknown, ...ids: string[]): WireMessage {
  const tool_calls = ids.map(id => ({ id, type: 'function', function: { name: 'read', arguments: args } }));
  return { role: 'assistant', content: null, tool_calls } as unknown as WireMessage;
}

const legacyCall = { role: 'assistant', content: null, function_call: { name: 'read', arguments: '{}' } };

/** What stands between a good beginning and the next question. */
const poisons: Readonly<Record<string, Messages>> = {
  'empty answers of every kind': [
    text(''),
    text(null),
    { role: 'assistant' },
    text([]),
    text([{ type: 'text', text: '' }]),
  ],
  'empty users': [user(''), { role: 'user', content: null }, { role: 'user', content: [] }, { role: 'user' }],
  'an answer of white space': [text(' \n ')],
  'a result that nobody asked for': [result('never_called', 'Surprise.')],
  'results before their calls': [result('early', 'A.'), calls('early')],
  'calls that nobody answered': [calls('open_1', 'open_2'), user('Never mind.')],
  'one of two calls answered': [calls('half_1', 'half_2'), result('half_2', 'B.')],
  'a result far from its call': [calls('far'), user('Wait.'), text('Waiting.'), result('far', 'C.')],
  'two results of one call': [calls('twice'), result('twice', 'D.'), result('twice', 'E.')],
  'one id for two calls of a step': [calls('same', 'same'), result('same', 'F.'), result('same', 'G.')],
  'one id in two steps': [calls('again'), result('again', 'H.'), calls('again'), result('again', 'I.')],
  'empty arguments': [callsWith('', 'empty'), result('empty', 'J.')],
  'arguments null': [callsWith('null', 'null'), result('null', 'K.')],
  'a list as arguments': [callsWith('["x.txt"]', 'list'), result('list', 'L.')],
  'arguments that break off': [callsWith('{"path": "x', 'broken'), result('broken', 'M.')],
  'no arguments at all': [callsWith(undefined, 'none'), result('none', 'N.')],
  'arguments that name a prototype': [callsWith('{"__proto__":{"path":1}}', 'proto'), result('proto', 'O.')],
  'ids that every object has': [
    calls('__proto__', 'constructor', 'toString'),
    result('__proto__', 'P.'),
    result('constructor', 'Q.'),
    result('toString', 'R.'),
  ],
  'ids that Cohere would not make': [
    calls('call 1/ü', 'x'.repeat(300)),
    result('call 1/ü', 'S.'),
    result('x'.repeat(300), 'T.'),
  ],
  'empty results': [
    calls('mute_1', 'mute_2'),
    result('mute_1', ''),
    { ...result('mute_2', ''), content: [] },
  ],
  'a call without a name that Cohere would take': [
    {
      ...calls('mcp'),
      tool_calls: [{ id: 'mcp', type: 'function', function: { name: 'mcp--a.b', arguments: '{}' } }],
    },
    result('mcp', 'U.'),
  ],
  'system messages in between': [
    { role: 'system', content: 'Be brief.' },
    { role: 'developer', content: 'Be kind.' },
  ],
  'half a character': [user('\ud83c broken \udf4d'), text('\udf4d')],
  'a null character': [user('a\u0000b'), text('c\u0000d')],
  'the same exchange three times': [
    user('Again.'),
    text('Yes.'),
    user('Again.'),
    text('Yes.'),
    user('Again.'),
    text('Yes.'),
  ],
  'answers in a row': [text('One.'), text('Two.'), calls('three'), result('three', 'V.'), text('Four.')],
  'calls of the old kind': [
    { ...legacyCall },
    { role: 'function', name: 'read', content: 'W.' },
    { ...legacyCall },
    { role: 'function', name: 'read', content: 'X.' },
  ],
};

const question = user('And now?');
const thanks = user('Thanks.');

describe('poison in a conversation that nobody knows', () => {
  it.each(Object.entries(poisons))('%s', async (_, poison) => {
    const client = new TranscriptClient(await startPair());
    await expectGoesOn(client, [system, user('Begin.'), ...poison, question], 'new');
  });
});

describe('poison in a known conversation', () => {
  it.each(Object.entries(poisons))('%s', async (_, poison) => {
    const client = new TranscriptClient(await startPair());
    const held = await holdStory(client, { model, turns: 2 });
    const id = await expectGoesOn(client, [...held.messages, ...poison, question], 'continued');
    expect(id).toBe(held.id);
    const { messages } = await client.session(id);
    const [first] = answers(model);
    expect(messages.find(message => message.tool_calls)?.tool_calls).toEqual(asGivenOut(first?.tool_calls));
  });

  it('calls of the last answer that were never answered', async () => {
    const client = new TranscriptClient(await startPair());
    const held = await holdStory(client, { model, turns: 1 });
    expect(await expectGoesOn(client, [...held.messages, question], 'continued')).toBe(held.id);
  });

  it('only one of its calls was answered', async () => {
    const client = new TranscriptClient(await startPair());
    const held = await holdStory(client, { model, turns: 1 });
    const answered = [...held.messages, result('read_bbbbbbbbbbbb', 'APPLE'), question];
    expect(await expectGoesOn(client, answered, 'continued')).toBe(held.id);
  });

  it('an empty answer in the middle, once there and once not: it counts for nothing', async () => {
    const client = new TranscriptClient(await startPair());
    const held = await holdStory(client, {
      model,
      turns: said.length,
      habit: (messages, turn) =>
        turn % 2 === 0
          ? dropReasoning(messages, turn)
          : dropReasoning(messages, turn).flatMap(message =>
              message.role === 'assistant' ? [text(''), message] : [message],
            ),
    });
    for (const { id } of held.turns) expect(id).toBe(held.id);
    expect(heardAnswers(held.turns.at(-1)?.heard)).toEqual(
      answers(model)
        .slice(0, 4)
        .flatMap(native => heardAs(native, model)),
    );
  });
});

/** Three requests with poison in them: recognised each time, and each adds what was new and nothing else. */
async function expectGoesOn(client: TranscriptClient, asked: Messages, state: string): Promise<string> {
  const first = await client.turn({ model, messages: asked, tools }, sayText('First.'));
  expect(first.state).toBe(state);
  const { message_count: before } = await client.session(first.id);
  const more = [...asked, text('First.'), thanks];
  const second = await client.turn({ model, messages: more, tools }, sayText('Second.'));
  const third = await client.turn(
    { model, messages: [...more, text('Second.'), question], tools },
    sayText('Third.'),
  );
  for (const { id, state } of [second, third])
    expect({ id, state }).toEqual({ id: first.id, state: 'continued' });
  await client.expectSessions({ [first.id]: { message_count: before + 4 } });
  return first.id;
}

describe('what cannot be read', () => {
  const unknown: readonly WireMessage[] = [
    { role: 'user', content: [{ type: 'hologram', data: 'x' }] },
    { role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'x', format: 'wav' } }] },
  ];

  // One in a tool result is sent on as its JSON text: test/clients/unfit.test.ts.
  it.each(unknown)('a part of another kind is refused, and the conversation goes on: %j', async odd => {
    const pair = await startPair();
    const client = new TranscriptClient(pair);
    const held = await holdStory(client, { model, turns: 2 });
    const before = await client.session(held.id);
    const refused = await client.post({ model, messages: [...held.messages, odd], tools });
    await expectError(refused, { status: 400, code: 'unsupported_value' });
    expect(pair.fake.chatRequests).toHaveLength(2);
    expect(await client.session(held.id)).toEqual(before);
    expect(await expectGoesOn(client, [...held.messages, question], 'continued')).toBe(held.id);
  });
});
