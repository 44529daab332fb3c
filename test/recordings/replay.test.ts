// Every recorded exchange with Cohere goes through the proxy once more: the fake upstream says byte for byte what
// Cohere said, in one piece and cut to pieces, and in the other form as well (P3: a stream says what the whole says).
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CohereProxyServer } from '../../src/index.ts';
import { FakeCohere } from '../support/fake-cohere.ts';
import { collectChunks, readCompletion } from '../support/openai-reply.ts';
import { openAiComplaints } from '../support/openai-schema.ts';
import { readJson } from '../support/read-json.ts';
import { readSse } from '../support/read-sse.ts';
import {
  demandReference,
  hasReference,
  type Recording,
  recordings,
  responseText,
} from '../support/reference.ts';
import { randomSource } from '../support/seed.ts';
import type { SplitAt } from '../support/split-bytes.ts';
import { error, json, type Step } from '../support/upstream-script.ts';
import { type ChatRecording, openAiRequest, readChatRecording, refusedRequest } from './chat-recording.ts';
import { expectExtras, expectReply } from './expect-reply.ts';
import { expectAllowed, expectSameMeaning } from './expect-request.ts';

demandReference('The recordings');

const all = recordings();
const accounted = new Set<string>();
const isChat = ({ api }: Recording) => api.path === '/v2/chat';
const answered = all.filter(recording => isChat(recording) && recording.response.status === 200);
const failedInStream = answered.filter(({ features }) => features.includes('in-stream-error'));
const complete = answered.filter(recording => !failedInStream.includes(recording)).map(readChatRecording);

let fake: FakeCohere;
let server: CohereProxyServer;
let baseUrl: string;

beforeAll(async () => {
  fake = await FakeCohere.start();
  server = new CohereProxyServer({
    cohereBaseUrl: fake.url,
    cohereApiKey: 'test-key',
    port: 0,
    logLevel: 'silent',
  });
  baseUrl = `${(await server.listen()).url}/v1`;
});

afterAll(async () => {
  await server.close();
  await fake.close();
});

let spaces = 0;

