// No store: the client carries each answer, sealed, and Cohere hears its own words again when it comes back.
import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { answers, dropReasoning, holdStory, said, tool, tools } from '../clients/agent-story.ts';
import { habits } from '../clients/habits.ts';
import {
  heardAnswers,
  heardAs,
  type Model,
  models,
  type NativeMessage,
  planning,
  reasoning,
  sayText,
} from '../clients/native-answer.ts';
import type { WireMessage } from '../clients/transcript-client.ts';
import { type Pair, startPair } from '../support/start.ts';
import { CarrierClient, holdOne, keepDetails, keptOf, proxySecret, withDetails } from './carrier-client.ts';

const stateless = () => startPair({ sessionStore: 'none', proxySecret });

const natively = (model: Model, turns: number) =>
  answers(model)
    .slice(0, turns)
    .flatMap(native => heardAs(native, model));

const entry = {
  type: 'reasoning.encrypted',
  data: expect.stringMatching(/^cohere-proxy\.[\w-]+$/),
  id: expect.stringMatching(/^native_[\w-]{16}$/),
  format: 'unknown',
  index: 0,
};

describe.each(models)('a conversation, %s', model => {
  it.each([false, true])('each answer is carried and comes back as it was said; stream %s', async stream => {
    const client = new CarrierClient(await stateless());
    const held = await holdStory(client, {
      model,
      turns: said.length,
      habit: keepDetails,
      body: () => ({ stream }),
    });
    for (const [turn, { heard, id, state, message }] of held.turns.entries()) {
      expect(heardAnswers(heard)).toEqual(natively(model, turn));
      expect({ id, state }).toEqual({ id: 'none', state: 'none' });
      expect(message.reasoning_details).toEqual([entry]);
    }
    // Of each turn one of its own.
    const data = held.turns.map(({ message }) => JSON.stringify(message.reasoning_details));
    expect(new Set(data).size).toBe(said.length);
  });

  it('without the entries Cohere hears what the client says', async () => {
    const held = await holdStory(new CarrierClient(await stateless()), { model, habit: dropReasoning });
    expect(heardAnswers(held.turns.at(-1)?.heard)).not.toEqual(natively(model, 3));
  });

  it.each(Object.entries(habits))('a client that %s', async (_, { habit, body }) => {
    const client = new CarrierClient(await stateless());
    const stream = model === models[0];
    const held = await holdStory(client, {
      model,
      turns: said.length,
      habit: withDetails(habit),
      body: turn => ({ stream, ...body?.(turn) }),
    });
    for (const [turn, { heard }] of held.turns.entries())
      expect(heardAnswers(heard)).toEqual(natively(model, turn));
  });
});

const call = (id: string, name: string, text: string) => ({
  id,
  type: 'function' as const,
  function: { name, arguments: text },
});

const spoken = (...calls: NonNullable<NativeMessage['tool_calls']>): NativeMessage => ({
  role: 'assistant',
  content: [{ type: 'text', text: 'I will read it.' }],
  tool_calls: calls,
});

describe('answers of other kinds', () => {
  const kinds: readonly (readonly [string, Model, NativeMessage])[] = [
    ['text beside a call', planning, spoken(call('a1', 'read', '{ "path":"a.txt" }'))],
    ['text beside a call', reasoning, spoken(call('a1', 'read', '{ "path":"a.txt" }'))],
    [
      'calls with ids that clients refuse',
      planning,
      {
        role: 'assistant',
        tool_plan: 'Both.',
        tool_calls: [call('read:0 ü', 'read', '{"path":"a"}'), call('read:1', 'read', '{"path" : "b"}')],
      },
    ],
    [
      'thoughts between two texts',
      reasoning,
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'First this. ' },
          { type: 'thinking', thinking: 'Hm. 🌊' },
          { type: 'text', text: 'Then that.' },
        ],
      },
    ],
    [
      'a thought before a text',
      reasoning,
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'Simple.' },
          { type: 'text', text: 'It says PINE.' },
        ],
      },
    ],
    [
      'a call without arguments',
      planning,
      {
        role: 'assistant',
        tool_plan: 'Just so.',
        tool_calls: [call('a1', 'read', '{}')],
      },
    ],
  ];

  describe.each(kinds)('%s, %s', (_, model, native) => {
    it.each([false, true])('stream %s', async stream => {
      const { answer, ask } = await holdOne(await stateless(), { model, native, tools, body: { stream } });
      for (const { id } of answer.message.tool_calls ?? []) expect(id).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
      expect(answer.details).toEqual([entry]);
      expect(answer.sessionId).toBeNull();
      const { heard } = await ask(keptOf(answer.message));
      expect(heardAnswers(heard)).toEqual(heardAs(native, model));
    });
  });

  it('a tool whose name Cohere does not take has its own name on both sides', async () => {
    const native: NativeMessage = {
      role: 'assistant',
      tool_plan: 'I ask the server.',
      tool_calls: [call('m1', 'mcp__files_read', '{"path" : "a.txt"}')],
    };
    const held = { model: planning, native, tools: [tool('mcp--files.read')] };
    const { answer, ask } = await holdOne(await stateless(), held);
    expect(answer.message.tool_calls?.[0]?.function.name).toBe('mcp--files.read');
    const { heard } = await ask(keptOf(answer.message));
    expect(heardAnswers(heard)).toEqual(heardAs(native, planning));
  });

  describe.each(models)('a plain text carries nothing: clients bring all of it, %s', model => {
    it.each([false, true])('stream %s', async stream => {
      const native = sayText('It says PINE.');
      const { answer, ask } = await holdOne(await stateless(), { model, native, tools, body: { stream } });
      expect(JSON.stringify(answer.frames)).not.toContain('reasoning_details');
      const { id, state, sessionId } = answer;
      expect({ id, state, sessionId }).toEqual({ id: 'none', state: 'none', sessionId: null });
      const { heard } = await ask(keptOf(answer.message));
      expect(heardAnswers(heard)).toEqual(heardAs(native, model));
    });
  });
});

