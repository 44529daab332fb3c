// Every recorded exchange with Cohere goes through the proxy once more: the fake upstream says byte for byte what
// Cohere said, in one piece and cut to pieces, and in the other form as well (P3: a stream says what the whole says).
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAiComplaints } from '../support/openai-schema.ts';
import { ProxyUnderTest } from '../support/proxy-under-test.ts';
import { readJson } from '../support/read-json.ts';
import { type ExpectedError, expectError, readBrokenStream, readReply } from '../support/read-reply.ts';
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
const answered = all.filter(({ api, response }) => api.path === '/v2/chat' && response.status === 200);
const failedInStream = answered.filter(({ features }) => features.includes('in-stream-error'));
const complete = answered.filter(recording => !failedInStream.includes(recording)).map(readChatRecording);

/** How often each recording still has to be replayed until it counts. */
const open = new Map(all.map(({ id }) => [id, 1]));
for (const { recording } of complete) open.set(recording.id, 4);

function countReplay({ id }: Recording): void {
  open.set(id, (open.get(id) ?? 0) - 1);
}

let proxy: ProxyUnderTest;

beforeAll(async () => {
  proxy = await ProxyUnderTest.start();
});

afterAll(() => proxy.stop());

let spaces = 0;

/** A space of its own for each request: no replay may meet the session of another. */
function ask(request: Readonly<Record<string, unknown>>): Promise<Response> {
  spaces += 1;
  return proxy.chat({ ...request, user: `replay-${spaces}` });
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
    proxy.fake.replySse(streamed, splitAt ? { splitAt } : {});
    await replay(chat, true);
  });

  it.each([
    ['in one piece', undefined],
    ['in pieces', cuts(whole, recording.id)],
  ])('whole, %s', async (_name, splitAt) => {
    proxy.fake.replyJson(whole, splitAt ? { splitAt } : {});
    await replay(chat, false);
  });
});

async function replay(chat: ChatRecording, stream: boolean): Promise<void> {
  const request = openAiRequest(chat, stream);
  const reply = await readReply(await ask(request), stream);
  const sent = await proxy.fake.nextChatRequest();
  expect(proxy.fake.pendingScripts, 'one call of Cohere for one request').toBe(0);
  expectAllowed(sent, stream);
  expectSameMeaning(sent, chat.recording);
  expectReply(reply, chat.answer);
  expectExtras(reply, request);
  countReplay(chat.recording);
}

describe.each(failedInStream)('$id', recording => {
  const text = responseText(recording);
  const request = openAiRequest(readChatRecording(recording), true);

  it('in one piece, before anything was given out: one repeat, then a status', async () => {
    proxy.fake.replySse(text);
    proxy.fake.replySse(text);
    await expectError(await ask(request), {
      status: 422,
      code: 'upstream_generation_failed',
      headers: { 'x-should-retry': 'false' },
    });
    await proxy.fake.nextChatRequest();
    await proxy.fake.nextChatRequest();
    expect(proxy.fake.pendingScripts).toBe(0);
  });

  it('in pieces: an error frame, no end that looks like one, and no session (I4)', async () => {
    proxy.fake.replySse(text, { splitAt: cuts(text, recording.id) });
    const response = await ask(request);
    const { code, chunks } = await readBrokenStream(response);
    expect(code).toBe('upstream_generation_failed');
    expect(chunks.length).toBeGreaterThan(0);
    expectAllowed(await proxy.fake.nextChatRequest(), true);

    const next = { sessionId: response.headers.get('x-session-id'), message: 'Are you there?' };
    const space = { user: `replay-${spaces}` };
    await expectError(await proxy.chat({ ...next, ...space }), { status: 404, code: 'session_not_found' });
    countReplay(recording);
  });
});

interface Refusal extends ExpectedError {
  /** How often Cohere is asked; once where nothing is said. */
  readonly calls?: number;
}

const rejected: Refusal = { status: 400, code: 'upstream_rejected' };

