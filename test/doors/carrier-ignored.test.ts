// What comes back in `reasoning_details` may have been changed, moved, or made for somebody else. It is used for the
// message that it was made for, ignored everywhere else, and never an error.
import { describe, expect, it } from 'vitest';
import { answers, holdStory, said, tool, tools, user } from '../clients/agent-story.ts';
import {
  heardAnswers,
  heardAs,
  type Model,
  type NativeMessage,
  planning,
  reasoning,
  sayText,
} from '../clients/native-answer.ts';
import type { WireMessage } from '../clients/transcript-client.ts';
import { asGivenOut, ownCallId } from '../support/own-call-id.ts';
import { type Pair, startPair } from '../support/start.ts';
import {
  CarrierClient,
  carriedStart,
  type Detail,
  holdOne,
  keepDetails,
  keptOf,
  proxySecret,
  withoutDetails,
} from './carrier-client.ts';

const stateless = (options: Parameters<typeof startPair>[0] = {}) =>
  startPair({ sessionStore: 'none', proxySecret, ...options });

const native: NativeMessage = {
  role: 'assistant',
  tool_plan: 'I will read it.',
  tool_calls: [
    {
      id: 'read_aaaaaaaaaaaa',
      type: 'function',
      function: { name: 'read', arguments: '{ "path": "a.txt",\n"mode":null}' },
    },
  ],
};
const known = { model: planning, native, tools };
/** What Cohere hears where nothing was carried. */
const asClientsSay = {
  role: 'assistant',
  tool_calls: [
    {
      id: ownCallId,
      type: 'function',
      function: { name: 'read', arguments: '{"path":"a.txt","mode":null}' },
    },
  ],
};

function dataOf(message: WireMessage): string {
  const [detail] = message.reasoning_details as Detail[];
  return String(detail?.data);
}

/** Where the regions of the sealed bytes begin: version, nonce, text; the tag by its distance from the end. */
const regions = { version: 0, nonce: 1, text: 13, tag: -16 };

function flip(data: string, place: number): string {
  const bytes = Buffer.from(data.slice(carriedStart.length), 'base64url');
  const at = place < 0 ? bytes.length + place : place;
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  return carriedStart + bytes.toString('base64url');
}

const tampered: Readonly<Record<string, (data: string) => unknown>> = {
  ...Object.fromEntries(
    Object.entries(regions).map(([name, place]) => [
      `a bit of its ${name}`,
      (data: string) => [{ type: 'reasoning.encrypted', data: flip(data, place) }],
    ]),
  ),
  'its end is cut': data => [{ type: 'reasoning.encrypted', data: data.slice(0, -8) }],
  'something follows': data => [{ type: 'reasoning.encrypted', data: `${data}AAAA` }],
  'nothing but its beginning': () => [{ type: 'reasoning.encrypted', data: carriedStart }],
  'it is in pieces': data => [
    { type: 'reasoning.encrypted', data: data.slice(0, 40) },
    { type: 'reasoning.encrypted', data: data.slice(40) },
  ],
  'it is called a text': data => [{ type: 'reasoning.text', data }],
  'it is no text': data => [{ type: 'reasoning.encrypted', data: [data] }],
  'it stands one level too deep': data => [[{ type: 'reasoning.encrypted', data }]],
  "another server's": () => [
    { type: 'reasoning.encrypted', data: 'OPAQUE_NATIVE_STATE', id: 'state_1', format: 'unknown', index: 1 },
  ],
  'no list': data => ({ type: 'reasoning.encrypted', data }),
  'a text': data => data,
  null: () => null,
};

describe('tampered with', () => {
  it.each(Object.entries(tampered))('%s', async (_, change) => {
    const { answer, ask } = await holdOne(await stateless(), known);
    const message = keptOf(answer.message);
    const { heard } = await ask({ ...message, reasoning_details: change(dataOf(message)) });
    expect(heardAnswers(heard)).toEqual([asClientsSay]);
  });

  it.each<[string, (ours: Detail) => readonly unknown[]]>([
    ['among others', ours => [{ type: 'reasoning.encrypted', data: 'OPAQUE' }, ours, null, 7]],
    ['twice', ours => [ours, ours]],
    ['without its other keys', ({ type, data }) => [{ type, data }]],
    ['with other ones', ours => [{ ...ours, id: 'x', index: 3, format: 'anthropic-claude-v1', more: true }]],
  ])('used all the same: %s', async (_, change) => {
    const { answer, ask } = await holdOne(await stateless(), known);
    const [ours = {}] = answer.details ?? [];
    const { heard } = await ask({ ...keptOf(answer.message), reasoning_details: change(ours) });
    expect(heardAnswers(heard)).toEqual(heardAs(native, planning));
  });
});

