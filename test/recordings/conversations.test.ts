// The recorded conversations of several steps, spoken in the session dialect: the client brings only what is new, and
// Cohere must hear its own earlier answers again as it gave them, plan and calls included.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CohereAnswer } from '../support/cohere-answer.ts';
import { ProxyUnderTest } from '../support/proxy-under-test.ts';
import { readReply } from '../support/read-reply.ts';
import {
  demandReference,
  hasReference,
  type Recording,
  recordings,
  responseText,
} from '../support/reference.ts';
import { toOpenAiRequest } from '../support/to-openai-request.ts';
import { readChatRecording } from './chat-recording.ts';
import { expectReply } from './expect-reply.ts';
import { expectAllowed } from './expect-request.ts';

demandReference('The recorded conversations');

let proxy: ProxyUnderTest;

beforeAll(async () => {
  proxy = await ProxyUnderTest.start();
});

afterAll(() => proxy.stop());

type Messages = readonly { readonly role: string }[];

function messagesOf({ request }: Recording): Messages {
  return (request.body?.messages ?? []) as Messages;
}

/** Steps whose request holds the whole of the one before. */
function chains(): Recording[][] {
  const found: Recording[][] = [];
  const steps = recordings()
    .filter(({ conversation }) => conversation)
    .sort(
      (a, b) =>
        (a.conversation?.id ?? '').localeCompare(b.conversation?.id ?? '') ||
        (a.conversation?.step ?? 0) - (b.conversation?.step ?? 0),
    );
  for (const step of steps) {
    const before = found.at(-1)?.at(-1);
    if (before && follows(step, before)) found.at(-1)?.push(step);
    else found.push([step]);
  }
  return found.filter(chain => chain.length > 1);
}

function follows(step: Recording, before: Recording): boolean {
  const messages = messagesOf(before);
  return (
    step.conversation?.id === before.conversation?.id &&
    JSON.stringify(messagesOf(step).slice(0, messages.length)) === JSON.stringify(messages)
  );
}

// A model that is gone is unknown to the proxy, and an unknown one is given no tool plan.
const modelInstead = 'command-a-03-2025';

describe.runIf(hasReference)('native memory', () => {
  it.each(chains().map(chain => [chain[0]?.id ?? '', chain] as const))(
    '%s and what follows',
    async (id, chain) => {
      const sessionId = id.replaceAll(/[^a-z0-9-]/g, '-');
      const heard: { at: number; answer: CohereAnswer }[] = [];
      const given = new Map<string, string>();
      let known = 0;
      for (const [position, recording] of chain.entries()) {
        const { answer } = readChatRecording(recording);
        const stream = Boolean(recording.response.sse);
        if (stream) proxy.fake.replySse(responseText(recording));
        else proxy.fake.replyJson(responseText(recording));

        const messages = messagesOf(recording);
        const messagesAdded = withGivenIds(messages.slice(known), given);
        const added = { ...recording.request.body, model: modelInstead, messages: messagesAdded };
        const response = await proxy.chat({ ...toOpenAiRequest(added, stream), sessionId });
        const reply = await readReply(response, stream);
        expectReply(reply, withGivenSources(answer, given));
        for (const [place, { id: own }] of (answer.message.tool_calls ?? []).entries())
          given.set(own, reply.toolCalls[place]?.id ?? own);
        expect(response.headers.get('x-session-id')).toBe(sessionId);
        expect(response.headers.get('x-session-state')).toBe(position === 0 ? 'new' : 'continued');
        expect(reply.extras.messages).toHaveLength(messages.length + 1);

        const sent = await proxy.fake.nextChatRequest();
        expectAllowed(sent, stream);
        const prompt = (sent.json as { messages: Messages }).messages;
        expect(prompt.map(({ role }) => role)).toEqual(messages.map(({ role }) => role));
        for (const { at, answer: earlier } of heard) expectNative(prompt[at], earlier);
        heard.push({ at: messages.length, answer });
        known = messages.length + 1;
      }
    },
  );
});

/** Results name calls as the client knows them. */
function withGivenIds(messages: Messages, given: ReadonlyMap<string, string>): Messages {
  return JSON.parse(JSON.stringify(messages), (key, value) =>
    key === 'tool_call_id' ? (given.get(value) ?? value) : value,
  );
}

/** Citations name calls so, too. */
function withGivenSources(answer: CohereAnswer, given: ReadonlyMap<string, string>): CohereAnswer {
  return JSON.parse(JSON.stringify(answer), (key, value) => {
    const [callId = '', number] = key === 'id' && typeof value === 'string' ? value.split(':') : [];
    return number !== undefined && given.has(callId) ? `${given.get(callId)}:${number}` : value;
  });
}

function expectNative(sent: object | undefined, { message }: CohereAnswer): void {
  const { content, tool_plan, tool_calls, citations } = message;
  const [block] = content ?? [];
  expect(sent).toEqual({
    role: 'assistant',
    ...(block?.type === 'text' ? { content: expect.toSatisfy(isSameText(block.text)) } : {}),
    ...(tool_plan === undefined ? {} : { tool_plan }),
    ...(tool_calls ? { tool_calls } : {}),
    ...(citations ? { citations } : {}),
  });
}

/** Cohere takes a text and a list of one text block for the same. */
function isSameText(text: string): (content: unknown) => boolean {
  return content => content === text || JSON.stringify(content) === JSON.stringify([{ type: 'text', text }]);
}
