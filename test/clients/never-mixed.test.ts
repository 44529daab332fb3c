// XA2, XA3, XA4: two conversations of one key that a quick look takes for one, and one that the client has changed.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { UpstreamRequest } from '../support/fake-cohere.ts';
import { type Pair, startPair } from '../support/start.ts';
import { reasoning as model, type NativeMessage, sayText } from './native-answer.ts';
import { TranscriptClient, type Turned, type WireMessage } from './transcript-client.ts';

const user = (content: string): WireMessage => ({ role: 'user', content });
const system = (content: string): WireMessage => ({ role: 'system', content });
const result = (id: string, content: string): WireMessage => ({ role: 'tool', tool_call_id: id, content });
const callOf = (id: string, args: object | string) => ({
  id,
  type: 'function' as const,
  function: { name: 'weather', arguments: typeof args === 'string' ? args : JSON.stringify(args) },
});
const calls = (...tool_calls: ReturnType<typeof callOf>[]): WireMessage => ({
  role: 'assistant',
  content: null,
  tool_calls,
});
const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object' } } }];

const thinks = (thinking: string, ...said: NonNullable<NativeMessage['content']>): NativeMessage => ({
  role: 'assistant',
  content: [{ type: 'thinking', thinking }, ...said],
});
const says = (thinking: string, text: string) => thinks(thinking, { type: 'text', text });
const asks = (thinking: string, ...tool_calls: ReturnType<typeof callOf>[]): NativeMessage => ({
  ...thinks(thinking),
  tool_calls,
});

