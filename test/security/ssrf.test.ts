// No request chooses where we call, or with whose key. Catalogue A18, A19.
import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ask, expectAnswered, goodAnswer } from '../support/outcome.ts';
import { chatPath, type Pair, startPair } from '../support/start.ts';
import { json } from '../support/upstream-script.ts';

async function startWatched(): Promise<{ pair: Pair; target: string; visits: () => number }> {
  let visits = 0;
  const trap = createServer(socket => {
    visits += 1;
    socket.destroy();
  });
  await new Promise<void>(resolve => trap.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void trap.close());
  const address = trap.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const pair = await startPair();
  pair.fake.setDefault(() => json(goodAnswer('ok')));
  return { pair, target: `http://127.0.0.1:${port}`, visits: () => visits };
}

it('A18 no field of a request names the upstream', async () => {
  const { pair, target, visits } = await startWatched();
  const names = [
    'base_url',
    'api_base',
    'baseURL',
    'apiBase',
    'endpoint',
    'url',
    'host',
    'proxy',
    'custom_llm_provider',
  ];
  const fields = Object.fromEntries(names.map(name => [name, target]));
  expectAnswered(await ask(pair, { message: 'x', ...fields, extra_body: fields, metadata: fields }), 'ok');
  const headers = {
    'x-base-url': target,
    'x-api-base': target,
    'x-forwarded-host': target,
    forwarded: `host=${target}`,
  };
  expectAnswered(await ask(pair, { message: 'x' }, headers), 'ok');
  expect(visits()).toBe(0);
  expect(pair.fake.chatRequests).toHaveLength(2);
});

it.each(['/v1/keys', '../../v1/admin', '@evil.example/', '?x=1', 'a/../../b', '%2e%2e', 'm\r\nHost: evil'])(
  'A18 a model called %j changes neither host nor path',
  async tail => {
    const { pair, target, visits } = await startWatched();
    for (const model of [tail, `${target}${tail}`]) {
      await ask(pair, { message: 'x', model });
      await (await pair.send('GET', `/v1/models/${encodeURIComponent(model)}`)).arrayBuffer();
    }
    expect(visits()).toBe(0);
    expect(new Set(pair.fake.chatRequests.map(({ path }) => path))).toEqual(new Set(['/v2/chat']));
    expect(new Set(pair.fake.modelRequests.map(({ path }) => path.split('?')[0]))).toEqual(
      new Set(['/v1/models']),
    );
    expect(pair.fake.otherRequests).toEqual([]);
  },
);

it('A18 proxy variables of the environment are not followed', async () => {
  const { target, visits } = await startWatched();
  for (const name of ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'HTTPS_PROXY']) vi.stubEnv(name, target);
  onTestFinished(() => void vi.unstubAllEnvs());
  const pair = await startPair();
  pair.fake.setDefault(() => json(goodAnswer('ok')));
  expectAnswered(await ask(pair, { message: 'x' }), 'ok');
  expect(visits()).toBe(0);
});

describe('A19 image URLs', () => {
  const png = 'data:image/png;base64,iVBORw0KGgo=';
  const withImage = (url: string) => ({
    model: 'command-a-vision-07-2025',
    messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }],
  });

  it.each(['https://img.example/a.png', png])('A19 %.40s is passed on, and never fetched', async url => {
    const { pair } = await startWatched();
    expectAnswered(await ask(pair, withImage(url)), 'ok');
    expect(pair.fake.chatRequests[0]?.body.toString()).toContain(JSON.stringify(url));
  });

  it('A19 an address of this machine is never fetched by us', async () => {
    const { pair, target, visits } = await startWatched();
    for (const url of [target, `${target}/latest/meta-data/`, target.replace('127.0.0.1', '2130706433')]) {
      expect([200, 400]).toContain((await ask(pair, withImage(url))).status);
    }
    expect(visits()).toBe(0);
  });

  it.each([
    'file:///etc/passwd',
    'FILE:///etc/passwd',
    'ftp://x/a.png',
    'gopher://127.0.0.1/',
    'javascript:alert(1)',
    '\\\\evil\\a.png',
    '//evil.example/a.png',
    '/etc/passwd',
    'data:text/html;base64,PGI+',
    ' https://img.example/a.png',
    'blob:https://x/1',
    '',
  ])('A19 %j: 400', async url => {
    const { pair } = await startWatched();
    const { status, error } = await ask(pair, withImage(url));
    expect([status, error?.param]).toEqual([400, 'messages[0].content[0].image_url.url']);
    expect(pair.fake.chatRequests).toEqual([]);
  });

  it('A19 an SVG, which may hold anything, is never sent on to a model without eyes', async () => {
    const { pair } = await startWatched();
    const { status } = await ask(pair, withImage('data:image/svg+xml;base64,PHN2Zz4='));
    expect(status).toBe(200);
    expect(JSON.stringify(pair.fake.chatRequests.at(-1)?.json)).not.toContain('PHN2Zz4=');
  });
});

it('A18 the absolute form of a request is no order to call that host', async () => {
  const { pair, target, visits } = await startWatched();
  const client = await pair.connect();
  await client.send(`POST ${target}${chatPath} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n`);
  expect((await client.readResponse()).status).toBeGreaterThanOrEqual(400);
  await client.send(`CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
  await client.closed;
  expect(visits()).toBe(0);
});
