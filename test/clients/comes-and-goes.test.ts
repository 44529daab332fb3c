// XD5, XD6, XD7, XD11: what programs change without meaning anything by it, outside of calls.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { UpstreamRequest } from '../support/fake-cohere.ts';
import { ownCallId } from '../support/own-call-id.ts';
import { type Pair, startPair } from '../support/start.ts';
import { reasoning as model, type NativeMessage, sayText } from './native-answer.ts';
import { TranscriptClient, type WireMessage } from './transcript-client.ts';

const user = (content: unknown): WireMessage => ({ role: 'user', content });
const system = (content: string): WireMessage => ({ role: 'system', content });
const says = (thinking: string, text: string): NativeMessage => ({
  role: 'assistant',
  content: [
    { type: 'thinking', thinking },
    { type: 'text', text },
  ],
});
const heard = ({ heard: { json } }: { heard: UpstreamRequest }) => JSON.stringify(json);

async function startOn(store: string): Promise<Pair> {
  if (store === 'memory') return startPair();
  const directory = await mkdtemp(join(tmpdir(), 'cohere-proxy-goes-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  return startPair({ sessionStore: `sqlite:${join(directory, 'sessions.db')}`, proxySecret: 'f'.repeat(64) });
}

const ways = ['memory', 'SQLite'].flatMap(store => [false, true].map(stream => ({ store, stream })));

describe.each(ways)('on $store, streamed: $stream', ({ store, stream }) => {
  describe('[XD5] call ids of our making', () => {
    const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object' } } }];
    const call = {
      id: 'weather_1byjy32y4hvq',
      type: 'function' as const,
      function: { name: 'weather', arguments: '{"city":"Oslo"}' },
    };
    const asked = [user('Weather?')];

    it('everywhere at the client, and its own at Cohere', async () => {
      const client = new TranscriptClient(await startOn(store));
      const first = await client.turn(
        { model, messages: asked, tools, stream, include_messages: true },
        { role: 'assistant', tool_calls: [call, { ...call, id: 'functions.weather:0' }] },
      );
      const ids = (first.message.tool_calls ?? []).map(({ id }) => id);
      expect(ids).toEqual([ownCallId, ownCallId]);
      const results = ids.map(id => ({ role: 'tool', tool_call_id: id, content: 'Snow.' }));
      const source = { type: 'tool', id: `${call.id}:0`, tool_output: { output: 'Snow.' } };
      const citations = [
        { start: 0, end: 4, text: 'Snow', sources: [source], type: 'TEXT_CONTENT', content_index: 0 },
      ];
      const second = await client.turn(
        { model, messages: [...asked, first.message, ...results], tools, stream, include_messages: true },
        { ...sayText('Snow.'), citations },
      );
      expect(second.state).toBe('continued');
      const { messages } = second.heard.json as { messages: readonly WireMessage[] };
      const [, calling, ...told] = messages;
      expect(calling?.tool_calls?.map(({ id }) => id)).toEqual([call.id, 'functions.weather:0']);
      expect(told.map(({ tool_call_id }) => tool_call_id)).toEqual([call.id, 'functions.weather:0']);
      const cited = second.message.citations as { sources: { id: string }[] }[];
      expect(cited[0]?.sources[0]?.id).toBe(`${ids[0]}:0`);
      const stored = await client.session(second.id);
      expect(JSON.stringify(stored)).not.toContain(call.id);
      expect(stored.messages.flatMap(({ tool_calls = [] }) => tool_calls.map(({ id }) => id))).toEqual(ids);

      const later = await client.turn(
        {
          model,
          messages: [...asked, first.message, ...results, second.message, user('Thanks.')],
          tools,
          stream,
        },
        sayText('Bye.'),
      );
      expect(later.state).toBe('continued');
      const { messages: all } = later.heard.json as { messages: readonly { citations?: unknown }[] };
      expect(all.flatMap(message => message.citations ?? [])).toMatchObject(citations);
    });

    it('the same id of Cohere in two conversations, and twice in one: never the same to clients', async () => {
      const client = new TranscriptClient(await startOn(store));
      const given = new Set<string>();
      for (const city of ['Oslo', 'Rome', 'Bergen']) {
        const called = {
          ...call,
          id: 'call_0',
          function: { ...call.function, arguments: `{"city":"${city}"}` },
        };
        const native: NativeMessage = { role: 'assistant', tool_calls: [called] };
        const first = await client.turn({ model, messages: asked, tools, stream }, native);
        const id = first.message.tool_calls?.[0]?.id ?? '';
        const result = { role: 'tool', tool_call_id: id, content: 'Snow.' };
        const second = await client.turn(
          { model, messages: [...asked, first.message, result], tools, stream },
          native,
        );
        expect(second.state).toBe('continued');
        const again = second.message.tool_calls?.[0]?.id ?? '';
        const more = [...asked, first.message, result, second.message, { ...result, tool_call_id: again }];
        const third = await client.turn({ model, messages: more, tools, stream }, sayText('Snow.'));
        expect(third.state).toBe('continued');
        expect(heard(third)).toContain(city);
        given.add(id).add(again);
      }
      expect(given.size).toBe(6);
    });

    it('a client that rewrites ids is told apart by nothing, and mixes nothing', async () => {
      const client = new TranscriptClient(await startOn(store));
      const constant = 'call_0000000000000000000000';
      for (const city of ['Oslo', 'Rome']) {
        const called = { ...call, function: { ...call.function, arguments: `{"city":"${city}"}` } };
        const first = await client.turn(
          { model, messages: asked, tools, stream },
          { role: 'assistant', tool_calls: [called] },
        );
        expect(first.state).toBe('new');
        const rewritten = { role: 'assistant', content: '', tool_calls: [{ ...called, id: constant }] };
        const result = { role: 'tool', tool_call_id: constant, content: 'Snow.' };
        const second = await client.turn(
          { model, messages: [...asked, rewritten, result], tools, stream },
          says(`thought-${city}`, 'Snow.'),
        );
        expect(second.state).toBe('new');
        const more = [...asked, rewritten, result, { role: 'assistant', content: 'Snow.' }, user('Thanks.')];
        const third = await client.turn({ model, messages: more, tools, stream }, sayText('Bye.'));
        expect({ id: third.id, state: third.state }).toEqual({ id: second.id, state: 'continued' });
        expect([...heard(third).matchAll(/thought-(\w+)/g)].map(([, of]) => of)).toEqual([city]);
      }
    });
  });

  describe('[XD6] reminders that come and go', () => {
    const reminder =
      '\n\nReply only with the changed lines. ONLY EVER RETURN CODE IN A *SEARCH/REPLACE BLOCK*!';
    const questions = [
      'Please add a test for the parser.',
      'Now rename it to reader, everywhere.',
      'And document it, too.',
    ];

    it('behind the newest user message, gone with the next', async () => {
      const client = new TranscriptClient(await startOn(store));
      let said: WireMessage[] = [system('You are a coder.')];
      let id: string | undefined;
      for (const [turn, question] of questions.entries()) {
        const messages = [...said, user(question + reminder)];
        const turned = await client.turn(
          { model, messages, stream },
          says(`thought-${turn}`, `Done ${turn}.`),
        );
        expect(turned.state).toBe(turn === 0 ? 'new' : 'continued');
        id ??= turned.id;
        expect(turned.id).toBe(id);
        const thoughts = [...heard(turned).matchAll(/thought-(\d)/g)].map(([, of]) => Number(of));
        expect(thoughts).toEqual(Array.from({ length: turn }, (_, before) => before));
        // Cohere hears what the client says now.
        expect(heard(turned).split('ONLY EVER').length - 1).toBe(1);
        said = [...said, user(question), { role: 'assistant', content: `Done ${turn}.` }];
      }
      await client.expectSessions({ [id ?? '']: { parent_id: null, message_count: 7 } });
    });

    it('one that stays, and grows', async () => {
      const client = new TranscriptClient(await startOn(store));
      const [question = ''] = questions;
      const first = await client.turn({ model, messages: [user(question)], stream }, says('alpha', 'Done.'));
      const messages = [
        user(`${question}\n<time>10:02</time>`),
        { role: 'assistant', content: 'Done.' },
        user('More.'),
      ];
      const later = await client.turn({ model, messages, stream }, sayText('More.'));
      expect({ id: later.id, state: later.state }).toEqual({ id: first.id, state: 'continued' });
      expect(heard(later)).toContain('alpha');
      expect(heard(later)).toContain('10:02');
    });

    it.each([
      ['short words', ['Hello', 'Hello there'], 'Done.'],
      ['another end', ['Please add a test for the parser.', 'Please add a test for the reader.'], 'Done.'],
      [
        'another answer behind it',
        ['Please add a test for the parser.', 'Please add a test for the parser. Now!'],
        'No.',
      ],
    ])('no reminder: %s', async (_, [said = '', sent = ''], answer) => {
      const client = new TranscriptClient(await startOn(store));
      await client.turn({ model, messages: [user(said)], stream }, says('alpha', 'Done.'));
      const messages = [user(sent), { role: 'assistant', content: answer }, user('More.')];
      const later = await client.turn({ model, messages, stream }, sayText('More.'));
      expect(later.state).toBe('new');
      expect(heard(later)).not.toContain('alpha');
    });

    it('a session that matches to the letter comes first', async () => {
      const client = new TranscriptClient(await startOn(store));
      const [question = ''] = questions;
      const plain = await client.turn({ model, messages: [user(question)], stream }, says('plain', 'Done.'));
      await client.turn({ model, messages: [user(question + reminder)], stream }, says('reminded', 'Done.'));
      const messages = [user(question), { role: 'assistant', content: 'Done.' }, user('More.')];
      const later = await client.turn({ model, messages, stream }, sayText('More.'));
      expect({ id: later.id, state: later.state }).toEqual({ id: plain.id, state: 'continued' });
      expect(heard(later)).toContain('plain');
      expect(heard(later)).not.toContain('reminded');
    });

    it('examples before the first question, and answers of the client among them', async () => {
      const client = new TranscriptClient(await startOn(store));
      const [question = '', next = ''] = questions;
      const lead = [
        user('Change it.'),
        { role: 'assistant', content: 'Ok.' },
        user('No files yet.'),
        { role: 'assistant', content: 'Ok.' },
      ];
      const first = await client.turn(
        { model, messages: [...lead, user(question + reminder)], stream },
        says('alpha', 'Done.'),
      );
      const messages = [
        ...lead,
        user(question),
        { role: 'assistant', content: 'Done.' },
        user(next + reminder),
      ];
      const later = await client.turn({ model, messages, stream }, sayText('More.'));
      expect({ id: later.id, state: later.state }).toEqual({ id: first.id, state: 'continued' });
      expect(heard(later)).toContain('alpha');
    });

    it('what a text made a program run, behind the text', async () => {
      const client = new TranscriptClient(await startOn(store));
      const code = 'Thought: I look.\n<code>\nprint(42)\n</code>';
      const first = await client.turn({ model, messages: [user('Go.')], stream }, says('alpha', code));
      const ran = `${code}\nCalling tools:\n[{'id': 'call_1', 'type': 'function', 'function': {'name': 'python'}}]`;
      const messages = [user('Go.'), { role: 'assistant', content: ran }, user('Observation:\n42')];
      const later = await client.turn({ model, messages, stream }, sayText('42.'));
      expect({ id: later.id, state: later.state }).toEqual({ id: first.id, state: 'continued' });
      expect(heard(later)).toContain('alpha');
    });

    it('calls written as text: the texts around them are found in the session', async () => {
      const client = new TranscriptClient(await startOn(store));
      const first = await client.turn(
        { model, messages: [user('Hello')], stream },
        says('alpha', 'Hi, I can help.'),
      );
      const begun = [user('Hello'), { role: 'assistant', content: 'Hi, I can help.' }, user('Go.')];
      const second = await client.turn(
        { model, messages: begun, stream },
        says('beta', 'I look at it first.'),
      );
      expect(second.state).toBe('continued');
      const rewritten = [
        ...begun.slice(0, 2),
        user('Go, in other words.'),
        { role: 'assistant', content: 'Calling tools: [look]' },
        user('Observation: PINE'),
        { role: 'assistant', content: 'I look at it first.' },
        user('And?'),
      ];
      const third = await client.turn({ model, messages: rewritten, stream }, sayText('PINE.'));
      expect(third.state).toBe('forked');
      expect((await client.session(third.id)).parent_id).toBe(first.id);
      expect(heard(third)).toMatch(/alpha.*Calling tools.*beta/);
    });
  });

  describe('[XD7] a clock in the system text', () => {
    const hour = 3_600_000;
    const clocks: [string, (at: Date) => string][] = [
      ['ISO', at => `Be kind. It is ${at.toISOString()}.`],
      ['as JavaScript writes it', at => `Current time: ${at.toString()}`],
      [
        'as people write it',
        at =>
          `Today is ${at.toLocaleDateString('en-US', { dateStyle: 'full' })}, ${at.toLocaleTimeString('en-US')}.`,
      ],
      ['milliseconds', at => `now=${at.getTime()}`],
      ['a day', at => `Date: ${at.toISOString().slice(0, 10)}`],
    ];

    it.each(clocks)('%s: the chat goes on', async (_, write) => {
      const client = new TranscriptClient(await startOn(store));
      const picture = { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(400)}` } };
      let said: WireMessage[] = [user([{ type: 'text', text: 'What is this?' }, picture])];
      let id: string | undefined;
      for (const [turn, hours] of [-20, -3, 0].entries()) {
        const lead = system(write(new Date(Date.now() + hours * hour + turn * 61_000)));
        const turned = await client.turn(
          { model, messages: [lead, ...said], stream },
          says(`t${turn}`, `A ${turn}.`),
        );
        id ??= turned.id;
        expect({ id: turned.id, state: turned.state }).toEqual({
          id,
          state: turn === 0 ? 'new' : 'continued',
        });
        expect(heard(turned)).toContain(lead.content);
        said = [...said, turned.message, user('And now?')];
      }
      await client.expectSessions({ [id ?? '']: { message_count: 7 } });
    });

    it.each([
      ['a date of long ago', 'The contract is of 2019-05-01.', 'The contract is of 2020-05-01.'],
      [
        'a date and other words',
        `${new Date().toISOString()} Be kind.`,
        `${new Date().toISOString()} Be cruel.`,
      ],
      [
        'a day next week',
        `Due ${new Date(Date.now() + 170 * hour).toISOString()}`,
        `Due ${new Date(Date.now() + 190 * hour).toISOString()}`,
      ],
      ['a version', 'Version 1.2.2026', 'Version 1.3.2026'],
    ])('no clock: %s', async (_, one, other) => {
      const client = new TranscriptClient(await startOn(store));
      const first = await client.turn(
        { model, messages: [system(one), user('Hello')], stream },
        says('alpha', 'Hi.'),
      );
      const messages = [system(other), user('Hello'), { role: 'assistant', content: 'Hi.' }, user('More.')];
      const later = await client.turn({ model, messages, stream }, sayText('More.'));
      expect(later.state).toBe('new');
      expect(later.id).not.toBe(first.id);
      expect(heard(later)).not.toContain('alpha');
    });
  });

  describe('[XD11] a title that is asked for within the chat', () => {
    it.each([
      ['a title', user('Please generate a four to five word title summarizing our conversation.')],
      ['tags', user('### Task:\nGenerate 1-3 broad tags categorizing the main themes of the chat history')],
      [
        'as a system text',
        system('Summarize the discussion above in one short title, and suggest follow-ups.'),
      ],
      // NextChat, in the language of its user.
      ['a title, in Chinese', user('用四五个字概括这段话的主题，不要标点，不要解释')],
      ['a title, in German', user('Nenne ein Thema in vier Wörtern, ohne Satzzeichen und ohne Erklärung.')],
      ['a title, in Russian', user('Назови тему в пяти словах, без знаков препинания.')],
      ['a title, in Japanese', user('テーマを五文字で返してください。句読点は不要です。')],
      ['a summary for its memory, in Spanish', system('Resume lo dicho en menos de 200 palabras.')],
      // Zed, in its threads.
      ['a title without more', user('A 3-7 word title for this thread. Omit punctuation.')],
      // Roo Code, opencode: before they condense.
      ['a summary', user('Summarize the conversation so far, as the instructions say.')],
      ['a prompt to go on with', user('Provide a detailed prompt for going on with our conversation above.')],
    ])('%s: a fork; the chat keeps its id', async (_, instruction) => {
      const client = new TranscriptClient(await startOn(store));
      const chat = await client.turn({ model, messages: [user('Hello')], stream }, says('alpha', 'Hi.'));
      const messages = [user('Hello'), { role: 'assistant', content: 'Hi.' }];
      const title = await client.turn(
        { model, messages: [...messages, instruction], stream },
        sayText('Greeting'),
      );
      expect(title.state).toBe('forked');
      expect((await client.session(title.id)).parent_id).toBe(chat.id);
      expect(heard(title)).toContain('alpha');
      const later = await client.turn(
        { model, messages: [...messages, user('More.')], stream },
        sayText('More.'),
      );
      expect({ id: later.id, state: later.state }).toEqual({ id: chat.id, state: 'continued' });
      expect(heard(later)).toContain('alpha');
    });

    it.each([
      'And a title for my essay on trees?',
      'Write a summary of the file.',
      'What do you call this chat?',
      'How do I summarize the messages in a mailbox?',
      '这本书的主题是什么？',
      `Translate, and keep the title and the punctuation: ${'once upon a time '.repeat(40)}`,
    ])('the chat itself: %s', async question => {
      const client = new TranscriptClient(await startOn(store));
      const chat = await client.turn({ model, messages: [user('Hello')], stream }, sayText('Hi.'));
      const messages = [user('Hello'), { role: 'assistant', content: 'Hi.' }, user(question)];
      const later = await client.turn({ model, messages, stream }, sayText('Yes.'));
      expect({ id: later.id, state: later.state }).toEqual({ id: chat.id, state: 'continued' });
    });
  });
});
