// The sealed answer in both forms of an answer, by our own reading and through the official client.
import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { collectChunks } from '../../test/support/openai-reply.ts';
import { parseFrames } from '../../test/support/read-sse.ts';
import { collectReply } from '../conversation/reply.ts';
import type { TurnEvent } from '../conversation/turn-event.ts';
import { readMessages } from './read-messages.ts';
import { ChunkWriter } from './write-chunks.ts';
import { writeCompletion, writeSessionFields } from './write-completion.ts';
import { writeCarried, writeMessage } from './write-message.ts';

const carrier = 'cohere-proxy.AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA';
const entry = {
  type: 'reasoning.encrypted',
  data: carrier,
  id: 'native_VFhcYGRobHB0eHyA',
  format: 'unknown',
  index: 0,
};
const head = { id: 'chatcmpl-1', created: 7, model: 'm' };
const end = { type: 'turn-end', finishReason: 'tool-calls', rawFinishReason: 'TOOL_CALL' } as const;
const said: TurnEvent[] = [
  { type: 'reasoning-delta', index: 0, text: 'Hm.' },
  { type: 'tool-call-start', index: 0, id: 'c1', name: 'look' },
  { type: 'tool-call-delta', index: 0, arguments: '{"a": 1}' },
  { type: 'tool-call-end', index: 0 },
  { type: 'citation', citation: { start: 0, end: 1, text: 'a', sources: [{ id: 'd' }] } },
];

const reply = (() => {
  const collected = collectReply([...said, end]);
  if (!collected) throw new Error('no end');
  return collected;
})();

const usage = { inputTokens: 1, outputTokens: 2 };

function stream(given: string | undefined, includeUsage = false): string {
  const writer = new ChunkWriter(head, { includeUsage });
  return writer.write(said) + [...writer.end({ ...end, usage }, { sessionId: null }, given)].join('');
}

interface Written {
  readonly choices: readonly { readonly delta: object; readonly finish_reason: string | null }[];
}

test('the entry', () => {
  expect(writeCarried(carrier)).toEqual([entry]);
  // Some clients leave out what has the id of an earlier entry.
  expect(writeCarried(`${carrier}B`)[0]?.id).not.toBe(entry.id);
});

describe('in a stream', () => {
  test.each([true, false])(
    'it comes whole, in one delta, just before the finish reason; usage: %j',
    includeUsage => {
      const { frames } = parseFrames(stream(carrier, includeUsage));
      const choices = (frames as Written[]).flatMap(chunk => chunk.choices);
      expect(choices.slice(-2)).toEqual([
        { index: 0, delta: { reasoning_details: [entry] }, logprobs: null, finish_reason: null },
        { index: 0, delta: {}, logprobs: null, finish_reason: 'tool_calls' },
      ]);
      expect(choices.filter(({ delta }) => 'reasoning_details' in delta).length).toBe(1);
      // The rest keeps every promise about chunks, and readable reasoning is said once.
      expect(collectChunks(frames)).toMatchObject({ reasoning: 'Hm.', toolCalls: [{ id: 'c1' }] });
    },
  );

  test('nothing else changes, and without a carrier there is nothing of it', () => {
    const without = parseFrames(stream(undefined)).frames;
    expect(JSON.stringify(without)).not.toContain('reasoning_details');
    expect(parseFrames(stream(carrier)).frames.toSpliced(-2, 1)).toEqual(without);
  });
});

describe('whole', () => {
  test('it stands in the message', () => {
    const written = writeCompletion(head, reply, { sessionId: null }, carrier);
    const without = writeCompletion(head, reply, { sessionId: null });
    expect(written).toMatchObject({
      choices: [{ message: { reasoning_content: 'Hm.', reasoning_details: [entry] } }],
    });
    expect(JSON.stringify(without)).not.toContain('reasoning_details');
    expect(writeCompletion(head, reply, { sessionId: null }, undefined)).toEqual(without);
  });

  test('and in the history that comes with it, which a client may send back as it is', () => {
    const earlier = { role: 'assistant', content: 'Hi', carried: `${carrier}B` } as const;
    const messages = [{ role: 'user', content: 'Hello' } as const, earlier, reply.message];
    const history = writeSessionFields(null, { reply, messages }, carrier).messages;
    expect(history).toMatchObject([
      { role: 'user' },
      { reasoning_details: writeCarried(`${carrier}B`) },
      { reasoning_details: [entry] },
    ]);
    expect(readMessages(history ?? []).slice(1)).toMatchObject([earlier, { carried: carrier }]);
    const without = writeSessionFields(null, { reply, messages }).messages?.at(-1);
    expect(without).toEqual(writeMessage(reply.message));
    expect(without).not.toHaveProperty('reasoning_details');
  });
});

describe('the official client', () => {
  const bodies: string[] = [];
  const answering = (text: string, type: string) =>
    new OpenAI({
      apiKey: 'any',
      baseURL: 'http://proxy.test/v1',
      fetch: async (_, init) => {
        bodies.push(String(init?.body));
        return new Response(text, { headers: { 'content-type': type } });
      },
    });
  const ask = { model: 'm', messages: [{ role: 'user' as const, content: 'Hello' }] };
  const json = JSON.stringify(writeCompletion(head, reply, { sessionId: null }, carrier));
  const whole = answering(json, 'application/json');
  const streaming = answering(stream(carrier, true), 'text/event-stream');

  test.each([
    ['whole', () => whole.chat.completions.create(ask)],
    ['streamed and collected', () => streaming.chat.completions.stream(ask).finalChatCompletion()],
  ])('hands it on and brings it back: %s', async (_, answer) => {
    const message = (await answer()).choices[0]?.message;
    if (!message) throw new Error('no message');
    expect(message).toMatchObject({ reasoning_details: [entry] });
    await whole.chat.completions.create({ ...ask, messages: [...ask.messages, message] });
    const sent = JSON.parse(bodies.at(-1) ?? '') as { messages: unknown[] };
    expect(readMessages(sent.messages)[1]).toMatchObject({
      toolCalls: [{ id: 'c1', name: 'look', arguments: '{"a": 1}' }],
      carried: carrier,
    });
  });

  test('shows it in the chunks', async () => {
    const seen: unknown[] = [];
    for await (const chunk of await streaming.chat.completions.create({ ...ask, stream: true })) {
      const delta = chunk.choices[0]?.delta;
      if (delta && 'reasoning_details' in delta) seen.push(delta.reasoning_details);
    }
    expect(seen).toEqual([[entry]]);
  });
});