async function startOn(store: string): Promise<Pair> {
  if (store === 'memory') return startPair();
  const directory = await mkdtemp(join(tmpdir(), 'cohere-proxy-apart-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  return startPair({ sessionStore: `sqlite:${join(directory, 'sessions.db')}`, proxySecret: 'f'.repeat(64) });
}

const heard = ({ heard: request }: { heard: UpstreamRequest }) => JSON.stringify(request.json);
const stored = async (client: TranscriptClient, { id }: Turned) =>
  JSON.stringify((await client.session(id)).messages);

/** Of the call, what it was given with. */
const heardArguments = ({ heard: { json } }: Turned): unknown[] => {
  const { messages } = json as { messages: readonly WireMessage[] };
  return messages.flatMap(({ tool_calls = [] }) =>
    tool_calls.map(call => JSON.parse(call.function.arguments)),
  );
};

const ways = ['memory', 'SQLite'].flatMap(store => [false, true].map(stream => ({ store, stream })));

describe.each(ways)('on $store, streamed: $stream', ({ store, stream }) => {
  describe('[XA2] a call id that a client made proves nothing', () => {
    it.each<[string, (args: object) => WireMessage, (content: string) => WireMessage]>([
      ['call_0', args => calls(callOf('call_0', args)), content => result('call_0', content)],
      [
        'functions.f:0',
        args => calls(callOf('functions.f:0', args)),
        content => result('functions.f:0', content),
      ],
      [
        'a random one, of another server',
        args => calls(callOf('call_9tQ2pXw7Kd3mZ1vB8nR4sL', args)),
        content => result('call_9tQ2pXw7Kd3mZ1vB8nR4sL', content),
      ],
      [
        'none: legacy function_call',
        args => ({ role: 'assistant', content: null, function_call: callOf('', args).function }),
        content => ({ role: 'function', name: 'weather', content }),
      ],
    ])('%s', async (_, call, answer) => {
      const client = new TranscriptClient(await startOn(store));
      const one = (args: object) => [user('Weather?'), call(args), answer('Rain.'), user('And now?')];
      const pairs = [
        [{ city: 'Oslo' }, { city: 'Rome' }],
        [{ city: 'Oslo', note: 'secret' }, { city: 'Oslo' }],
        [{ city: 'Oslo' }, {}],
        [{ days: 5 }, { days: '5' }],
      ] as const;
      for (const [index, [first, second]] of pairs.entries()) {
        const lead = [system(`Pair ${index}.`)];
        const a = await client.turn(
          { model, messages: [...lead, ...one(first)], tools, stream },
          says('alpha', 'Wet.'),
        );
        const b = await client.turn(
          { model, messages: [...lead, ...one(second)], tools, stream },
          says('beta', 'Wet.'),
        );
        expect([a.state, b.state]).toEqual(['new', 'new']);
        expect((await client.session(b.id)).parent_id).toBeNull();
        for (const [turn, args, own, other] of [
          [a, first, 'alpha', 'beta'],
          [b, second, 'beta', 'alpha'],
        ] as const) {
          const messages = [...lead, ...one(args), turn.message, user('Thanks.')];
          const later = await client.turn({ model, messages, tools, stream }, sayText('Bye.'));
          expect({ state: later.state, id: later.id }).toEqual({ state: 'continued', id: turn.id });
          expect(heardArguments(later)).toEqual([args]);
          expect(heard(later)).toContain(own);
          expect(heard(later)).not.toContain(other);
          expect(await stored(client, later)).not.toContain(other);
        }
      }
    });
  });

  describe('[XA3] a call that was edited is what the client says', () => {
    const opening = [user('Weather in Oslo?')];
    const edits: [string, string, string][] = [
      ['another value', '{"city":"Oslo","unit":null}', '{"city":"Rome"}'],
      ['another value within', '{"at":{"city":"Oslo","zip":"1"}}', '{"at":{"city":"Rome","zip":"1"}}'],
      ['another value in a list', '{"cities":["Oslo"]}', '{"cities":["Rome"]}'],
      ['one more in a list', '{"cities":["Oslo"]}', '{"cities":["Oslo","Rome"]}'],
      ['the last digit', '{"city":12345678901234567890}', '{"city":12345678901234567891}'],
      ['repaired', '{"city":"Oslo', '{"city":"Rome"}'],
    ];

    it.each(edits)('%s', async (_, given, edited) => {
      const client = new TranscriptClient(await startOn(store));
      const first = await client.turn(
        { model, messages: opening, tools, stream },
        asks('I look at Oslo.', callOf('weather_1byjy32y4hvq', given)),
      );
      const id = first.message.tool_calls?.[0]?.id ?? '';
      const ran = [...opening, calls(callOf(id, edited)), result(id, 'Sun in Rome.')];
      const second = await client.turn({ model, messages: ran, tools, stream }, says('Rome then.', 'Sun.'));
      // It goes on from no answer of ours, but in other words from that session.
      expect(second.state).toBe('new');
      expect(second.id).not.toBe(first.id);
      expect((await client.session(second.id)).parent_id).toBe(first.id);
      expect(heardCalls(second)).toEqual([edited]);
      expect(heard(second)).not.toContain('I look at Oslo.');
      const { messages } = await client.session(second.id);
      expect(messages[1]?.tool_calls?.[0]?.function.arguments).toBe(edited);

      const later = await client.turn(
        { model, messages: [...ran, second.message, user('Thanks.')], tools, stream },
        sayText('Bye.'),
      );
      expect({ state: later.state, id: later.id }).toEqual({ state: 'continued', id: second.id });
      expect(heardCalls(later)).toEqual([edited]);
      expect(heard(later)).toContain('Rome then.');
      // Where it was not edited it is still what was said.
      const kept = [...opening, first.message, result(id, 'Snow.')];
      const back = await client.turn({ model, messages: kept, tools, stream }, sayText('Snow.'));
      expect({ state: back.state, id: back.id }).toEqual({ state: 'continued', id: first.id });
      expect(heard(back)).toContain('I look at Oslo.');
    });

    it('one of two calls at once', async () => {
      const client = new TranscriptClient(await startOn(store));
      const hello = await client.turn({ model, messages: [user('Hello')], tools, stream }, sayText('Hi.'));
      const asked = [user('Hello'), hello.message, user('Weather?')];
      const first = await client.turn(
        { model, messages: asked, tools, stream },
        asks(
          'Two at once.',
          callOf('weather_1byjy32y4hvq', { city: 'Oslo' }),
          callOf('weather_2byjy32y4hvq', { city: 'Bergen' }),
        ),
      );
      expect(first.state).toBe('continued');
      const [one, two] = (first.message.tool_calls ?? []).map(({ id }) => id);
      const ran = [
        ...asked,
        calls(callOf(one ?? '', { city: 'Oslo' }), callOf(two ?? '', { city: 'Rome' })),
        result(two ?? '', 'Sun.'),
        result(one ?? '', 'Snow.'),
      ];
      const second = await client.turn({ model, messages: ran, tools, stream }, sayText('Mixed.'));
      expect(second.state).toBe('forked');
      expect(heardArguments(second)).toEqual([{ city: 'Oslo' }, { city: 'Rome' }]);
      expect(heard(second)).not.toContain('Bergen');
      expect(await stored(client, second)).not.toContain('Bergen');
    });

    it('what clients do to arguments without meaning anything is no edit', async () => {
      const client = new TranscriptClient(await startOn(store));
      const given = '{ "city": "Oslo", "days": "5", "unit": null, "at": "{\\"lat\\":60}", "unknown": 1.0 }';
      const first = await client.turn(
        { model, messages: opening, tools, stream },
        asks('I look.', callOf('weather_1byjy32y4hvq', given)),
      );
      const id = first.message.tool_calls?.[0]?.id ?? '';
      const written = { at: { lat: 60 }, days: 5, city: 'Oslo', lang: 'en' };
      const ran = [...opening, calls(callOf(id, written)), result(id, 'Snow.')];
      const later = await client.turn({ model, messages: ran, tools, stream }, sayText('Snow.'));
      expect({ state: later.state, id: later.id }).toEqual({ state: 'continued', id: first.id });
      expect(heardCalls(later)).toEqual([given]);
      expect(heard(later)).toContain('I look.');
    });
  });

  describe('[XA4] each finds its own, however many begin alike', () => {
    const rows: [string, (number: number) => WireMessage[], (number: number) => Record<string, string>][] = [
      ['labels', () => [system('Be kind.')], number => ({ 'x-session-id': `chat-${number}` })],
      ['system texts', number => [system(`Be kind to ${number}.`)], () => ({})],
      [
        'system texts under one label',
        number => [system(`Be kind to ${number}.`)],
        () => ({ 'x-session-id': 'all' }),
      ],
    ];
    it.each(rows)('under other %s', async (_, lead, headers) => {
      const client = new TranscriptClient(await startOn(store));
      const count = 20;
      const begun: Turned[] = [];
      for (let number = 0; number < count; number += 1) {
        const messages = [...lead(number), user('Hello')];
        begun.push(
          await client.turn({ model, messages, stream }, says(`thought-${number}-`, 'Hi.'), headers(number)),
        );
      }
      for (const number of [0, 11, 19]) {
        const messages = [
          ...lead(number),
          user('Hello'),
          { role: 'assistant', content: 'Hi.' },
          user('More.'),
        ];
        const later = await client.turn({ model, messages, stream }, sayText('More.'), headers(number));
        expect({ state: later.state, id: later.id }).toEqual({ state: 'continued', id: begun[number]?.id });
        expect([...heard(later).matchAll(/thought-(\d+)-/g)].map(([, of]) => of)).toEqual([String(number)]);
      }
    });

    it('where the client says that something else was thought, it is another answer', async () => {
      const client = new TranscriptClient(await startOn(store));
      await client.turn({ model, messages: [user('Hello')], stream }, says('alpha', 'Hi.'));
      const answer = { role: 'assistant', content: 'Hi.', reasoning_content: 'beta' };
      const messages = [user('Hello'), answer, user('More.')];
      const later = await client.turn({ model, messages, stream }, sayText('More.'));
      expect(later.state).toBe('new');
      expect(heard(later)).toContain('beta');
      expect(heard(later)).not.toContain('alpha');
    });

    it('where nothing tells them apart, none is taken for the other', async () => {
      const client = new TranscriptClient(await startOn(store));
      for (const thought of ['alpha', 'beta'])
        await client.turn({ model, messages: [user('Hello')], stream }, says(thought, 'Hi.'));
      const brought = (reasoning_content?: string) => [
        user('Hello'),
        { role: 'assistant', content: 'Hi.', ...(reasoning_content ? { reasoning_content } : {}) },
        user(`More, ${reasoning_content}.`),
      ];
      const unknown = await client.turn({ model, messages: brought(), stream }, sayText('Which?'));
      expect(unknown.state).toBe('new');
      expect(heard(unknown)).not.toMatch(/alpha|beta/);
      // The client says it itself.
      const known = await client.turn({ model, messages: brought('alpha'), stream }, sayText('You.'));
      expect(known.state).toBe('continued');
      expect(heard(known)).toContain('alpha');
    });

    it.each([1, 8, 9, 12])('nor where %i later ones say the same with other thoughts', async others => {
      const client = new TranscriptClient(await startOn(store));
      const turns = ['alpha', ...Array.from({ length: others }, () => 'beta')];
      for (const thought of turns)
        await client.turn({ model, messages: [user('Hello')], stream }, says(thought, 'Hi.'));
      const messages = [user('Hello'), { role: 'assistant', content: 'Hi.' }, user('More.')];
      const later = await client.turn({ model, messages, stream }, sayText('More.'));
      expect(later.state).toBe('new');
      expect(heard(later)).not.toMatch(/alpha|beta/);
    });
  });

  describe('[XA2] equal short answers in branches of one conversation', () => {
    const spoken = (content: string, reasoning_content?: string) => ({
      role: 'assistant',
      content,
      ...(reasoning_content ? { reasoning_content } : {}),
    });

    it.each([
      ['to something else', 'the weather', undefined],
      ['to something else, and the client brings what was thought', 'the weather', 'sunny'],
      ['to something as short', 'go on', undefined],
    ])('what was thought stays with its own question: %s', async (_, question, thought) => {
      const client = new TranscriptClient(await startOn(store));
      await client.turn({ model, messages: [user('Hello')], stream }, says('alpha', 'Hi.'));
      const begun = [user('Hello'), spoken('Hi.')];
      const asked = [...begun, user('the salary of Bob, please')];
      await client.turn({ model, messages: asked, stream }, says('Bob earns 100', 'Done.'));
      const other = [...begun, user(question), spoken('Done.', thought), user('Next.')];
      const later = await client.turn({ model, messages: other, stream }, sayText('Yes.'));
      expect(later.state).toBe('forked');
      expect(heard(later)).not.toContain('Bob earns');
      if (thought) expect(heard(later)).toContain(thought);
    });

    it('nor where its session is named, and all of it replaced', async () => {
      const client = new TranscriptClient(await startOn(store));
      const named = { model, sessionId: 'mine', stream };
      const asked = [user('the salary of Bob, please')];
      await client.turn({ ...named, messages: asked }, says('Bob earns 100', 'Done.'));
      const other = [user('the weather, please'), spoken('Done.'), user('Next.')];
      const later = await client.turn({ ...named, messages: other, history: 'replace' }, sayText('Yes.'));
      expect(heard(later)).not.toContain('Bob earns');
    });

    it('but the same answer to the same question is known after an edit before it', async () => {
      const client = new TranscriptClient(await startOn(store));
      await client.turn({ model, messages: [user('Hello')], stream }, says('alpha', 'Hi.'));
      const question = user('What is the salary of Bob?');
      const asked = [user('Hello'), spoken('Hi.'), user('A, please.'), spoken('A.'), question];
      await client.turn({ model, messages: asked, stream }, says('He earns 100', 'Done.'));
      const edited = [
        ...asked.slice(0, 2),
        user('B, please.'),
        spoken('B.'),
        question,
        spoken('Done.'),
        user('So?'),
      ];
      const later = await client.turn({ model, messages: edited, stream }, sayText('Yes.'));
      expect(later.state).toBe('forked');
      expect(heard(later)).toContain('He earns 100');
    });

    it.each([2, 8, 9, 12])('an answer to a result that was asked for %i times', async times => {
      const client = new TranscriptClient(await startOn(store));
      const opening = [user('Weather?')];
      const first = await client.turn(
        { model, messages: opening, tools, stream },
        asks('plan', callOf('c1', { city: 'Oslo' })),
      );
      const { tool_calls = [] } = first.message;
      const ran = { role: 'assistant', content: null, tool_calls };
      const known = [...opening, ran, result(tool_calls[0]?.id ?? '', 'Rain.')];
      for (let time = 0; time < times; time += 1)
        await client.turn(
          { model, messages: known, tools, stream },
          says(time === 0 ? 'alpha' : 'beta', 'Done.'),
        );
      const goOn = (answer: WireMessage) =>
        client.turn({ model, messages: [...known, answer, user('Go on.')], tools, stream }, sayText('Yes.'));
      const unknown = await goOn(spoken('Done.'));
      expect(heard(unknown)).toContain('plan');
      expect(heard(unknown)).not.toMatch(/alpha|beta/);
      const own = await goOn(spoken('Done.', 'alpha'));
      expect(heard(own)).toContain('alpha');
      expect(heard(own)).not.toContain('beta');
    });
  });

  describe('[XA2] a server that gives the same call id in each conversation', () => {
    it.each(['call_0', 'functions.f:0', 'call_0_0', 'weather_1byjy32y4hvq'])('%s', async id => {
      const client = new TranscriptClient(await startOn(store));
      const opening = [user('Weather?')];
      const a = await client.turn(
        { model, messages: opening, tools, stream },
        asks('alpha', callOf(id, { city: 'Oslo' })),
      );
      const b = await client.turn(
        { model, messages: opening, tools, stream },
        asks('beta', callOf(id, { city: 'Oslo', note: 'secret' })),
      );
      for (const [turn, own, other] of [
        [a, 'alpha', /beta|secret/],
        [b, 'beta', /alpha/],
      ] as const) {
        const { tool_calls } = turn.message;
        const ran = { role: 'assistant', content: null, ...(tool_calls ? { tool_calls } : {}) };
        const messages = [...opening, ran, result(tool_calls?.[0]?.id ?? '', 'Rain.')];
        const later = await client.turn({ model, messages, tools, stream }, sayText('Bye.'));
        expect({ state: later.state, id: later.id }).toEqual({ state: 'continued', id: turn.id });
        expect(heard(later)).toContain(own);
        expect(heard(later)).not.toMatch(other);
      }
    });
  });
});

function heardCalls({ heard: { json } }: Turned): string[] {
  const { messages } = json as { messages: readonly WireMessage[] };
  return messages.flatMap(({ tool_calls = [] }) => tool_calls.map(call => call.function.arguments));
}
