// Whole proxies whose store goes away: who counts on a session is told, everybody else is answered, and when it is back
// so are the sessions.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { goodAnswer } from '../support/outcome.ts';
import { ProxyProcess } from '../support/proxy-process.ts';
import { demandRedis, hasRedis, type RedisServer, startRedis, until } from '../support/redis-server.ts';
import { type Pair, startPair } from '../support/start.ts';
import { json } from '../support/upstream-script.ts';

const proxySecret = 'f'.repeat(64);
const transcript = {
  model: 'command-a-03-2025',
  messages: [
    { role: 'user', content: 'one' },
    { role: 'assistant', content: 'said' },
    { role: 'user', content: 'two' },
  ],
};

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cohere-proxy-'));
  return () => rmSync(directory, { recursive: true, force: true });
});

async function start(sessionStore: string): Promise<Pair> {
  const pair = await startPair({ sessionStore, proxySecret });
  pair.fake.setDefault(() => json(goodAnswer('said')));
  return pair;
}

const status = async (answer: Promise<Response>) => {
  const response = await answer;
  await response.arrayBuffer();
  return response.status;
};

/** What holds while the store is away, as far as it concerns who asks. */
async function expectAway(pair: Pair): Promise<void> {
  const asked = pair.fake.chatRequests.length;
  const refused = await pair.post({ sessionId: 'trip', message: 'on' });
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(await refused.json()).toMatchObject({ error: { code: 'store_unavailable', type: 'server_error' } });
  expect(await status(pair.post({ message: 'a new one' }))).toBe(503);
  // Nobody has paid for it.
  expect(pair.fake.chatRequests.length).toBe(asked);

  const answered = await pair.post(transcript);
  expect(answered.status).toBe(200);
  expect(answered.headers.get('x-session-state')).toBe('none');
  expect(await answered.json()).toMatchObject({
    sessionId: null,
    choices: [{ message: { content: 'said' } }],
  });
  const streamed = await pair.post({ ...transcript, stream: true });
  expect(await streamed.text()).toMatch(/data: \[DONE\]\s*$/);
  expect(await status(pair.send('GET', '/ready'))).toBe(503);
  expect(await status(pair.send('GET', '/health'))).toBe(200);
  expect(await status(pair.send('GET', '/v1/sessions'))).toBe(503);
}

async function messageCount(pair: Pair, id: string): Promise<unknown> {
  const response = await pair.send('GET', `/v1/sessions/${id}`);
  return ((await response.json()) as { message_count?: number }).message_count;
}

/** Waits until session requests work again; nobody asks for it, the proxy looks by itself. */
const back = (pair: Pair) =>
  until('the sessions are back', async () => {
    return (await status(pair.post({ sessionId: 'trip', message: 'on' }))) === 200;
  });

demandRedis('a Redis that goes away');

describe.runIf(hasRedis)('Redis', () => {
  async function begin(): Promise<{ readonly pair: Pair; readonly redis: RedisServer }> {
    const redis = await startRedis({ isKept: true });
    onTestFinished(() => redis.stop());
    const pair = await start(redis.url);
    expect(await status(pair.post({ sessionId: 'trip', message: 'one' }))).toBe(200);
    return { pair, redis };
  }

  test('[S15] killed and started again: 503 for sessions, transcripts go on, and soon it is back', async () => {
    const { pair, redis } = await begin();
    await redis.kill();
    await expectAway(pair);
    await redis.start();
    await back(pair);
    expect(await messageCount(pair, 'trip')).toBe(4);
    expect(await status(pair.send('GET', '/ready'))).toBe(200);
  });

  test('[S16] it hangs: the same, a second for each command that was asked, and nothing is stored twice', async () => {
    const { pair, redis } = await begin();
    redis.freeze();
    // While it still hangs.
    expect(await status(pair.post({ sessionId: 'trip', message: 'late' }))).toBe(503);
    await expectAway(pair);
    redis.thaw();
    // What it was asked to hold while it hung is let go of.
    await back(pair);
    expect(await messageCount(pair, 'trip')).toBe(4);
  });

  test('[S15] not there at the start: refused in one line, unless it is optional', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    await redis.kill();
    const env = { SESSION_STORE: redis.url, PROXY_SECRET: proxySecret, OFFLINE: 'true', PORT: '0' };
    const refused = new ProxyProcess(directory, { env });
    expect(await refused.exitCode).toBe(2);
    expect(refused.stderr).toMatch(/^SESSION_STORE: The session store cannot be used: .*\nTry --help\.\n$/);

    const optional = new ProxyProcess(directory, { env: { ...env, SESSION_STORE_OPTIONAL: 'true' } });
    onTestFinished(() => optional.kill('SIGKILL'));
    await optional.started();
    const url = /http:\S+\/v1/.exec(optional.stdout)?.[0] ?? '';
    const post = (body: object) =>
      fetch(`${url}/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    expect(await status(post({ sessionId: 'trip', message: 'one' }))).toBe(503);
    expect(await status(post(transcript))).toBe(200);
    await redis.start();
    await until('the sessions work', async () => {
      return (await status(post({ sessionId: 'trip', message: 'one' }))) === 200;
    });
  });
});

describe('SQLite', () => {
  const file = () => join(directory, 'sessions.db');

  test('[S4] its file is removed: 503 for sessions, transcripts go on, nothing is made in silence', async () => {
    const pair = await start(`sqlite:${file()}`);
    expect(await status(pair.post({ sessionId: 'trip', message: 'one' }))).toBe(200);
    for (const name of ['', '-wal', '-shm']) rmSync(file() + name, { force: true });
    const refused = await pair.post({ sessionId: 'trip', message: 'on' });
    expect([refused.status, ((await refused.json()) as { error: { code: string } }).error.code]).toEqual([
      503,
      'store_unavailable',
    ]);
    const answered = await pair.post(transcript);
    expect(answered.status).toBe(200);
    expect(((await answered.json()) as { sessionId: unknown }).sessionId).toBe(null);
    expect(await status(pair.send('GET', '/ready'))).toBe(503);
    // What is still open can be read.
    expect(await messageCount(pair, 'trip')).toBe(2);
  });

  test.each([
    ['no database', Buffer.from('This is a shopping list, and has been for years. '.repeat(100))],
    ['half a header', Buffer.from('SQLite for')],
  ])('[S6] a file that is %s: refused at the start in one line, and not touched', async (_, content) => {
    writeFileSync(file(), content);
    const env = { SESSION_STORE: `sqlite:${file()}`, OFFLINE: 'true', PORT: '0' };
    const refused = new ProxyProcess(directory, { env });
    expect(await refused.exitCode).toBe(2);
    expect(refused.stderr).toMatch(/^SESSION_STORE: .*\nTry --help\.\n$/);
    expect(readFileSync(file()).equals(content)).toBe(true);
  });
});