describe('of somebody else', () => {
  it.each([
    ['ada', 'bob'],
    ['ada', undefined],
    [undefined, 'ada'],
    ['ada', 'Ada'],
  ])('of the user %s, brought by %s', async (mine, theirs) => {
    const { answer, ask } = await holdOne(await stateless(), { ...known, body: { user: mine } });
    const brought = keptOf(answer.message);
    expect(heardAnswers((await ask(brought, { user: theirs })).heard)).toEqual([asClientsSay]);
    expect(heardAnswers((await ask(brought, { user: mine })).heard)).toEqual(heardAs(native, planning));
  });

  it('an empty user is none', async () => {
    const { answer, ask } = await holdOne(await stateless(), { ...known, body: { user: '' } });
    const { heard } = await ask(keptOf(answer.message), { user: undefined });
    expect(heardAnswers(heard)).toEqual(heardAs(native, planning));
  });

  const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
  const [adas, eves] = ['key-of-ada-0123456789', 'key-of-eve-0123456789'] as const;
  const proxyKeys = [
    { name: 'ada', key: adas },
    { name: 'eve', key: eves },
  ];

  it.each<[string, () => Promise<Pair>]>([
    ["of the proxy's own", () => stateless({ proxyKeys })],
    ["of Cohere's", () => stateless({ passthrough: true })],
  ])('another key, %s', async (_, start) => {
    const pair = await start();
    const { answer, ask } = await holdOne(pair, { ...known, headers: bearer(adas) });
    const brought = keptOf(answer.message);
    const eve = new CarrierClient(pair, bearer(eves));
    expect(heardAnswers((await ask(brought, {}, eve)).heard)).toEqual([asClientsSay]);
    expect(heardAnswers((await ask(brought)).heard)).toEqual(heardAs(native, planning));
  });

  it('of a proxy with another secret', async () => {
    const { answer, ask } = await holdOne(await stateless(), known);
    const other = new CarrierClient(await stateless({ proxySecret: 'd'.repeat(64) }));
    expect(heardAnswers((await ask(keptOf(answer.message), {}, other)).heard)).toEqual([asClientsSay]);
  });
});

describe("what the client shows counts, and what it keeps quiet about is Cohere's", () => {
  const [, cited = sayText('')] = answers(planning);
  const talking: NativeMessage = {
    ...native,
    content: [{ type: 'text', text: 'I will look.' }],
    tool_plan: 'First a.txt.',
  };

  it.each<[string, unknown]>([
    ['other words', 'They say PINE and OAK.'],
    ['more words', 'They say PINE and APPLE. Both.'],
    ['fewer words', 'They say PINE'],
  ])('%s in the place of an answer are told, without its citations', async (_, content) => {
    const { answer, ask } = await holdOne(await stateless(), { ...known, native: cited });
    expect(answer.message.content).toBe('They say PINE and APPLE.');
    const { heard } = await ask({ ...keptOf(answer.message), content });
    expect(heardAnswers(heard)).toEqual([{ role: 'assistant', content }]);
  });

  it('an answer that was taken away stays away', async () => {
    const { answer, ask } = await holdOne(await stateless(), { ...known, native: cited });
    const { heard } = await ask({ ...keptOf(answer.message), content: '' });
    expect(heardAnswers(heard)).toEqual([]);
  });

  const call = (name: string, text: string) => ({
    ...asClientsSay,
    // By Cohere's id: the client sends the one that it was given for it.
    tool_calls: [{ id: 'read_aaaaaaaaaaaa', type: 'function' as const, function: { name, arguments: text } }],
  });
  const same = asClientsSay.tool_calls[0]?.function.arguments ?? '';

  it.each<[string, object, object]>([
    [
      'other words beside a call',
      { content: 'I will not look.' },
      { ...asClientsSay, tool_plan: 'I will not look.' },
    ],
    ['no words beside a call', { content: '' }, asClientsSay],
    [
      'another tool',
      call('write', same),
      {
        ...call('write', same),
        tool_plan: 'I will look.',
        tool_calls: asGivenOut(call('write', same).tool_calls),
      },
    ],
  ])('%s', async (_, change, expected) => {
    const { answer, ask } = await holdOne(await stateless(), { ...known, native: talking });
    const { heard } = await ask({ ...keptOf(answer.message), ...change });
    expect(heardAnswers(heard)).toEqual([expected]);
  });

  // As in a conversation that is stored: agents add defaults and mend what they read, and mean nothing by it.
  it.each(['{"path":"a.txt","mode":"slice"}', '{"path":"a.txt","limit":100}', '{}', ''])(
    'arguments are always those that Cohere wrote: %j',
    async text => {
      const { answer, ask } = await holdOne(await stateless(), known);
      const { tool_calls } = call('read', text);
      const { heard } = await ask({ ...keptOf(answer.message), tool_calls });
      expect(heardAnswers(heard)).toEqual(heardAs(native, planning));
    },
  );
});

