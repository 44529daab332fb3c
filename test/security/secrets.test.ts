// Keys and words stay where they belong: in no log line, no error, no dump. Catalogue A20–A23.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CohereProxyServer } from '../../src/index.ts';
import {
  start as begin,
  callStart,
  jsonHead,
  messageEnd,
  streamedApart,
  text,
} from '../support/cohere-stream.ts';
import { FakeCohere } from '../support/fake-cohere.ts';
import { expectErrorShape, type Outcome, readOutcome } from '../support/outcome.ts';
import { ProxyProcess } from '../support/proxy-process.ts';
import { postText, RawClient } from '../support/raw-client.ts';
import { chatPath, startPair } from '../support/start.ts';
import { bytes, chunk, end, error, fin, head, json, rst, type Step } from '../support/upstream-script.ts';

// Every kind of text that passes through, each to be known again.
const canary = (what: string) => `canary-${what}-0123456789`;
const ownKey = canary('own-key');
const clientKey = canary('client-key');

const everyFault: readonly (readonly Step[])[] = [
  error(400, { message: `bad: ${canary('said')} ${ownKey}` }),
  error(401, { message: `invalid api token ${ownKey}` }),
  error(422, { error_type: 'INVALID_TOOL_GENERATION', message: `prompt was ${canary('said')}` }),
  error(422, { error_type: 'INVALID_TOOL_GENERATION', message: `prompt was ${canary('said')}` }),
  error(429, { message: `slow down ${ownKey}` }),
  error(500, { message: `stack of ${canary('upstream-internal')}` }),
  error(503, `<html>${canary('upstream-internal')}</html>`, {}, 'text/html'),
  error(503, `<html>${canary('upstream-internal')}</html>`, {}, 'text/html'),
  [head(200, jsonHead), chunk(`{"message": ${canary('said')}`), end()],
  [
    head(200, jsonHead),
    chunk(`{"message":{"content":"${canary('said')}"},"finish_reason":"COMPLETE"}`),
    end(),
  ],
  [bytes(`SSH ${canary('said')}\r\n\r\n`), fin()],
  [rst()],
  [rst()],
  streamedApart(begin, text(canary('said')), `not json ${canary('said')}`),
  streamedApart(begin, text('x'), messageEnd('ERROR', { error: `could not do ${canary('said')}` })),
  streamedApart(begin, text('x'), callStart(0, 'c', canary('tool'), '{"a"'), messageEnd('ERROR')),
  streamedApart(begin, text(canary('said'))),
];

describe('A20 A21 [I9] a whole process at log level trace', () => {
  it('A20 A21 no key, no word of a conversation and no stack frame of a request is printed', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'cohere-proxy-'));
    const fake = await FakeCohere.start();
    const proxy = new ProxyProcess(directory, {
      args: ['--port', '0', '--log-level', 'trace', '--cohere-base-url', fake.url],
      env: { COHERE_API_KEY: ownKey },
    });
    onTestFinished(async () => {
      await proxy.kill('SIGKILL');
      await fake.close();
      rmSync(directory, { recursive: true });
    });
    await proxy.started();
    const url = proxy.baseUrl.replace(/\/v1$/, '');
    const headers = {
      authorization: `Bearer ${clientKey}`,
      'content-type': 'application/json',
      cookie: canary('cookie'),
      'x-custom': canary('header'),
      'user-agent': canary('agent'),
    };
    const body = {
      sessionId: canary('session-id'),
      message: canary('message'),
      user: canary('user'),
      stop: canary('stop'),
      documents: [canary('document')],
      tools: [{ type: 'function', function: { name: canary('tool'), description: canary('tool-text') } }],
    };
    const post = (value: object) =>
      fetch(url + chatPath, { method: 'POST', headers, body: JSON.stringify(value) });
    fake.replyJson({
      message: { content: [{ type: 'text', text: canary('said') }] },
      finish_reason: 'COMPLETE',
    });
    expect((await readOutcome(await post(body))).status).toBe(200);
    for (const steps of everyFault) fake.script(...steps);
    while (fake.pendingScripts > 0) await readOutcome(await post({ ...body, stream: true }));
    // Refusals of our own, with canaries wherever a client can put them.
    for (const [method, path] of [
      ['GET', `/v1/sessions/${canary('path')}`],
      ['GET', `/v1/sessions?after=${canary('query')}&key=${clientKey}`],
      ['GET', `/${canary('path')}`],
      ['DELETE', `/v1/models/${canary('path')}`],
    ] as const) {
      await (await fetch(url + path, { method, headers })).text();
    }
    for (const value of [{ message: 7 }, { messages: [{ role: canary('role'), content: canary('text') }] }]) {
      await readOutcome(await post({ ...value, model: canary('model') }));
    }
    for (const raw of [
      postText(chatPath, `{"message": ${canary('broken')}`),
      `GET /${canary('path')} HTTP/1.1\r\nHost: ${canary('host')}\r\n\r\n`,
      `${canary('garbage')}\r\n\r\n`,
      `GET / HTTP/1.1\r\nX: ${'x'.repeat(40_000)}${canary('long')}\r\n\r\n`,
    ]) {
      const client = await RawClient.connect(url);
      await client.send(raw);
      await client.readResponse();
      client.destroy();
    }
    await proxy.kill('SIGTERM');
    expect(await proxy.exitCode).toBe(0);
    expect(proxy.stderr.split('\n').length).toBeGreaterThan(20);
    const leaks = `${proxy.stdout}\n${proxy.stderr}`.split('\n').filter(line => line.includes('canary'));
    expect(leaks).toEqual([]);
  });
});

