// One path for guard and route, and a list of all routes. Catalogue A16, C18, O6.
import { describe, expect, it, vi } from 'vitest';
import { expectErrorShape, goodAnswer } from '../support/outcome.ts';
import { chatPath, type Pair, startPair } from '../support/start.ts';
import { json } from '../support/upstream-script.ts';

const routes: string[] = [];

vi.mock('../../src/http/app.ts', async importOriginal => {
  const original = await importOriginal<typeof import('../../src/http/app.ts')>();
  return {
    ...original,
    createApp(options: Parameters<typeof original.createApp>[0]) {
      const app = original.createApp(options);
      app.addHook('onRoute', ({ method, url, config }) => {
        routes.push(`${[method].flat().join(',')} ${url}${config?.isPublic ? ' public' : ''}`);
      });
      return app;
    },
  };
});

it('O6 every route is on this list, and says whether it is open to all', async () => {
  routes.length = 0;
  await startPair();
  expect([...routes].sort()).toEqual([
    'DELETE /v1/sessions',
    'DELETE /v1/sessions/:id',
    'GET / public',
    'GET /health public',
    'GET /ready public',
    'GET /v1/model/info',
    'GET /v1/models',
    'GET /v1/models/*',
    'GET /v1/session-exports',
    'GET /v1/sessions',
    'GET /v1/sessions/:id',
    'HEAD / public',
    'HEAD /health public',
    'HEAD /ready public',
    'HEAD /v1/model/info',
    'HEAD /v1/models',
    'HEAD /v1/models/*',
    'HEAD /v1/sessions',
    'HEAD /v1/sessions/:id',
    'POST /v1/chat/completions',
    'POST /v1/chat/completions/input_tokens',
    'POST /v1/session-imports',
    'POST /v1/sessions/:id',
    'POST /v1/sessions/:id/fork',
  ]);
});

const key = 'key-of-ada-0123456789';
const tricks = [
  '/v1%2Fchat%2Fcompletions',
  '/v1/chat%2fcompletions',
  '/v1/chat/./completions',
  '/v1/./chat/completions',
  '/x/../v1/chat/completions',
  '/v1/x/../chat/completions',
  '/%2e%2e/v1/chat/completions',
  '/v1/chat/completions/',
  '/v1/chat/completions/.',
  '/v1/chat/completions;x=1',
  '/v1;x/chat/completions',
  '/v1/chat/..;/chat/completions',
  '/v1/chat/completions%00',
  '/v1/chat/completions%20',
  '/v1/chat/completions%3Fx',
  '/v1/chat/completions%23',
  '/V1/chat/completions',
  '/v1/Chat/Completions',
  '/v1/chat/completion%73x',
  '/v1\\chat\\completions',
  '/v1/v1/chat/completions',
  '/chat/completions/',
  '/health/../v1/chat/completions',
  '/health/%2e%2e/v1/chat/completions',
  '/health;/v1/chat/completions',
  '/health%2F..%2Fv1/chat/completions',
  '/v1/%63hat/completions/x',
  '/%',
  '/%zz',
  '/v1/chat/completions%',
  '/v1/chat/completions/%c0%af',
  '/constructor',
  '/__proto__',
  '/*',
  `/${'a'.repeat(8_000)}`,
];

async function say(pair: Pair, method: string, path: string, withKey: boolean) {
  const client = await pair.connect();
  const body = JSON.stringify({ message: 'x' });
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    ...(withKey ? [`Authorization: Bearer ${key}`] : []),
  ];
  await client.send(`${lines.join('\r\n')}\r\n\r\n${body}`);
  const response = await client.readResponse();
  client.destroy();
  return response;
}

async function startGuarded(): Promise<Pair> {
  const pair = await startPair({ proxyKeys: [{ name: 'ada', key }] });
  pair.fake.setDefault(() => json(goodAnswer('ok')));
  return pair;
}

describe('C18 paths that only look like a route', () => {
  it.each(tricks)('C18 A16 %.60s: no handler behind the guard is reached', async path => {
    const pair = await startGuarded();
    for (const method of ['POST', 'GET', 'DELETE']) {
      const without = await say(pair, method, path, false);
      // Without a key nothing is told of what there is; a path that cannot be read is no route at all.
      expect([400, 401, 404], path).toContain(without.status);
      const answer = await say(pair, method, path, true);
      expect([400, 404, 405], path).toContain(answer.status);
      expectErrorShape({ ...JSON.parse(answer.body), raw: answer.body });
    }
    expect(pair.fake.chatRequests).toEqual([]);
  });

  it.each([
    chatPath,
    '//v1//chat///completions',
    '/chat/completions',
    '//chat/completions',
    `${chatPath}?a=/../b`,
    `${chatPath}?`,
  ])('C18 %s is the route, guarded as ever', async path => {
    const pair = await startGuarded();
    expect((await say(pair, 'POST', path, false)).status).toBe(401);
    expect((await say(pair, 'POST', path, true)).status).toBe(200);
  });

  it.each([
    '/v1/sessions/..',
    '/v1/sessions/%2e%2e',
    '/v1/sessions/a%2Fb',
    '/v1/sessions/%00',
    '/v1/sessions/',
    '/v1/sessions/%E0%A4',
    '/v1/sessions/a/b',
  ])('C18 %s: 404, whatever the method', async path => {
    const pair = await startGuarded();
    for (const method of ['GET', 'DELETE']) expect((await say(pair, method, path, true)).status).toBe(404);
  });
});
