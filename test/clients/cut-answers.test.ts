// Answers that the output limit or a stop sequence ended. What is whole of them is given out and stored; a call whose
// arguments were cut is neither, and is left out again when a client brings it back.
import { describe, expect, test } from 'vitest';
import { everyWay, storeOf } from '../support/both-stores.ts';
import {
  callDelta,
  callEnd,
  callStart,
  messageEnd,
  start,
  streamed,
  text,
  thinking,
} from '../support/cohere-stream.ts';
import { expectAnswered, goodAnswer, readOutcome } from '../support/outcome.ts';
import { type Pair, startPair } from '../support/start.ts';
import { json, type Step } from '../support/upstream-script.ts';
import { readTurn, type WireMessage } from './transcript-client.ts';

const model = 'command-a-03-2025';
const tools = [
  { type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } },
];
const user = (content: string): WireMessage => ({ role: 'user', content });
const result = (tool_call_id: string, content = 'seen'): WireMessage => ({
  role: 'tool',
  tool_call_id,
  content,
});

interface Said {
  readonly thought?: string;
  readonly words?: string;
  /** The last of them is not ended. */
  readonly calls?: readonly string[];
  readonly reason: string;
}

/** An answer of Cohere's, whole or streamed. */
function answer({ thought, words, calls = [], reason }: Said, stream: boolean): Step[] {
  if (!stream) {
    const content = [
      ...(thought === undefined ? [] : [{ type: 'thinking', thinking: thought }]),
      ...(words === undefined ? [] : [{ type: 'text', text: words }]),
    ];
    const tool_calls = calls.map((args, index) => ({
      id: `look_${index}`,
      type: 'function',
      function: { name: 'look', arguments: args },
    }));
    return json({ id: 'r', finish_reason: reason, message: { role: 'assistant', content, tool_calls } });
  }
  return streamed(
    start,
    ...(thought === undefined ? [] : [thinking(thought)]),
    ...(words === undefined ? [] : [text(words, thought === undefined ? 0 : 1)]),
    ...calls.flatMap((args, index) => [
      callStart(index, `look_${index}`),
      callDelta(index, args),
      ...(index === calls.length - 1 ? [] : [callEnd(index)]),
    ]),
    messageEnd(reason),
  );
}

const heard = (pair: Pair) =>
  (Object(pair.fake.chatRequests.at(-1)?.json) as { messages: readonly Record<string, unknown>[] }).messages;

async function stored(pair: Pair, id: string): Promise<readonly Record<string, unknown>[]> {
  const response = await pair.send('GET', `/v1/sessions/${id}`);
  return ((await response.json()) as { messages: Record<string, unknown>[] }).messages;
}

