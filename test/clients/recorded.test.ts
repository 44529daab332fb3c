// What real clients were recorded to send is accepted, and what the proxy makes of it is allowed by Cohere.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CohereProxyServer } from '../../src/index.ts';
import { type CohereAnswer, streamAnswer } from '../support/cohere-answer.ts';
import { cohereComplaints } from '../support/cohere-schema.ts';
import { FakeCohere, type UpstreamRequest } from '../support/fake-cohere.ts';
import { collectChunks, type OpenAiReply, readCompletion } from '../support/openai-reply.ts';
import { openAiComplaints } from '../support/openai-schema.ts';
import { readJson } from '../support/read-json.ts';
import { readSse } from '../support/read-sse.ts';
import { type ClientRequest, clientRequests, demandReference } from '../support/reference.ts';
import { json, type Step, sse } from '../support/upstream-script.ts';

demandReference('The recorded requests of clients');

const all = clientRequests();
const isChat = ({ path }: ClientRequest) => path.endsWith('/chat/completions');
const isModels = ({ method, path }: ClientRequest) => method === 'GET' && path === '/v1/models';

let fake: FakeCohere;
let server: CohereProxyServer;
let url: string;

beforeAll(async () => {
  fake = await FakeCohere.start();
  server = new CohereProxyServer({
    cohereBaseUrl: fake.url,
    cohereApiKey: 'test-key',
    port: 0,
    logLevel: 'silent',
  });
  ({ url } = await server.listen());
});

afterAll(async () => {
  await server.close();
  await fake.close();
});

/** The headers that belong to the recorded connection, not to the request. */
const ofConnection = new Set([
  'host',
  'content-length',
  'connection',
  'transfer-encoding',
  'accept-encoding',
]);

function send({ method, path, headers, body }: ClientRequest): Promise<Response> {
  return fetch(`${url}${path}`, {
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

async function readReply(response: Response, stream: boolean): Promise<OpenAiReply> {
  if (!stream) {
    const body = await readJson(response, 200);
    expect(openAiComplaints('CreateChatCompletionResponse', body)).toEqual([]);
    return readCompletion(body);
  }
  const { frames, isDone, isBroken } = await readSse(response);
  expect({ isDone, isBroken }).toEqual({ isDone: true, isBroken: false });
  for (const frame of frames)
    expect(openAiComplaints('CreateChatCompletionStreamResponse', frame)).toEqual([]);
  return collectChunks(frames);
}

describe('chat', () => {
  it.each(all.filter(isChat))('$name gets a text', async recorded => {
    fake.setDefault(answerText);
    const stream = recorded.body?.stream === true;
    const reply = await readReply(await send(recorded), stream);
    const sent = await fake.nextChatRequest();
    expect(cohereComplaints(sent.json)).toEqual([]);
    expect((sent.json as SentBody).stream ?? false).toBe(stream);
    expect(reply).toMatchObject({ content: 'PINEAPPLE is the word.', toolCalls: [], finishReason: 'stop' });
  });

  it.each(all.filter(request => isChat(request) && request.body?.tools))(
    '$name gets a call',
    async recorded => {
      fake.setDefault(answerCall);
      const stream = recorded.body?.stream === true;
      const reply = await readReply(await send(recorded), stream);
      const sent = await fake.nextChatRequest();
      expect(cohereComplaints(sent.json)).toEqual([]);
      // By the name that the client knows, whatever Cohere had to be told.
      const tools = recorded.body?.tools as NonNullable<SentBody['tools']>;
      expect(reply).toMatchObject({
        content: null,
        reasoning: 'I will look.',
        toolCalls: [{ name: tools.at(-1)?.function.name, arguments: '{"path":"note.txt"}' }],
        finishReason: 'tool_calls',
      });
      expect(reply.toolCalls[0]?.id).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
    },
  );
});

describe('models', () => {
  it.each(all.filter(isModels))('$name', async recorded => {
    const response = await send(recorded);
    const body = await readJson(response, 200);
    expect(openAiComplaints('ListModelsResponse', body)).toEqual([]);
  });
});

describe('doors that are not there', () => {
  it.each(all.filter(request => !isChat(request) && !isModels(request)))('$name', async recorded => {
    const response = await send(recorded);
    const body = await readJson(response, 404);
    expect(body).toMatchObject({ error: { code: 'route_not_found' } });
    expect(openAiComplaints('ErrorResponse', body)).toEqual([]);
  });
});