// Whatever Cohere refused, what its client must be told.
const refusals: Readonly<Record<string, Refusal>> = {
  'error--400-document-empty': rejected,
  'error--400-model-only-on-v2': rejected,
  'error--400-thinking-not-supported': rejected,
  'error--400-too-many-tokens': {
    status: 400,
    code: 'context_length_exceeded',
    text: "This model's maximum context length is 132000 tokens",
  },
  'error--400-tool-arguments-not-json-object': rejected,
  'error--401-invalid-token': {
    status: 403,
    code: 'upstream_auth_failed',
    headers: { 'x-should-retry': 'false' },
  },
  'error--404-model-removed': { status: 404, code: 'model_not_found', text: 'command-r-plus' },
  'error--422-invalid-tool-generation': {
    status: 422,
    code: 'upstream_generation_failed',
    calls: 2,
    headers: { 'x-should-retry': 'false' },
  },
  'error--422-unknown-field-stream-request': rejected,
  'error--422-unknown-field-tools-v1-shape': rejected,
  'error--429-trial-per-minute': {
    status: 429,
    code: 'rate_limit_exceeded',
    headers: { 'retry-after': '15' },
  },
};

describe.each(all.filter(({ category }) => category === 'error'))('$id', recording => {
  it('to a request of a stream, and of a whole answer', async () => {
    const { calls = 1, ...expected } = refusals[recording.id] ?? {};
    if (!('code' in expected)) throw new Error('nothing is said of this refusal');
    for (const stream of [true, false]) {
      for (let call = 0; call < calls; call += 1) proxy.fake.script(...replayError(recording));
      await expectError(await ask(refusedRequest(recording, stream)), expected);
      for (let call = 0; call < calls; call += 1) expectAllowed(await proxy.fake.nextChatRequest(), stream);
      expect(proxy.fake.pendingScripts).toBe(0);
    }
    countReplay(recording);
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

interface CohereModel {
  readonly name: string;
  readonly endpoints?: readonly string[];
}

describe.each(all.filter(({ category }) => category === 'models'))('$id', recording => {
  it('GET /v1/models and /v1/models/{id}', async () => {
    const body = recording.response.body as CohereModel | { readonly models: readonly CohereModel[] };
    const models = 'models' in body ? body.models : [body];
    const text = 'models' in body ? responseText(recording) : { models };
    // The list is kept for a while, so each recording has a proxy of its own.
    const own = await ProxyUnderTest.start();
    try {
      own.fake.scriptModels(...json(text));
      const list = await readJson(await fetch(`${own.url}/v1/models`), 200);
      expect(openAiComplaints('ListModelsResponse', list)).toEqual([]);
      const ids = (list as { data: readonly { id: string }[] }).data.map(({ id }) => id);
      const chatting = models.filter(({ endpoints }) => endpoints?.includes('chat')).map(({ name }) => name);
      expect(ids.toSorted()).toEqual(chatting.toSorted());

      for (const id of chatting) {
        const model = await readJson(await fetch(`${own.url}/v1/models/${id}`), 200);
        expect(model).toMatchObject({ id, object: 'model' });
        expect(openAiComplaints('Model', model)).toEqual([]);
      }
      const unknown = await fetch(`${own.url}/v1/models/nobody-knows-this`);
      await expectError(unknown, { status: 404, code: 'model_not_found' });
    } finally {
      await own.stop();
    }
    countReplay(recording);
  });
});

// Exchanges with parts of Cohere for which the proxy has no door.
const withoutDoor: Readonly<Record<string, string>> = {
  embed: 'there is no door for embeddings yet',
  rerank: 'OpenAI has no such endpoint',
  tokenize: 'tokens are counted here, with the vocabulary, not by calls',
};

it.runIf(hasReference)('accounts for all 76 recordings', () => {
  const unused = all.filter(({ category }) => withoutDoor[category]);
  const replayed = [...open.values()].filter(left => left <= 0).length;
  for (const recording of unused) countReplay(recording);
  const lines = unused.map(({ id, category }) => `  not used: ${id}: ${withoutDoor[category]}\n`);
  process.stdout.write(`replayed ${replayed} of ${all.length} recordings\n${lines.join('')}`);
  expect(all).toHaveLength(76);
  expect([...open].filter(([, left]) => left > 0)).toEqual([]);
});