describe.each(everyWay)('%s, %s', (store, way) => {
  const stream = way === 'streamed';
  const begin = () => startPair({ sessionStore: storeOf(store) });

  test.each<[what: string, said: Said, finish: string, content: string]>([
    ['[XC2] thinking alone', { thought: 'hm', reason: 'MAX_TOKENS' }, 'length', ''],
    ['[XC2] nothing', { reason: 'MAX_TOKENS' }, 'length', ''],
    ['[XC2] half a word', { words: 'Hal', reason: 'MAX_TOKENS' }, 'length', 'Hal'],
    ['[XC3] a stop sequence at the first token', { reason: 'STOP_SEQUENCE' }, 'stop', ''],
    ['[XC3] a stop sequence at an empty text', { words: '', reason: 'STOP_SEQUENCE' }, 'stop', ''],
    ['[XC3] a stop sequence after thinking', { thought: 'hm', reason: 'STOP_SEQUENCE' }, 'stop', ''],
  ])('%s: answered once, stored, and the conversation goes on', async (_what, said, finish, content) => {
    const pair = await begin();
    pair.fake.script(...answer(said, stream));
    const outcome = await readOutcome(await pair.post({ model, sessionId: 'cut', message: 'Go.', stream }));
    expect(outcome.status).toBe(200);
    expect(outcome.finishReasons).toEqual([finish]);
    expect(outcome.text).toBe(content);
    expect(pair.fake.chatRequests).toHaveLength(1);

    // It may be asked for again where nothing was said, and what is said next follows.
    pair.fake.setDefault(() => json(goodAnswer('done')));
    if (content === '')
      expectAnswered(await readOutcome(await pair.post({ sessionId: 'cut', messages: [] })), 'done');
    expectAnswered(await readOutcome(await pair.post({ sessionId: 'cut', message: 'On.' })), 'done');
    const texts = heard(pair).map(message => message.content);
    expect(texts).toEqual(['Go.', content === '' ? 'done' : content, 'On.']);
    // Clients bring the empty answer back, or drop it.
    const empty = (await stored(pair, 'cut'))[1];
    expect(empty).toMatchObject({ role: 'assistant', content });
  });

  const cut: [what: string, said: Said, whole: number][] = [
    ['the only call', { calls: ['{"path":"/e'], reason: 'MAX_TOKENS' }, 0],
    ['the second of two', { calls: ['{"path":"/a"}', '{"path":"/e'], reason: 'MAX_TOKENS' }, 1],
    ['behind a text', { words: 'I look.', calls: ['{"path":"/e'], reason: 'MAX_TOKENS' }, 0],
    ['where it looks whole', { calls: ['{"path":"/a"}', '{"a":{}'], reason: 'MAX_TOKENS' }, 1],
    ['by a stop sequence', { calls: ['{"path":"/e'], reason: 'STOP_SEQUENCE' }, 0],
    ['for a reason that nobody knows', { calls: ['{"path":"/e'], reason: 'BUDGET_SPENT' }, 0],
  ];

  test.each(cut)(
    '[XC2] a call that is cut, %s: `length`, and it is no part of the conversation',
    async (_what, said, whole) => {
      const pair = await begin();
      const messages = [user('Look there.')];
      pair.fake.script(...answer(said, stream));
      const response = await pair.post({ model, messages, tools, stream });
      const headers = response.headers.get('x-dropped-parameters');
      const outcome = await readOutcome(response);
      expect(outcome.status).toBe(200);
      expect(outcome.finishReasons).toEqual(['length']);
      expect(outcome.text).toBe(said.words ?? '');
      const left = `choices[0].message.tool_calls[${whole}]`;
      // In the headers, or in the last chunk where these had gone.
      expect(headers ?? outcome.raw).toContain(left);
      if (!stream) expect(headers).toBe(left);
      expect(outcome.toolCalls).toHaveLength(stream ? whole + 1 : whole);

      const id = response.headers.get('x-session-id') ?? '';
      const [, kept] = await stored(pair, id);
      expect(kept?.tool_calls ?? []).toHaveLength(whole);

      // The client runs what it has; what it could not read it says so of, as agents do.
      const calls = outcome.toolCalls.map(({ id, name, arguments: args }) => ({
        id,
        type: 'function' as const,
        function: { name, arguments: args },
      }));
      const back: WireMessage = {
        role: 'assistant',
        content: said.words ?? null,
        ...(calls.length > 0 ? { tool_calls: calls } : {}),
      };
      const results = calls.map(({ id }, index) =>
        result(id, index < whole ? 'seen' : 'Error: broken arguments'),
      );
      const next = [...messages, back, ...results, ...(calls.length === 0 ? [user('And?')] : [])];
      pair.fake.replyJson(goodAnswer('done'));
      const second = await pair.post({ model, messages: next, tools });
      // An answer that says nothing, and calls nothing, tells no conversation from another.
      const isKnown = said.words !== undefined || calls.length > 0;
      expect(second.headers.get('x-session-state')).toBe(isKnown ? 'continued' : 'new');
      const goesOn = second.headers.get('x-session-id');
      expect(goesOn === id).toBe(isKnown);
      const turn = await readTurn(second, false);
      const told = heard(pair);
      expect(JSON.stringify(told)).not.toContain('broken arguments');
      expect(told.filter(({ role }) => role === 'tool')).toHaveLength(whole);
      expect(told.flatMap(({ tool_calls = [] }) => tool_calls as object[])).toHaveLength(whole);

      // And with every turn that follows; some clients mend the arguments.
      const mended = {
        ...back,
        ...(calls.length > 0
          ? {
              tool_calls: calls.map(call => ({
                ...call,
                function: {
                  ...call.function,
                  arguments: call.function.arguments.endsWith('}') ? call.function.arguments : '{}',
                },
              })),
            }
          : {}),
      };
      pair.fake.replyJson(goodAnswer('again'));
      const third = await pair.post({
        model,
        messages: [
          ...messages,
          stream && said.words === undefined ? mended : back,
          ...next.slice(2),
          turn.message,
          user('On.'),
        ],
        tools,
      });
      expect(third.headers.get('x-session-id')).toBe(goesOn);
      expectAnswered(await readOutcome(third), 'again');
      expect(JSON.stringify(heard(pair))).not.toContain('broken arguments');
    },
  );

  test('[XC2] a call that came whole is given out and run although the limit was reached', async () => {
    const pair = await begin();
    pair.fake.script(...answer({ calls: ['{"path":"/a"}'], reason: 'MAX_TOKENS' }, stream));
    const outcome = await readOutcome(
      await pair.post({ model, sessionId: 's', message: 'Look.', tools, stream }),
    );
    expect(outcome.finishReasons).toEqual(['length']);
    const [call] = outcome.toolCalls;
    pair.fake.replyJson(goodAnswer('done'));
    expectAnswered(
      await readOutcome(await pair.post({ sessionId: 's', messages: [result(call?.id ?? '')] })),
      'done',
    );
    expect(heard(pair).map(({ role }) => role)).toEqual(['user', 'assistant', 'tool']);
  });

  test('[XC2] the result of a call that was cut, for a session that is named', async () => {
    const pair = await begin();
    pair.fake.script(...answer({ words: 'I look.', calls: ['{"pa'], reason: 'MAX_TOKENS' }, true));
    const outcome = await readOutcome(
      await pair.post({ model, sessionId: 's', message: 'Look.', tools, stream: true }),
    );
    const [call] = outcome.toolCalls;
    pair.fake.script(...answer({ words: 'done', reason: 'COMPLETE' }, stream));
    const messages = [result(call?.id ?? '', 'broken')];
    expectAnswered(await readOutcome(await pair.post({ sessionId: 's', messages, stream })), 'done');
    expect(heard(pair)).toEqual([
      { role: 'user', content: 'Look.' },
      { role: 'assistant', content: 'I look.' },
    ]);
  });
});