const ownIdOrSource = /^call_[A-Za-z0-9]{22}(?::\d+)?$/;

/** Of another conversation, where clients were given others. */
function withAnyIds(messages: readonly object[]): object[] {
  return JSON.parse(JSON.stringify(messages), (_, value) =>
    typeof value === 'string' && value.startsWith('call_') ? expect.stringMatching(ownIdOrSource) : value,
  );
}

describe.each([planning, reasoning] as const)('on a message that it was not made for, %s', model => {
  const natives = (turns: readonly number[]) =>
    turns.flatMap(turn => heardAs(answers(model)[turn] ?? sayText(''), model));
  const places = [2, 6, 8, 10];

  /** The four answers of the story, each with the entry of the one that stands at its place in the list. */
  async function hearWith(entries: readonly (number | undefined)[]): Promise<object[]> {
    const client = new CarrierClient(await stateless());
    const { messages } = await holdStory(client, { model, habit: keepDetails });
    const details = places.map(place => messages[place]?.reasoning_details);
    const bare = withoutDetails(messages, 0);
    const mixed = places.reduce(
      (all, place, index) => {
        const entry = entries[index];
        const message = all[place];
        if (!message) throw new Error(`no answer at ${place}`);
        return entry === undefined ? all : all.with(place, { ...message, reasoning_details: details[entry] });
      },
      [...bare],
    );
    const question = user('All three in one word?');
    const { heard } = await client.turn(
      { model, messages: [...mixed, question], tools },
      sayText('So be it.'),
    );
    return heardAnswers(heard);
  }

  it('each its own: all as they were said', async () => {
    expect(await hearWith([0, 1, 2, 3])).toEqual(natives([0, 1, 2, 3]));
  });

  it.each([
    ['the first on all', [0, 0, 0, 0], [0]],
    ['the last on all', [3, 3, 3, 3], [3]],
    ['each on the next', [3, 0, 1, 2], []],
    ['texts on calls and calls on texts', [1, 2, 3, 0], []],
    ['the two texts exchanged', [0, 3, 2, 1], [0, 2]],
    ['the two calls exchanged', [2, 1, 0, 3], [1, 3]],
  ])('%s: used where it belongs, and nowhere else', async (_, entries, own) => {
    const right = [0, 1, 2, 3].map(place => (own.includes(place) ? place : undefined));
    expect(await hearWith(entries)).toEqual(withAnyIds(await hearWith(right)));
  });

  it('users, results and system texts carry nothing', async () => {
    const client = new CarrierClient(await stateless());
    const { messages } = await holdStory(client, { model, habit: keepDetails });
    const reasoning_details = messages[2]?.reasoning_details;
    const everywhere = messages.map(message =>
      message.role === 'assistant' ? message : { ...message, reasoning_details },
    );
    const asked = (all: readonly WireMessage[]) => ({ model, messages: [...all, user('And?')], tools });
    const odd = await client.turn(asked(everywhere), sayText('So be it.'));
    const even = await client.turn(asked(messages), sayText('So be it.'));
    expect(odd.heard.json).toEqual(even.heard.json);
  });
});

describe('the model is another by then: its form, and nothing that it does not take', () => {
  it.each<Model[][]>([
    [[planning, planning, reasoning, reasoning, planning]],
    [[reasoning, reasoning, planning, planning, reasoning]],
    [[planning, reasoning, planning, reasoning, planning]],
  ])('%j', async course => {
    const client = new CarrierClient(await stateless());
    const before: NativeMessage[] = [];
    let messages: readonly WireMessage[] = [];
    for (const [turn, model] of course.entries()) {
      const answer = answers(model)[turn] ?? sayText('');
      messages = [...messages, ...(said[turn] ?? [])];
      const turned = await client.turn({ model, messages, tools: [...tools, tool('ask')] }, answer);
      expect(heardAnswers(turned.heard)).toEqual(before.flatMap(earlier => heardAs(earlier, model)));
      before.push(answer);
      messages = [...messages, keptOf(turned.message)];
    }
  });
});