const [planned = sayText('')] = answers(planning);
const known = { model: planning, native: planned, tools };

describe('`include_messages`', () => {
  it.each([false, true])(
    'a history that is sent back as it was given loses nothing; stream %s',
    async stream => {
      const client = new CarrierClient(await stateless());
      const body = { model: planning, tools, stream, include_messages: true };
      let messages: readonly WireMessage[] = [];
      for (const [turn, added] of said.entries()) {
        const native = answers(planning)[turn] ?? sayText('');
        const turned = await client.turn({ ...body, messages: [...messages, ...added] }, native);
        expect(heardAnswers(turned.heard)).toEqual(natively(planning, turn));
        const history = turned.messages ?? [];
        expect(history).toHaveLength(messages.length + added.length + 1);
        // The answer itself is carried once, in one form.
        expect(history.at(-1)?.reasoning_details).toEqual(turned.details);
        expect(detailsOf(history.slice(0, -1))).toEqual(detailsOf(messages));
        messages = history;
      }
      expect(detailsOf(messages)).toHaveLength(said.length);
    },
  );
});

function detailsOf(messages: readonly WireMessage[]): unknown[] {
  return messages.filter(({ role }) => role === 'assistant').map(answer => answer.reasoning_details);
}

it('what is carried counts as what it opens to', async () => {
  const pair = await stateless();
  const { client, answer } = await holdOne(pair, known);
  const count = async (message: WireMessage) => {
    const messages = [{ role: 'user', content: 'What does a.txt say?' }, message];
    const response = await client.post({ model: planning, messages, tools }, {}, `${chat}/input_tokens`);
    return ((await response.json()) as { input_tokens: number }).input_tokens;
  };
  const { reasoning_details: _, ...bare } = keptOf(answer.message);
  expect(await count(keptOf(answer.message))).toBeGreaterThan(await count(bare));
});

const chat = '/v1/chat/completions';

describe('another proxy', () => {
  const hearsAgain = async (first: Pair, second: Pair) => {
    const { answer, ask } = await holdOne(first, known);
    expect(answer.details).toEqual([entry]);
    const { heard } = await ask(keptOf(answer.message), {}, new CarrierClient(second));
    return heardAnswers(heard);
  };
  const natives = heardAs(planned, planning);

  it('of the same secret opens what this one sealed', async () => {
    expect(await hearsAgain(await stateless(), await stateless())).toEqual(natives);
  });

  it('of the same data directory as well: its secret is kept there', async () => {
    const dataDir = join(tmpdir(), `carrier-${randomUUID()}`);
    onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
    const start = () => startPair({ sessionStore: 'none', dataDir });
    expect(await hearsAgain(await start(), await start())).toEqual(natives);
  });

  it('without a place to keep a secret each opens what it sealed itself, and no other', async () => {
    const dataDir = join(tmpdir(), `carrier-${randomUUID()}`);
    await writeFile(dataDir, 'no directory');
    onTestFinished(() => rm(dataDir));
    const start = () => startPair({ sessionStore: 'none', dataDir });
    const first = await start();
    expect(await hearsAgain(first, first)).toEqual(natives);
    expect(await hearsAgain(first, await start())).not.toEqual(natives);
  });
});
