// XA5: what the simulator said never reaches Cohere, whoever the owner is. One store, first offline, then with Cohere.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type CohereProxyOptions, CohereProxyServer } from '../../src/index.ts';
import { FakeCohere } from '../support/fake-cohere.ts';
import { goodAnswer } from '../support/outcome.ts';
import { chatPath } from '../support/start.ts';
import { json } from '../support/upstream-script.ts';

const key = 'key-of-ada-0123456789';
const proxySecret = 's'.repeat(64);

interface Kind {
  readonly offline: CohereProxyOptions;
  readonly online: CohereProxyOptions;
}

const proxyKeys = [{ name: 'ada', key }];
const kinds: Record<string, Kind> = {
  'one user, then one user': { offline: {}, online: { cohereApiKey: 'own-key-0123456789' } },
  'proxy keys, then the same': {
    offline: { proxyKeys },
    online: { proxyKeys, cohereApiKey: 'own-key-0123456789' },
  },
  'proxy keys, then one user': { offline: { proxyKeys }, online: { cohereApiKey: 'own-key-0123456789' } },
  'one user, then the keys of clients': { offline: {}, online: {} },
  'one user, then a key of that name': {
    offline: {},
    online: { proxyKeys: [{ name: 'local', key }], cohereApiKey: 'own-key-0123456789' },
  },
};

test.each(Object.entries(kinds))('XA5 %s', async (_name, { offline, online }) => {
  const directory = mkdtempSync(join(tmpdir(), 'cohere-proxy-offline-'));
  const fake = await FakeCohere.start();
  onTestFinished(async () => {
    await fake.close();
    rmSync(directory, { recursive: true });
  });
  fake.setDefault(() => json(goodAnswer('real')));
  const common = {
    port: 0,
    dataDir: directory,
    sessionStore: `sqlite:${join(directory, 'sessions.db')}`,
    proxySecret,
    logLevel: 'silent',
    cohereBaseUrl: fake.url,
  };
  const first = new CohereProxyServer({ ...common, ...offline, offline: true });
  const made = await inTurn(first, async send => {
    const begun = await send(chatPath, { message: 'canary: my name is Ada.', sessionId: 'mine' });
    const other = await send(
      chatPath,
      { message: 'canary: hello', user: 'u1' },
      { 'idempotency-key': 'k-1' },
    );
    const whole = [{ role: 'user', content: 'canary: first words' }];
    const transcript = await send(chatPath, { model: 'command-a-03-2025', messages: whole });
    const [{ message }] = transcript.choices as [{ message: object }];
    return { id: String(other.sessionId), begun, whole: [...whole, message] };
  });
  expect(made.begun.sessionId).toBe('mine');

  const second = new CohereProxyServer({ ...common, ...online });
  await inTurn(second, async send => {
    // A name is free there, an id of ours is unknown, and what has a key of its own is no repeat.
    const begun = await send(chatPath, { message: 'Who am I?', sessionId: 'mine' });
    expect((begun.messages as unknown[]).length).toBe(2);
    expect(await send(chatPath, { message: 'And now?', sessionId: made.id })).toMatchObject({
      error: { code: 'session_not_found' },
    });
    expect(
      await send(chatPath, { message: 'real words', user: 'u1' }, { 'idempotency-key': 'k-1' }),
    ).toMatchObject({
      reply: 'real',
    });
    const list = await send('/v1/sessions');
    const ids = (list.data as { id: string }[]).map(({ id }) => id);
    expect(ids).not.toContain(made.id);
  });
  expect(fake.chatRequests.length).toBeGreaterThan(0);
  expect(JSON.stringify(fake.chatRequests.map(({ json: sent }) => sent))).not.toContain('canary');
});

type Answer = Record<string, unknown>;
type Send = (path: string, body?: object, headers?: Record<string, string>) => Promise<Answer>;

async function inTurn<Result>(
  server: CohereProxyServer,
  use: (send: Send) => Promise<Result>,
): Promise<Result> {
  const { url } = await server.listen();
  try {
    return await use(async (path, body, headers) => {
      const response = await fetch(url + path, {
        method: body ? 'POST' : 'GET',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      return (await response.json()) as Answer;
    });
  } finally {
    await server.close();
  }
}