it('A20 nothing that is looked at shows a key', async () => {
  const server = new CohereProxyServer({
    sessionStore: 'memory:',
    cohereApiKey: ownKey,
    proxyKeys: [{ name: 'ada', key: clientKey }],
    proxySecret: canary('secret-0123456789-0123456789'),
    port: 0,
    logLevel: 'silent',
  });
  await server.listen();
  for (const shown of [
    inspect(server, { depth: 10 }),
    inspect(server.config),
    JSON.stringify(server),
    JSON.stringify(server.config),
    inspect({ ...server.config }),
  ]) {
    expect(shown).not.toContain('canary');
  }
  await server.close();
});

describe('A22 A23 what failures tell', () => {
  const forbidden =
    /\bat \S+ \(|node:internal|\/src\/|\/work\/|\/home\/|\.[tj]s:\d+|undici|fastify|ECONN|UND_ERR|HPE_|sqlite|SELECT |127\.0\.0\.1:\d|<html/i;

  const cases = everyFault.map((steps, index) => [index, steps] as const);
  it.each(cases)('A22 A23 fault %i: no key, no inside of ours or of Cohere', async (_index, steps) => {
    for (const stream of [true, false]) {
      const pair = await startPair({ cohereApiKey: ownKey });
      pair.fake.setDefault(() => steps);
      const outcome: Outcome = await readOutcome(await pair.post({ message: 'x', stream }));
      expectErrorShape(outcome);
      const { message = '' } = outcome.error ?? {};
      expect(message).not.toMatch(forbidden);
      expect(message).not.toContain(ownKey);
      expect(message).not.toContain('upstream-internal');
    }
  });

  it('A22 what Cohere says of a parameter is passed on, and cut', async () => {
    const pair = await startPair();
    pair.fake.replyError(400, { message: `unknown field: parameter 'sparkle'\u0000\n${'x'.repeat(5_000)}` });
    const { error: told } = await readOutcome(await pair.post({ message: 'x' }));
    expect(told?.message).toMatch(/^unknown field: parameter 'sparkle' x+$/);
    expect(told?.message.length).toBeLessThanOrEqual(600);
  });

  it("A22 one owner's key is not told to another: Cohere quotes the proxy's key in a stream", async () => {
    const pair = await startPair({ proxyKeys: [{ name: 'ada', key: clientKey }], cohereApiKey: ownKey });
    pair.fake.script(
      ...streamedApart(begin, text('x'), messageEnd('ERROR', { error: `key ${ownKey} is over its limit` })),
    );
    const headers = { authorization: `Bearer ${clientKey}` };
    const { raw } = await readOutcome(await pair.post({ message: 'x', stream: true }, { headers }));
    expect(raw).not.toContain(ownKey);
  });

  it('A23 a model list that fails tells nothing and breaks nothing', async () => {
    const pair = await startPair();
    pair.fake.scriptModels(...json({ models: [null, 7, { name: 5 }, { name: 'm', endpoints: 'chat' }] }));
    const response = await pair.send('GET', '/v1/models');
    expect(response.status).toBe(200);
    await response.text();
  });
});
