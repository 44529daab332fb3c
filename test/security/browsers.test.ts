// Web pages against a proxy on the same machine. Catalogue A11–A13, A15.
import { describe, expect, it } from 'vitest';
import { expectErrorShape, goodAnswer } from '../support/outcome.ts';
import { postText, type RawResponse } from '../support/raw-client.ts';
import { chatPath, type Pair, startPair } from '../support/start.ts';
import { json } from '../support/upstream-script.ts';

async function startLocal(
  options: { allowedOrigins?: string[]; allowedHosts?: string[] } = {},
): Promise<Pair> {
  const pair = await startPair(options);
  pair.fake.setDefault(() => json(goodAnswer('ok')));
  return pair;
}

async function say(pair: Pair, text: string): Promise<RawResponse> {
  const client = await pair.connect();
  await client.send(text);
  return client.readResponse();
}

const get = (path: string, ...lines: string[]) =>
  `${[`GET ${path} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n`;

describe('A11 a page sends requests to this machine', () => {
  it.each<[string, Record<string, string>, number]>([
    ['fetch from a page', { origin: 'https://evil.example' }, 403],
    ['a page on another port of this machine', { origin: 'http://127.0.0.1:1' }, 403],
    ['a sandboxed page', { origin: 'null' }, 403],
    ['no-cors text/plain', { origin: 'https://evil.example', 'content-type': 'text/plain' }, 403],
    ['text/plain without Origin', { 'content-type': 'text/plain;charset=UTF-8' }, 415],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['a form with a file', { 'content-type': 'multipart/form-data; boundary=b' }, 415],
    ['two origins', { origin: 'http://127.0.0.1, https://evil.example' }, 403],
    ['an empty origin', { origin: '' }, 403],
  ])('A11 %s: refused, nothing runs', async (_name, headers, status) => {
    const pair = await startLocal();
    const response = await say(pair, postText(chatPath, { message: 'x' }, headers));
    expect(response.status).toBe(status);
    expectErrorShape({ ...JSON.parse(response.body), raw: response.body });
    expect(response.headers['access-control-allow-origin']).toBeUndefined();
    expect(pair.fake.chatRequests).toEqual([]);
  });

  it('A11 refused before the body is parsed', async () => {
    const response = await say(
      await startLocal(),
      postText(chatPath, '{broken', { origin: 'https://evil.example' }),
    );
    expect(response.status).toBe(403);
  });

  it.each(['/health', '/', '/v1/models', '/v1/sessions'])('A11 GET %s from a page: 403', async path => {
    const response = await say(
      await startLocal(),
      get(path, 'Host: 127.0.0.1', 'Origin: https://evil.example'),
    );
    expect(response.status).toBe(403);
  });
});

describe('A12 DNS rebinding', () => {
  it.each<[string, number]>([
    ['127.0.0.1', 200],
    ['127.0.0.1:8080', 200],
    ['127.9.9.9', 200],
    ['localhost', 200],
    ['LOCALHOST:1', 200],
    ['[::1]', 200],
    ['[::1]:8080', 200],
    ['evil.example', 403],
    ['evil.example:8080', 403],
    ['localhost.', 403],
    ['localhost.evil.example', 403],
    ['127.0.0.1.nip.io', 403],
    ['evil.example#localhost', 403],
    ['localhost@evil.example', 403],
    ['localhost:80@evil.example', 403],
    ['localhost evil.example', 403],
    ['localhost:', 403],
    ['localhost:x', 403],
    ['0.0.0.0', 403],
    ['127.1', 403],
    ['2130706433', 403],
    ['[::]', 403],
    ['[::ffff:127.0.0.1]', 403],
    ['[::1', 403],
    ['169.254.169.254', 403],
    ['x.localhost', 403],
    ['', 403],
  ])('A12 Host %j: %i', async (host, status) => {
    const response = await say(await startLocal(), get('/health', `Host: ${host}`));
    // An empty or broken name may already be refused as bad HTTP.
    if (status === 403) expect([400, 403]).toContain(response.status);
    else expect(response.status).toBe(200);
  });

  it('A12 the absolute form does not speak for the Host header', async () => {
    const pair = await startLocal();
    const good = await say(pair, get('http://evil.example/health', 'Host: 127.0.0.1'));
    expect([403, 404]).toContain(good.status);
    const bad = await say(pair, get('http://127.0.0.1/health', 'Host: evil.example'));
    expect(bad.status).toBe(403);
  });

  it('A12 a listed name passes, its neighbours do not', async () => {
    const pair = await startLocal({ allowedHosts: ['proxy.example', 'other.example:99'] });
    const status = async (host: string) => (await say(pair, get('/health', `Host: ${host}`))).status;
    expect(await status('proxy.example')).toBe(200);
    expect(await status('Proxy.Example:8080')).toBe(200);
    expect(await status('other.example:99')).toBe(200);
    expect(await status('other.example:98')).toBe(403);
    expect(await status('a.proxy.example')).toBe(403);
  });
});

describe('A13 CORS', () => {
  const page = 'https://app.example';
  const preflight = (origin: string, ...more: string[]) =>
    `${['OPTIONS /v1/chat/completions HTTP/1.1', 'Host: 127.0.0.1', `Origin: ${origin}`, 'Access-Control-Request-Method: POST', 'Access-Control-Request-Headers: authorization, content-type', 'Connection: close', ...more].join('\r\n')}\r\n\r\n`;

  it('A13 off by default: no preflight is answered', async () => {
    const response = await say(await startLocal(), preflight(page));
    expect(response.status).toBe(403);
    expect(Object.keys(response.headers).filter(name => name.startsWith('access-control'))).toEqual([]);
  });

  it('A13 a listed page: exact origin, Vary, no credentials', async () => {
    const pair = await startLocal({ allowedOrigins: [page] });
    const before = await say(pair, preflight(page, 'Access-Control-Request-Private-Network: true'));
    expect(before.status).toBe(204);
    const answers = [
      before,
      await say(pair, postText(chatPath, { message: 'x' }, { origin: page })),
      await say(pair, postText(chatPath, { message: 'x', stream: true }, { origin: page })),
      await say(pair, postText(chatPath, { message: 7 }, { origin: page })),
    ];
    expect(answers.map(({ status }) => status)).toEqual([204, 200, 200, 400]);
    for (const { headers } of answers) {
      expect(headers['access-control-allow-origin']).toBe(page);
      expect(headers.vary?.toLowerCase()).toContain('origin');
      expect(headers['access-control-allow-credentials']).toBeUndefined();
    }
  });

  it.each([
    'https://app.example.evil.example',
    'https://app.example:444',
    'http://app.example',
    'https://xapp.example',
    'https://app.example/',
    'null',
    '*',
  ])('A13 %s is not the listed page', async origin => {
    const pair = await startLocal({ allowedOrigins: [page] });
    for (const text of [preflight(origin), postText(chatPath, { message: 'x' }, { origin })]) {
      const response = await say(pair, text);
      expect(response.status).toBe(403);
      expect(response.headers['access-control-allow-origin']).toBeUndefined();
    }
    expect(pair.fake.chatRequests).toEqual([]);
  });

  it('A13 `null` and `*` cannot be listed', async () => {
    for (const origin of ['null', '*'])
      await expect(startLocal({ allowedOrigins: [origin] })).rejects.toThrow();
  });
});

it('A15 every answer: no sniffing, no cache', async () => {
  const pair = await startLocal();
  const texts = [
    get('/health', 'Host: 127.0.0.1'),
    get('/nowhere', 'Host: 127.0.0.1'),
    get('/health', 'Host: evil.example'),
    postText(chatPath, { message: 'x' }),
    postText(chatPath, { message: 'x', stream: true }),
  ];
  for (const text of texts) {
    const { headers } = await say(pair, text);
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['cache-control']).toContain('no-store');
  }
});
