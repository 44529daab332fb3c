// What real clients were recorded to send is accepted, and what the proxy makes of it is allowed by Cohere.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CohereAnswer, streamAnswer } from '../support/cohere-answer.ts';
import { cohereComplaints } from '../support/cohere-schema.ts';
import type { UpstreamRequest } from '../support/fake-cohere.ts';
import { openAiComplaints } from '../support/openai-schema.ts';
import { ProxyUnderTest } from '../support/proxy-under-test.ts';
import { readJson } from '../support/read-json.ts';
import { readReply } from '../support/read-reply.ts';
import { type ClientRequest, clientRequests, demandReference, hasReference } from '../support/reference.ts';
import { json, type Step, sse } from '../support/upstream-script.ts';

demandReference('The recorded requests of clients');

const all = clientRequests();
const isChat = ({ path }: ClientRequest) => path.endsWith('/chat/completions');
const isModels = ({ method, path }: ClientRequest) => method === 'GET' && path === '/v1/models';
const isModelInfo = ({ method, path }: ClientRequest) => method === 'GET' && path === '/v1/model/info';
const hasDoor = (request: ClientRequest) => [isChat, isModels, isModelInfo].some(is => is(request));

let proxy: ProxyUnderTest;

beforeAll(async () => {
  proxy = await ProxyUnderTest.start();
});

afterAll(() => proxy.stop());

/** The headers that belong to the recorded connection, not to the request. */
const ofConnection = new Set([
  'host',
  'content-length',
  'connection',
  'transfer-encoding',
  'accept-encoding',
]);

function send({ method, path, headers, body }: ClientRequest): Promise<Response> {
  return fetch(`${proxy.url}${path}`, {
    method,
    headers: Object.entries(headers).filter(([name]) => !ofConnection.has(name.toLowerCase())) as [
      string,
      string,
    ][],
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
}

interface SentBody {
  readonly stream?: boolean;
  readonly messages?: readonly TextMessage[];
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
}

function answerText(request: UpstreamRequest): Step[] {
  return answer(request, { content: [{ type: 'text', text: 'PINEAPPLE is the word.' }] }, 'COMPLETE');
}

let calls = 0;

/** A call of the last tool, by the name that Cohere was told; ids as Cohere makes them. */
function answerCall(request: UpstreamRequest): Step[] {
  const name = (request.json as SentBody).tools?.at(-1)?.function.name ?? '';
  calls += 1;
  const id = `${name}_${String(calls).padStart(12, '0')}`;
  const call = { id, type: 'function' as const, function: { name, arguments: '{"path":"note.txt"}' } };
  return answer(request, { tool_plan: 'I will look.', tool_calls: [call] }, 'TOOL_CALL');
}

function answer(
  request: UpstreamRequest,
  message: Omit<CohereAnswer['message'], 'role'>,
  finish_reason: string,
): Step[] {
  const whole: CohereAnswer = {
    id: '00000000-0000-4000-8000-000000000000',
    message: { role: 'assistant', ...message },
    finish_reason,
    usage: { tokens: { input_tokens: 500, output_tokens: 9 } },
  };
  return (request.json as SentBody).stream ? sse(streamAnswer(whole)) : json(whole);
}

/** Recorded with an image, and with the name of a model that takes none. */
const withImage = all.filter(({ body }) => JSON.stringify(body ?? {}).includes('"type":"image_url"'));
const chats = all.filter(isChat);

describe.runIf(hasReference)('chat', () => {
  it.each(chats)('$name gets a text', async recorded => {
    proxy.fake.setDefault(answerText);
    const stream = recorded.body?.stream === true;
    const reply = await readReply(await send(recorded), stream);
    expect(reply).toMatchObject({ content: 'PINEAPPLE is the word.', toolCalls: [], finishReason: 'stop' });
    expectSent(await proxy.fake.nextChatRequest(), recorded);
  });

  it.each(chats.filter(({ body }) => body?.tools))('$name gets a call', async recorded => {
    proxy.fake.setDefault(answerCall);
    const stream = recorded.body?.stream === true;
    const reply = await readReply(await send(recorded), stream);
    // By the name that the client knows, whatever Cohere had to be told.
    const tools = recorded.body?.tools as NonNullable<SentBody['tools']>;
    expect(reply).toMatchObject({
      content: null,
      reasoning: 'I will look.',
      toolCalls: [{ name: tools.at(-1)?.function.name, arguments: '{"path":"note.txt"}' }],
      finishReason: 'tool_calls',
    });
    expect(reply.toolCalls[0]?.id).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
    expectSent(await proxy.fake.nextChatRequest(), recorded);
  });

  it.each(withImage)(
    '$name: a model without eyes is given a remark, another one the image',
    async recorded => {
      proxy.fake.setDefault(answerText);
      const blind = await send(recorded);
      expect(blind.headers.get('x-dropped-parameters')).toMatch(/messages\[\d+\]\.content\[\d+\]/);
      await blind.text();
      const heard = JSON.stringify((await proxy.fake.nextChatRequest()).json);
      expect(heard).toContain('[An image was left out here');
      expect(heard).not.toContain('image_url');
      await (await send({ ...recorded, body: { ...recorded.body, model: 'command-a-plus-05-2026' } })).text();
      expect(JSON.stringify((await proxy.fake.nextChatRequest()).json)).toContain('image_url');
    },
  );
});

function expectSent(sent: UpstreamRequest, { body }: ClientRequest): void {
  expect(cohereComplaints(sent.json)).toEqual([]);
  const { stream = false, messages = [] } = sent.json as SentBody;
  expect(stream).toBe(body?.stream === true);
  const heard = textsOf(messages).join('\n');
  const said = textsOf((body?.messages ?? []) as readonly TextMessage[]);
  expect(said.filter(text => !heard.includes(text))).toEqual([]);
}

interface TextMessage {
  readonly role: string;
  readonly content?: string | readonly { readonly text?: string }[] | null;
  readonly tool_plan?: string;
}

/** All that was said, without reasoning and calls. Text beside calls goes to Cohere as the plan. */
function textsOf(messages: readonly TextMessage[]): string[] {
  return messages.flatMap(({ content, tool_plan = '' }) => [
    ...(typeof content === 'string' ? [content] : (content ?? []).map(({ text = '' }) => text)),
    tool_plan,
  ]);
}

describe.runIf(hasReference)('models', () => {
  it.each(all.filter(isModels))('$name', async recorded => {
    const response = await send(recorded);
    const body = await readJson(response, 200);
    expect(openAiComplaints('ListModelsResponse', body)).toEqual([]);
  });
});

describe.runIf(hasReference)('models as LiteLLM tells of them', () => {
  it.each(all.filter(isModelInfo))('$name', async recorded => {
    const { data } = (await readJson(await send(recorded), 200)) as { data: object[] };
    expect(data).toContainEqual({
      model_name: 'command-a-03-2025',
      litellm_params: { model: 'command-a-03-2025' },
      model_info: expect.objectContaining({ max_input_tokens: 288_000, supports_function_calling: true }),
    });
  });
});

describe.runIf(hasReference)('doors that are not there', () => {
  it.each(all.filter(request => !hasDoor(request)))('$name', async recorded => {
    const response = await send(recorded);
    const body = await readJson(response, 404);
    expect(body).toMatchObject({ error: { code: 'route_not_found' } });
    expect(openAiComplaints('ErrorResponse', body)).toEqual([]);
  });
});