/** A space of its own for each request: no replay may meet the session of another. */
function ask(request: Readonly<Record<string, unknown>>): Promise<Response> {
  spaces += 1;
  return fetch(`${baseUrl}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...request, user: `replay-${spaces}` }),
  });
}

/** Small texts byte by byte; long ones in pieces of a few bytes, at positions from the seed. */
function cuts(text: string, name: string): SplitAt {
  const length = Buffer.byteLength(text);
  if (length <= 6_000) return 'every-byte';
  const random = randomSource(name);
  const positions: number[] = [];
  for (let cut = 0; cut < length; cut += 1 + Math.floor(random() * 60)) positions.push(cut);
  return positions;
}

describe.each(complete)('$recording.id', chat => {
  const { recording, streamed, whole } = chat;

  it.each([
    ['in one piece', undefined],
    ['in pieces', cuts(streamed, recording.id)],
  ])('streamed, %s', async (_name, splitAt) => {
    fake.replySse(streamed, splitAt ? { splitAt } : {});
    await expectStream(chat);
  });

  it.each([
    ['in one piece', undefined],
    ['in pieces', cuts(whole, recording.id)],
  ])('whole, %s', async (_name, splitAt) => {
    fake.replyJson(whole, splitAt ? { splitAt } : {});
    await expectWhole(chat);
    accounted.add(recording.id);
  });
});

async function expectStream(chat: ChatRecording): Promise<void> {
  const request = openAiRequest(chat, true);
  const { frames, isDone, isBroken } = await readSse(await ask(request));
  await expectUpstream(chat, true);
  for (const frame of frames)
    expect(openAiComplaints('CreateChatCompletionStreamResponse', frame)).toEqual([]);
  expect({ isDone, isBroken }).toEqual({ isDone: true, isBroken: false });
  const reply = collectChunks(frames);
  expectReply(reply, chat.answer);
  expectExtras(reply, request);
}

async function expectWhole(chat: ChatRecording): Promise<void> {
  const request = openAiRequest(chat, false);
  const response = await ask(request);
  const body = await readJson(response, 200);
  await expectUpstream(chat, false);
  expect(openAiComplaints('CreateChatCompletionResponse', body)).toEqual([]);
  const reply = readCompletion(body);
  expectReply(reply, chat.answer);
  expectExtras(reply, request);
}

async function expectUpstream({ recording }: ChatRecording, stream: boolean): Promise<void> {
  const sent = await fake.nextChatRequest();
  expect(fake.pendingScripts, 'one call of Cohere for one request').toBe(0);
  expectAllowed(sent, stream);
  expectSameMeaning(sent, recording);
}

describe.each(failedInStream)('$id', recording => {
  const text = responseText(recording);
  const request = openAiRequest(readChatRecording(recording), true);

  it('in one piece, before anything was given out: one repeat, then a status', async () => {
    fake.replySse(text);
    fake.replySse(text);
    const response = await ask(request);
    await expectError(response, { status: 502, code: 'upstream_error' });
    expect(response.headers.get('x-should-retry')).toBe('false');
    await fake.nextChatRequest();
    await fake.nextChatRequest();
    expect(fake.pendingScripts).toBe(0);
  });

  it('in pieces: an error frame, and no end that looks like one', async () => {
    fake.replySse(text, { splitAt: cuts(text, recording.id) });
    const response = await ask(request);
    const { frames, isDone, isBroken } = await readSse(response);
    expectAllowed(await fake.nextChatRequest(), true);
    const failure = frames.at(-1);
    expect(openAiComplaints('ErrorResponse', failure)).toEqual([]);
    expect(failure).toMatchObject({ error: { code: 'upstream_error' } });
    expect({ isDone, isBroken }).toEqual({ isDone: false, isBroken: true });
    for (const chunk of frames.slice(0, -1)) {
      expect(openAiComplaints('CreateChatCompletionStreamResponse', chunk)).toEqual([]);
    }
    expect(() => collectChunks(frames.slice(0, -1))).toThrow('no finish reason');
    await expectNoSession(response.headers.get('x-session-id'), spaces);
    accounted.add(recording.id);
  });
});

/** I4: a first turn that failed leaves no session. */
async function expectNoSession(sessionId: string | null, space: number): Promise<void> {
  const response = await fetch(`${baseUrl}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ sessionId, message: 'Are you there?', user: `replay-${space}` }),
  });
  await expectError(response, { status: 404, code: 'session_not_found' });
}

interface Refusal {
  readonly status: number;
  readonly code: string;
  /** How often Cohere is asked; once where nothing is said. */
  readonly calls?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly message?: string;
}

// Whatever Cohere refused, what its client must be told.
const refusals: Readonly<Record<string, Refusal>> = {
  'error--400-document-empty': { status: 400, code: 'upstream_rejected' },
  'error--400-model-only-on-v2': { status: 400, code: 'upstream_rejected' },
  'error--400-thinking-not-supported': { status: 400, code: 'upstream_rejected' },
  'error--400-too-many-tokens': {
    status: 400,
    code: 'context_length_exceeded',
    message: "This model's maximum context length is 132000 tokens",
  },
  'error--400-tool-arguments-not-json-object': { status: 400, code: 'upstream_rejected' },
  // It is the proxy's key, and none of the client's business.
  'error--401-invalid-token': {
    status: 502,
    code: 'upstream_auth_failed',
    headers: { 'x-should-retry': 'false' },
  },
  'error--404-model-removed': { status: 404, code: 'model_not_found', message: 'command-r-plus' },
  'error--422-invalid-tool-generation': {
    status: 502,
    code: 'upstream_error',
    calls: 2,
    headers: { 'x-should-retry': 'false' },
  },
  'error--422-unknown-field-stream-request': { status: 400, code: 'upstream_rejected' },
  'error--422-unknown-field-tools-v1-shape': { status: 400, code: 'upstream_rejected' },
  'error--429-trial-per-minute': {
    status: 429,
    code: 'rate_limit_exceeded',
    headers: { 'retry-after': '15' },
  },
};

const refused = all.filter(({ category }) => category === 'error');

