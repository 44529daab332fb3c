// XF4: with clients' own keys anyone can invent an owner, so that nothing is stored for a key before Cohere has taken it.
import { describe, expect, it } from 'vitest';
import { ask, expectAnswered, expectFailed, goodAnswer } from '../support/outcome.ts';
import { postText } from '../support/raw-client.ts';
import { type Pair, startPair, within } from '../support/start.ts';
import { chunk, end, error, hang, head, json, type Step } from '../support/upstream-script.ts';

const key = 'invented-key-0123456789';
const authorization = `Bearer ${key}`;
const line = JSON.stringify({ messages: [{ role: 'user', content: 'brought' }] });

interface WriteRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

const asJson = { 'content-type': 'application/json' };
const imported: WriteRequest = {
  method: 'POST',
  path: '/v1/session-imports',
  headers: { 'content-type': 'application/jsonl' },
  body: line,
};
const writes: Record<string, WriteRequest> = {
  'an import': imported,
  'a fork': { method: 'POST', path: '/v1/sessions/mine/fork', headers: asJson, body: '{}' },
  'a change of expiry': {
    method: 'POST',
    path: '/v1/sessions/mine',
    headers: asJson,
    body: '{"expires_after":null}',
  },
  'a deletion whose answer would be kept': {
    method: 'DELETE',
    path: '/v1/sessions?all=true',
    headers: { 'idempotency-key': 'once' },
  },
};

async function startOpen(...said: readonly Step[]): Promise<Pair> {
  const pair = await startPair({ passthrough: true, limits: { keyCheckTimeoutMs: 200 } });
  pair.fake.setDefault(() => json(goodAnswer('ok')));
  if (said.length > 0) pair.fake.setKeyAnswer(() => said);
  return pair;
}

async function send(pair: Pair, { method, path, headers, body }: WriteRequest, as = authorization) {
  const response = await pair.send(method, path, {
    headers: { authorization: as, ...headers },
    ...(body === undefined ? {} : { body }),
  });
  const answer = (await response.json()) as { error?: { code: string } };
  return { status: response.status, code: answer.error?.code, headers: response.headers };
}

describe.each(Object.entries(writes))('XF4 %s', (_name, request) => {
  it.each<[string, readonly Step[]]>([
    ['a 401', error(401, { message: 'invalid api token' })],
    ['a 403', error(403, { message: 'no' })],
    ['a 498', error(498, { message: 'no' })],
    ['a key that is not valid', json({ valid: false })],
  ])('XF4 Cohere answers %s: 401', async (_what, said) => {
    const pair = await startOpen(...said);
    expect(await send(pair, request)).toMatchObject({ status: 401, code: 'invalid_api_key' });
  });

  it.each<[string, readonly Step[]]>([
    ['that there is no such question', error(404, { message: 'not found' })],
    ['a failure', error(500, { message: 'sorry' })],
    ['too many calls', error(429, { message: 'slow down' })],
    ['something else', [head(200, { 'content-type': 'text/html' }), chunk('<html>'), end()]],
    ['JSON that says nothing', json({ valid: 'yes' })],
    ['nothing', [hang()]],
  ])('XF4 Cohere answers %s: 503', async (_what, said) => {
    const pair = await startOpen(...said);
    const { status, code, headers } = await send(pair, request);
    expect({ status, code, retryAfter: headers.get('retry-after') }).toEqual({
      status: 503,
      code: 'key_unchecked',
      retryAfter: '5',
    });
  });

  it('XF4 Cohere takes the key: the request is looked at', async () => {
    const pair = await startOpen();
    const { status } = await send(pair, request);
    expect([200, 404]).toContain(status);
    expect(pair.fake.keyRequests.map(({ headers }) => headers.authorization)).toEqual([authorization]);
    expect(pair.fake.chatRequests).toEqual([]);
  });
});

it('XF4 what Cohere said is remembered, and asked for once by many requests at once', async () => {
  const pair = await startOpen();
  const sent = await Promise.all([imported, imported, imported].map(request => send(pair, request)));
  expect(sent.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect((await send(pair, imported)).status).toBe(200);
  expect(pair.fake.keyRequests).toHaveLength(1);
  // Another key is another owner.
  expect((await send(pair, imported, 'Bearer another-key-0123456789')).status).toBe(200);
  expect(pair.fake.keyRequests).toHaveLength(2);
});

it.each([false, true])('XF4 a chat that Cohere answered says as much (stream: %s)', async stream => {
  const pair = await startOpen(...error(404, {}));
  if (stream) {
    const response = await pair.post({ message: 'x', stream: true }, { headers: { authorization } });
    expect(await response.text()).toContain('ok');
  } else expectAnswered(await ask(pair, { message: 'x' }, { authorization }), 'ok');
  expect((await send(pair, imported)).status).toBe(200);
  expect(pair.fake.keyRequests).toEqual([]);
});

it('XF4 a chat that Cohere refuses takes it back', async () => {
  const pair = await startOpen();
  expect((await send(pair, imported)).status).toBe(200);
  pair.fake.replyError(401, { message: 'invalid api token' });
  expectFailed(await ask(pair, { message: 'x' }, { authorization }), 'invalid_api_key', 401);
  pair.fake.setKeyAnswer(() => error(401, { message: 'invalid api token' }));
  expect((await send(pair, imported)).status).toBe(401);
});

it('XF4 a refused import is not read', async () => {
  const pair = await startOpen(...error(401, {}));
  const client = await pair.connect();
  const headers = {
    authorization,
    'content-type': 'application/jsonl',
    'content-length': String(8 * 1024 * 1024),
  };
  await client.send(postText('/v1/session-imports', line, headers));
  expect((await within(client.readResponse(), 'an answer')).status).toBe(401);
  await within(client.closed, 'the end of the connection');
});

it('XF4 reading, and deleting, ask nobody; a chat with an invented key leaves nothing', async () => {
  const pair = await startOpen();
  pair.fake.setDefault(() => error(401, { message: 'invalid api token' }));
  expectFailed(
    await ask(pair, { message: 'x', sessionId: 'mine' }, { authorization }),
    'invalid_api_key',
    401,
  );
  const list = await pair.send('GET', '/v1/sessions', { headers: { authorization } });
  expect(await list.json()).toMatchObject({ data: [] });
  const gone = await pair.send('DELETE', '/v1/sessions/mine', { headers: { authorization } });
  expect(gone.status).toBe(404);
  expect(pair.fake.keyRequests).toEqual([]);
});

it('XF4 with a key of its own the proxy asks for none of its clients', async () => {
  const pair = await startPair();
  expect((await send(pair, imported)).status).toBe(200);
  // At the start it asks for its own.
  const asked = pair.fake.keyRequests.map(({ headers }) => headers.authorization);
  expect(asked).toEqual(['Bearer proxy-own-key-0123456789']);
});
