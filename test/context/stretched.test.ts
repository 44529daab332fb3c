// Conversations of coding agents, ten times as long as the model's context has room, through the whole proxy to an
// offline Cohere that enforces its limit. What it was sent is compared with what the client brought.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CohereProxyServer } from '../../src/index.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { type CohereChatRequest, TokenMeter } from '../../src/tokens/meter.ts';
import { loadEncoder } from '../../src/tokens/vocabulary.ts';
import { readJson } from '../support/read-json.ts';
import { readReply } from '../support/read-reply.ts';
import { clientRequests, demandReference, hasReference } from '../support/reference.ts';
import { randomSource } from '../support/seed.ts';
import { type Conversation, writtenConversations } from './agent-conversations.ts';
import { type ClientMessage, callIdsOf, textOf } from './client-message.ts';
import { type Compared, expectPrompt } from './expect-prompt.ts';
import { repeatToolStep, requestEnds, stretch } from './stretch.ts';

demandReference('The stretched conversations of recorded clients');

// The smallest context of a model with tools: what these clients take for granted fills half of it.
const model = 'command-a-translate-08-2025';
const times = 10;

let simulator: Simulator;
let server: CohereProxyServer;
let url: string;
/** How often Cohere was asked. */
let asked = 0;

beforeAll(async () => {
  const encoder = await loadEncoder();
  const meter = new TokenMeter();
  if (encoder) meter.use(encoder);
  simulator = await startSimulator({
    countPrompt: request => {
      asked += 1;
      const counted = meter.countRequest(request as unknown as CohereChatRequest);
      return counted && { input: counted.tokens, overhead: counted.overhead, messages: counted.messages };
    },
  });
  server = new CohereProxyServer({
    sessionStore: 'memory:',
    cohereBaseUrl: simulator.url,
    cohereApiKey: 'any',
    port: 0,
    logLevel: 'silent',
  });
  ({ url } = await server.listen());
});

afterAll(async () => {
  await server.close();
  await simulator.close();
});

const kinds = [
  { kind: 'hundreds of small steps for one message', users: 'once', lines: [1, 6] },
  { kind: 'small steps and a user who speaks again', users: 'again', lines: [1, 6] },
  { kind: 'a few large results', users: 'again', lines: [30, 150] },
] as const;

describe.each(kinds)('P1 [I12] $kind', ({ kind, users, lines }) => {
  it.each([...writtenConversations, ...recorded()])('$name', async ({ name, body }) => {
    const random = randomSource(`${name} ${kind}`);
    // A token is some four characters; whether they were enough is asked below.
    const messages = stretch(body.messages, { characters: times * 40_000, users, lines, random });
    const ends = requestEnds(messages);
    expect(ends.length).toBeGreaterThan(lines[1] < 10 ? 150 : 25);
    for (const share of [0.02, 0.3, 0.7]) {
      const end = ends[Math.floor(ends.length * share)] ?? 0;
      await ask(body, messages.slice(0, end));
    }
    const { whole_tokens, budget } = await size(body, messages);
    expect(whole_tokens).toBeGreaterThan(times * budget);
    const { kept, sessionId } = await ask(body, messages);
    // Many may be kept in short.
    expect(kept.size).toBeLessThan(messages.length / 2);
    await expectStored(sessionId, messages);

    const huge = [...messages, ...repeatToolStep(body.messages, 2_000)];
    if (huge.length === messages.length) return;
    const { shortened } = await ask(body, huge);
    expect([...shortened].some(place => place >= messages.length)).toBe(true);
  });
});

/** As clients do: everything again with each request. */
async function ask(
  body: Conversation['body'],
  messages: readonly ClientMessage[],
): Promise<Compared & { readonly sessionId: string }> {
  asked = 0;
  const response = await post('', body, messages);
  expect(response.status, await failureOf(response)).toBe(200);
  const headers = Object.fromEntries(response.headers);
  const { content, toolCalls } = await readReply(response, body.stream === true);
  expect(content !== null || toolCalls.length > 0).toBe(true);
  // Not even one that was made good by asking again.
  expect(asked, 'how often Cohere was asked').toBe(1);
  const sent = simulator.requests.at(-1)?.body as unknown as { readonly messages: readonly ClientMessage[] };
  return {
    ...expectPrompt(messages, sent.messages, headers['x-context-truncated'] ?? null),
    sessionId: headers['x-session-id'] ?? '',
  };
}

async function failureOf(response: Response): Promise<string> {
  return response.status === 200 ? '' : response.text();
}

async function size(body: Conversation['body'], messages: readonly ClientMessage[]) {
  const response = await post('/input_tokens', body, messages);
  return (await readJson(response, 200)) as { readonly whole_tokens: number; readonly budget: number };
}

function post(
  path: string,
  body: Conversation['body'],
  messages: readonly ClientMessage[],
): Promise<Response> {
  // The room for the answer, as small beside the context as it was beside the one that the client knew.
  const output = body.max_tokens === undefined ? {} : { max_tokens: 256 };
  return fetch(`${url}/v1/chat/completions${path}`, {
    method: 'POST',
    // All as one of the clients that put their user's words into results: the others write no such tag.
    headers: { 'content-type': 'application/json', 'user-agent': 'RooCode/3.52.1' },
    body: JSON.stringify({ ...body, ...output, model, messages }),
  });
}

/** The prompt was cut, not what is remembered. */
async function expectStored(sessionId: string, messages: readonly ClientMessage[]): Promise<void> {
  const response = await fetch(`${url}/v1/sessions/${sessionId}`);
  const stored = (await readJson(response, 200)) as { readonly messages: readonly ClientMessage[] };
  expect(stored.messages.length).toBe(messages.length + 1);
  const said = (message: ClientMessage) => [
    message.role,
    textOf(message),
    callIdsOf(message),
    message.tool_call_id,
  ];
  expect(stored.messages.slice(0, -1).map(said)).toEqual(messages.map(said));
}

/** Of the agents' recorded requests those that hold an answer, and that no later one begins with. */
function recorded(): Conversation[] {
  if (!hasReference) return [];
  const conversations = clientRequests()
    .filter(({ name, path }) => /^(?:roo|zoo|opencode)/.test(name) && path.endsWith('/chat/completions'))
    .map(({ name, body }) => ({ name, body: body as Conversation['body'] }))
    .filter(({ body }) => body.messages.some(({ role }) => role === 'assistant'));
  const starts = conversations.map(({ body }) => JSON.stringify(body.messages).slice(0, -1));
  return conversations.filter(
    (_, index) => !starts.some((other, later) => later > index && other.startsWith(`${starts[index]},`)),
  );
}
