import { expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/server.ts';
import { type ModelPage, model, user, useSimulator } from './ask.ts';

const { ask, get, running, send } = useSimulator();

test('a key is needed', async () => {
  const headers = { 'content-type': 'application/json' };
  const missing = await send({}, { headers });
  expect([missing.status, await missing.json()]).toEqual([
    401,
    { id: expect.any(String), message: 'no api key supplied' },
  ]);
  const invalid = await send({}, { headers: { ...headers, authorization: 'Bearer invalid-key' } });
  expect([invalid.status, await invalid.json()]).toEqual([
    401,
    { id: expect.any(String), message: 'invalid api token' },
  ]);
});

test('or not, if so configured', async () => {
  const open = await startSimulator({ requireKey: false });
  const response = await fetch(`${open.url}/v1/models`);
  expect(response.status).toBe(200);
  await open.close();
});

test('requests are kept without the key', async () => {
  await ask({ model, messages: [user('keep this')] });
  const last = running().requests.at(-1);
  expect(last).toMatchObject({
    method: 'POST',
    path: '/v2/chat',
    body: { model, messages: [user('keep this')] },
  });
  expect(JSON.stringify(last)).not.toContain('test-key');
});

test('no more than 100 of them', async () => {
  for (let count = 0; count < 101; count += 1) await get('/nowhere');
  expect(running().requests).toHaveLength(100);
});

test('headers', async () => {
  const whole = await ask({ model, messages: [user('hello')] });
  expect(whole.headers.get('content-type')).toBe('application/json');
  expect(whole.headers.get('num_chars')).toMatch(/^\d+$/);
  expect(whole.headers.get('num_tokens')).toMatch(/^\d+$/);
  expect(whole.headers.get('x-debug-trace-id')).toMatch(/^[0-9a-f]{32}$/);
  const stream = await ask({ model, stream: true, messages: [user('hello')] });
  expect(stream.headers.get('content-type')).toBe('text/event-stream');
});

test('what is not there', async () => {
  expect(await get('/v1/generate')).toMatchObject({
    status: 404,
    body: { message: "path '/v1/generate' not found" },
  });
  expect((await get('//v2/chat')).status).toBe(404);
  expect((await get('/v2/chat')).status).toBe(405);
  const noJson = await send({}, { body: '{"model":' });
  expect(noJson.status).toBe(400);
});

test('close() ends what stalls', async () => {
  const simulator = await startSimulator();
  const response = await fetch(`${simulator.url}/v2/chat`, {
    method: 'POST',
    headers: { authorization: 'Bearer k', 'content-type': 'application/json' },
    body: JSON.stringify({ model, stream: true, messages: [user('simulate:stall')] }),
  });
  const rest = response.text().catch(() => 'broken');
  await simulator.close();
  expect(await rest).toBe('broken');
});

test('a client that leaves a paced stream does no harm', async () => {
  const simulator = await startSimulator({ paceMs: 5 });
  const leaving = new AbortController();
  const response = await fetch(`${simulator.url}/v2/chat`, {
    method: 'POST',
    headers: { authorization: 'Bearer k', 'content-type': 'application/json' },
    body: JSON.stringify({ model, stream: true, messages: [user('hello')] }),
    signal: leaving.signal,
  });
  await response.body?.getReader().read();
  leaving.abort();
  const models = await fetch(`${simulator.url}/v1/models`, { headers: { authorization: 'Bearer k' } });
  expect(models.status).toBe(200);
  await simulator.close();
});

async function list(query: string): Promise<ModelPage> {
  return JSON.parse((await get(`/v1/models${query}`)).text);
}

test('models, page by page', async () => {
  const first = await list('');
  expect(first.models).toHaveLength(20);
  expect(first.next_page_token).toBeUndefined();
  const all = await list('?page_size=1000');
  const names: string[] = [];
  for (let token: string | undefined = ''; token !== undefined; ) {
    const page = await list(`?page_size=7${token === '' ? '' : `&page_token=${token}`}`);
    names.push(...page.models.map(one => one.name));
    token = page.next_page_token;
  }
  expect(names).toEqual(all.models.map(one => one.name));
  expect(names).toContain('north-mini-code-1-0');
  expect((await get('/v1/models?page_size=1001')).status).toBe(400);
  expect((await get('/v1/models?page_token=x')).status).toBe(400);
});

test('models for chat, the default one, a single one', async () => {
  const chat = await list('?page_size=1000&endpoint=chat');
  expect(chat.models.every(one => one.endpoints.includes('chat'))).toBe(true);
  const byDefault = await list('?endpoint=chat&default_only=true');
  expect(byDefault.models.map(one => one.name)).toEqual([model]);
  expect((await get('/v1/models?default_only=true')).status).toBe(400);
  expect((await get(`/v1/models/${model}`)).body).toMatchObject({
    name: model,
    context_length: 288_000,
    finetuned: false,
  });
  expect((await get('/v1/models/command-r')).message).toContain('was removed on September 15, 2025');
});

test('whether a key is valid', async () => {
  const check = (init: RequestInit) => fetch(`${running().url}/v1/check-api-key`, init);
  const authorization = 'Bearer any-key';
  const valid = await check({ method: 'POST', headers: { authorization } });
  expect([valid.status, await valid.json()]).toEqual([
    200,
    { valid: true, organization_id: expect.any(String), owner_id: expect.any(String) },
  ]);
  const invalid = await check({ method: 'POST', headers: { authorization: 'Bearer invalid-key' } });
  expect([invalid.status, await invalid.json()]).toEqual([
    401,
    { id: expect.any(String), message: 'invalid api token' },
  ]);
  expect((await check({ method: 'POST' })).status).toBe(401);
  expect((await check({ headers: { authorization } })).status).toBe(405);
});