test.each([false, true])(
  '[XC2] without a store the seal says which call was cut (stream: %s)',
  async stream => {
    const pair = await startPair({ sessionStore: 'none' });
    pair.fake.script(
      ...answer({ words: 'I look.', calls: ['{"path":"/a"}', '{"pa'], reason: 'MAX_TOKENS' }, true),
    );
    const response = await pair.post({ model, messages: [user('Look.')], tools, stream: true });
    const raw = await response.text();
    const chunks = raw
      .split('\n\n')
      .flatMap(frame => (frame.startsWith('data: {') ? [JSON.parse(frame.slice(6))] : []));
    const deltas = chunks.flatMap(({ choices }) =>
      choices.map(({ delta }: { delta: Record<string, never> }) => delta),
    );
    const reasoning_details = deltas.find(delta => delta.reasoning_details)?.reasoning_details;
    const ids: string[] = deltas.flatMap(({ tool_calls = [] }: { tool_calls?: { id?: string }[] }) =>
      tool_calls.flatMap(({ id }) => id ?? []),
    );
    const tool_calls = ids.map((id, index) => ({
      id,
      type: 'function',
      function: { name: 'look', arguments: index === 0 ? '{"path":"/a"}' : '{"pa' },
    }));
    expect(ids).toHaveLength(2);
    pair.fake.script(...answer({ words: 'done', reason: 'COMPLETE' }, stream));
    const messages = [
      user('Look.'),
      { role: 'assistant', content: 'I look.', tool_calls, reasoning_details },
      ...ids.map(id => result(id, `of ${id}`)),
    ];
    expectAnswered(await readOutcome(await pair.post({ model, messages, tools, stream })), 'done');
    expect(heard(pair)).toMatchObject([
      { role: 'user' },
      { role: 'assistant', tool_calls: [{ id: 'look_0' }] },
      { role: 'tool', tool_call_id: 'look_0', content: `of ${ids[0]}` },
    ]);
  },
);
