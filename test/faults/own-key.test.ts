// XC7: whether Cohere takes the proxy's own key is known from the start, and shown; a wrong one stops nothing.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type CohereProxyOptions, CohereProxyServer } from '../../src/index.ts';
import { FakeCohere } from '../support/fake-cohere.ts';
import { ask, expectAnswered, goodAnswer } from '../support/outcome.ts';
import { ProxyProcess } from '../support/proxy-process.ts';
import { startPair } from '../support/start.ts';
import { error, fin, hang, json, type Step } from '../support/upstream-script.ts';

const key = 'canary-own-key-0123456789';

async function begin(options: CohereProxyOptions, ...said: readonly Step[]) {
  const fake = await FakeCohere.start();
  fake.setDefault(() => json(goodAnswer('ok')));
  if (said.length > 0) fake.setKeyAnswer(() => said);
  const server = new CohereProxyServer({
    cohereBaseUrl: fake.url,
    port: 0,
    sessionStore: 'memory:',
    logLevel: 'silent',
    proxySecret: 's'.repeat(64),
    ...options,
  });
  const { url } = await server.listen();
  onTestFinished(async () => {
    await server.close();
    await fake.close();
  });
  const ready = async () => {
    const response = await fetch(`${url}/ready`);
    return [response.status, await response.json()] as const;
  };
  return { fake, server, url, ready };
}

describe('XC7 the key at the start', () => {
  it.each<[string, readonly Step[], string]>([
    ['valid', json({ valid: true }), 'accepted'],
    ['not valid', json({ valid: false }), 'refused'],
    ['a 401', error(401, { message: 'invalid api token' }), 'refused'],
    ['a 403', error(403, { message: 'no' }), 'refused'],
    ['a 404, as of a gateway that does not know the question', error(404, {}), 'unchecked'],
    ['a 500', error(500, {}), 'unchecked'],
    ['a 429', error(429, {}), 'unchecked'],
    ['a connection that ends', [fin()], 'unchecked'],
    ['nothing', [hang()], 'unchecked'],
  ])('XC7 %s', async (_what, said, state) => {
    const { fake, ready } = await begin({ cohereApiKey: key }, ...said);
    expect(await ready()).toEqual([200, { status: 'ok', cohere_key: state }]);
    const asked = fake.keyRequests.map(({ method, path, headers }) => [method, path, headers.authorization]);
    expect(asked).toEqual([['POST', '/v1/check-api-key', `Bearer ${key}`]]);
  });

  it.each<[string, CohereProxyOptions]>([
    ['offline', { offline: true }],
    ['offline, with a key', { offline: true, cohereApiKey: key }],
    ["with clients' own keys", {}],
  ])('XC7 %s nothing is checked', async (_what, options) => {
    const { fake, ready } = await begin(options);
    expect(await ready()).toEqual([200, { status: 'ok', cohere_key: 'unchecked' }]);
    expect(fake.keyRequests).toEqual([]);
  });

  it('XC7 with proxy keys it is the own one that is checked', async () => {
    const proxyKeys = [{ name: 'ada', key: 'key-of-ada-0123456789' }];
    const { ready } = await begin({ cohereApiKey: key, proxyKeys }, ...error(401, {}));
    expect((await ready())[1]).toMatchObject({ cohere_key: 'refused' });
  });
});

it.each([false, true])(
  'XC7 an accepted turn ends `refused`, a refused one begins it (stream: %s)',
  async stream => {
    const pair = await startPair();
    const stateOf = async () =>
      ((await (await pair.send('GET', '/ready')).json()) as { cohere_key: string }).cohere_key;
    expect(await stateOf()).toBe('accepted');
    pair.fake.replyError(401, { message: 'invalid api token' });
    expect((await ask(pair, { message: 'x', stream })).error?.code).toBe('upstream_auth_failed');
    expect(await stateOf()).toBe('refused');
    pair.fake.replyError(400, { message: 'something else' });
    await ask(pair, { message: 'x', stream });
    expect(await stateOf()).toBe('refused');
    pair.fake.replyJson(goodAnswer('ok'));
    expectAnswered(await ask(pair, { message: 'x', stream }), 'ok');
    expect(await stateOf()).toBe('accepted');
  },
);

it('XC7 the banner and the log say that the key is refused, without the key', async () => {
  const fake = await FakeCohere.start();
  fake.setKeyAnswer(() => error(401, { message: `invalid api token ${key}` }));
  const directory = mkdtempSync(join(tmpdir(), 'cohere-proxy-'));
  const proxy = new ProxyProcess(directory, {
    args: ['--port=0', '--cohere-base-url', fake.url],
    env: { COHERE_API_KEY: key },
  });
  onTestFinished(async () => {
    await proxy.kill('SIGKILL');
    await fake.close();
    rmSync(directory, { recursive: true, force: true });
  });
  await proxy.started();
  await proxy.logged(/Cohere refuses the key of the proxy/);
  expect(proxy.stdout).toContain('which Cohere REFUSES');
  expect(proxy.stdout + proxy.stderr).not.toContain('canary');
});
