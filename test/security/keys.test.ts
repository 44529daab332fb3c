// Who may come in. Catalogue A4, A7, A8, A10, A17: refused early, with the same words, and without reading more.
import { describe, expect, it } from 'vitest';
import { ask, expectAnswered, expectErrorShape, expectFailed, goodAnswer } from '../support/outcome.ts';
import { postText } from '../support/raw-client.ts';
import { chatPath, type Pair, startPair, within } from '../support/start.ts';
import { json } from '../support/upstream-script.ts';

const key = 'key-of-ada-0123456789';
const proxyKeys = [{ name: 'ada', key }];

async function startGuarded(): Promise<Pair> {
  const pair = await startPair({ proxyKeys });
  pair.fake.setDefault(() => json(goodAnswer('ok')));
  return pair;
}

async function statusWith(pair: Pair, ...headerLines: string[]): Promise<number> {
  const client = await pair.connect();
  const lines = ['GET /v1/sessions HTTP/1.1', 'Host: 127.0.0.1', ...headerLines];
  await client.send(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'));
  const { status, headers, body } = await client.readResponse();
  if (status === 401) {
    expect(headers['www-authenticate']).toBe('Bearer');
    expectErrorShape({ ...JSON.parse(body), raw: body });
    expect(body).not.toContain(key);
  }
  return status;
}

describe('A4 keys', () => {
  it.each([
    ['none', []],
    ['empty', ['Authorization:']],
    ['only the scheme', ['Authorization: Bearer']],
    ['only the key', [`Authorization: ${key}`]],
    ['another scheme', [`Authorization: Basic ${Buffer.from(`ada:${key}`).toString('base64')}`]],
    ['a wrong one', ['Authorization: Bearer wrong']],
    ['a part of it', [`Authorization: Bearer ${key.slice(0, -1)}`]],
    ['more than it', [`Authorization: Bearer ${key}0`]],
    ['two words', [`Authorization: Bearer ${key} ${key}`]],
    ['the name of the owner', ['Authorization: Bearer ada']],
    ['not ASCII', ['Authorization: Bearer schl\xfcssel-0123456789']],
    ['very long', [`Authorization: Bearer ${'x'.repeat(5_000)}`]],
    ['twice, the good one first', [`Authorization: Bearer ${key}`, 'Authorization: Bearer wrong']],
    ['twice, the good one last', ['Authorization: Bearer wrong', `Authorization: Bearer ${key}`]],
    ['twice the same', [`Authorization: Bearer ${key}`, `Authorization: Bearer ${key}`]],
    ['for a proxy', [`Proxy-Authorization: Bearer ${key}`]],
    ['as an Anthropic client sends it', ['X-Api-Key: wrong']],
  ] as const)('A4 %s: 401', async (_name, lines) => {
    expect(await statusWith(await startGuarded(), ...lines)).toBe(401);
  });

  it('A4 the good one, in any case of the scheme', async () => {
    const pair = await startGuarded();
    for (const scheme of ['Bearer', 'bearer', 'BEARER'])
      expect(await statusWith(pair, `Authorization: ${scheme} ${key}`)).toBe(200);
  });
});

describe('A7 the key is looked at before anything that costs', () => {
  it.each<[string, Record<string, string>, number]>([
    ['a bad key', { authorization: 'Bearer wrong' }, 401],
    ['a foreign origin', { authorization: `Bearer ${key}`, origin: 'https://evil.example' }, 403],
    ['a foreign host', { authorization: `Bearer ${key}`, host: 'evil.example' }, 403],
    ['a wrong content type', { authorization: `Bearer ${key}`, 'content-type': 'text/plain' }, 415],
    ['a route that is none', { authorization: `Bearer ${key}` }, 404],
  ])('A7 %s: answered at once, and the body is not waited for', async (_name, headers, status) => {
    const pair = await startGuarded();
    const client = await pair.connect();
    const path = status === 404 ? '/v1/nowhere' : chatPath;
    const text = postText(path, '{"message":', { ...headers, 'content-length': String(8 * 1024 * 1024) });
    await client.send(text);
    const response = await within(client.readResponse(), 'an answer');
    expect(response.status).toBe(status);
    // Whoever keeps the connection reads the 8 MB, only to throw them away.
    await within(client.closed, 'the end of the connection');
  });

  it('A7 broken JSON under a bad key is a bad key; nothing is asked of Cohere', async () => {
    const pair = await startGuarded();
    const response = await pair.send('POST', chatPath, {
      headers: { authorization: 'Bearer wrong', 'content-type': 'application/json' },
      body: '{broken',
    });
    expect(response.status).toBe(401);
    expect([...pair.fake.chatRequests, ...pair.fake.modelRequests]).toEqual([]);
  });
});

it.each([
  ['a query', `/v1/sessions?key=${key}&api_key=${key}&access_token=${key}`, {}],
  ['a cookie', '/v1/sessions', { cookie: `key=${key}; authorization=Bearer ${key}` }],
  ['the path', `/${key}/v1/sessions`, {}],
])('A8 a key in %s is none', async (_where, path, headers) => {
  const pair = await startGuarded();
  expect((await pair.send('GET', path, { headers })).status).toBe(401);
});

describe('A10 without a key', () => {
  it.each(['/health', '/ready', '/'])('A10 %s tells that somebody is there, and nothing else', async path => {
    const response = await (await startGuarded()).send('GET', path);
    expect(response.status).toBe(200);
    const body = JSON.parse(await response.text());
    expect(body.status).toBe('ok');
    expect(Object.keys(body).filter(name => !['status', 'name', 'cohere_key'].includes(name))).toEqual([]);
    expect(response.headers.get('server')).toBeNull();
    expect(response.headers.get('x-powered-by')).toBeNull();
  });

  it.each([
    ['GET', '/v1/sessions'],
    ['GET', '/v1/sessions/abc'],
    ['DELETE', '/v1/sessions/abc'],
    ['GET', '/v1/models'],
    ['GET', '/v1/models/command-a-03-2025'],
    ['POST', chatPath],
    ['GET', '/nowhere'],
    ['GET', '/metrics'],
    ['GET', '/.env'],
    ['GET', '/documentation/json'],
  ])('A10 %s %s: 401', async (method, path) => {
    expect((await (await startGuarded()).send(method, path)).status).toBe(401);
  });
});

it.each([
  { 'x-forwarded-host': 'evil.example' },
  { 'x-forwarded-for': '1.2.3.4', 'x-real-ip': '1.2.3.4' },
  { forwarded: 'for=1.2.3.4;host=evil.example;proto=https' },
  { 'x-forwarded-proto': 'https', 'x-forwarded-prefix': '/admin' },
  { 'x-original-url': '/v1/sessions', 'x-rewrite-url': '/v1/sessions' },
])('A17 %j is ignored', async headers => {
  const pair = await startGuarded();
  expectAnswered(await ask(pair, { message: 'x' }, { ...headers, authorization: `Bearer ${key}` }), 'ok');
  expectFailed(await ask(pair, { message: 'x' }, headers), 'invalid_api_key', 401);
  // Nor does a header make a foreign name a good one.
  const client = await pair.connect();
  const foreign = { host: 'evil.example', 'x-forwarded-host': '127.0.0.1', authorization: `Bearer ${key}` };
  await client.send(postText(chatPath, { message: 'x' }, foreign));
  expect((await client.readResponse()).status).toBe(403);
  const { headers: sent } = pair.fake.chatRequests[0] ?? {};
  expect(Object.keys(sent ?? {}).filter(name => name.startsWith('x-') && name !== 'x-client-name')).toEqual(
    [],
  );
});