describe.each(refused)('$id', recording => {
  it.each([
    ['of a stream', true],
    ['of a whole answer', false],
  ])('to a request %s', async (_name, stream) => {
    const refusal = refusals[recording.id];
    if (!refusal) throw new Error('nothing is expected of this refusal');
    for (let call = 0; call < (refusal.calls ?? 1); call += 1) fake.script(...replayError(recording));
    const request = refusedRequest(recording, stream);
    const response = await ask(request);
    await expectError(response, refusal);
    for (let call = 0; call < (refusal.calls ?? 1); call += 1)
      expectAllowed(await fake.nextChatRequest(), stream);
    expect(fake.pendingScripts).toBe(0);
    accounted.add(recording.id);
  });
});

function replayError(recording: Recording): Step[] {
  const { status, headers } = recording.response;
  const {
    'content-length': _length,
    'transfer-encoding': _encoding,
    connection: _connection,
    ...kept
  } = headers;
  return error(status, responseText(recording), kept);
}

async function expectError(
  response: Response,
  { status, code, headers = {}, message = '' }: Refusal,
): Promise<void> {
  const body = await readJson(response, status);
  expect(body).toMatchObject({ error: { code } });
  expect(openAiComplaints('ErrorResponse', body)).toEqual([]);
  expect(JSON.stringify(body)).toContain(message);
  expect(JSON.stringify(body)).not.toContain('test-key');
  for (const [name, value] of Object.entries(headers)) expect(response.headers.get(name), name).toBe(value);
}

interface CohereModel {
  readonly name: string;
  readonly endpoints?: readonly string[];
}

describe.each(all.filter(({ category }) => category === 'models'))('$id', recording => {
  it('GET /v1/models and /v1/models/{id}', async () => {
    const { models = [recording.response.body as CohereModel] } = recording.response.body as {
      readonly models?: readonly CohereModel[];
    };
    // The list is kept for a while, so each recording has a proxy of its own.
    const own = new CohereProxyServer({
      cohereBaseUrl: fake.url,
      cohereApiKey: 'test-key',
      port: 0,
      logLevel: 'silent',
    });
    try {
      const { url } = await own.listen();
      const isList = 'models' in (recording.response.body as object);
      fake.scriptModels(...json(isList ? responseText(recording) : { models }));
      const list = await readJson(await fetch(`${url}/v1/models`), 200);
      expect(openAiComplaints('ListModelsResponse', list)).toEqual([]);
      const ids = (list as { data: readonly { id: string }[] }).data.map(({ id }) => id);
      const chatting = models.filter(({ endpoints }) => endpoints?.includes('chat')).map(({ name }) => name);
      expect(ids.toSorted()).toEqual(chatting.toSorted());

      for (const id of chatting) {
        const response = await fetch(`${url}/v1/models/${id}`);
        const model: unknown = await response.json();
        expect({ status: response.status, model }).toMatchObject({
          status: 200,
          model: { id, object: 'model' },
        });
        expect(openAiComplaints('Model', model)).toEqual([]);
      }
      const unknown = await fetch(`${url}/v1/models/nobody-knows-this`);
      await expectError(unknown, { status: 404, code: 'model_not_found' });
    } finally {
      await own.close();
    }
    accounted.add(recording.id);
  });
});

// Exchanges with parts of Cohere for which the proxy has no door.
const withoutDoor: Readonly<Record<string, string>> = {
  embed: 'there is no door for embeddings yet',
  rerank: 'OpenAI has no such endpoint',
  tokenize: 'tokens are counted here, with the vocabulary, not by calls',
};

it.runIf(hasReference)('accounts for all 76 recordings', () => {
  const skipped = all.filter(({ category }) => withoutDoor[category]);
  const replayed = accounted.size;
  for (const { id } of skipped) accounted.add(id);
  const lines = skipped.map(({ id, category }) => `  not used: ${id}: ${withoutDoor[category]}\n`);
  process.stdout.write(`replayed ${replayed} of ${all.length} recordings\n${lines.join('')}`);
  expect(all).toHaveLength(76);
  expect(all.map(({ id }) => id).filter(id => !accounted.has(id))).toEqual([]);
});
