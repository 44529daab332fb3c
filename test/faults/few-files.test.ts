// A process that may open few files: each connection, and each file, is one. Catalogue L11.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FakeCohere } from '../support/fake-cohere.ts';
import { goodAnswer } from '../support/outcome.ts';
import { ProxyProcess, type StartOptions } from '../support/proxy-process.ts';
import { postText, RawClient } from '../support/raw-client.ts';
import { chatPath, within } from '../support/start.ts';
import { chunk, end, head, json } from '../support/upstream-script.ts';

const files = 64;

async function start(options: StartOptions = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'cohere-proxy-'));
  const fake = await FakeCohere.start();
  fake.setDefault(() => json(goodAnswer('ok')));
  // No connection is left over from the start.
  const closing = head(200, { 'content-type': 'application/json' }, 'close');
  fake.setKeyAnswer(() => [closing, chunk('{"valid":true}'), end()]);
  const proxy = new ProxyProcess(directory, {
    ...options,
    args: ['--port', '0', '--cohere-base-url', fake.url, ...(options.args ?? [])],
    env: { COHERE_API_KEY: 'k' },
  });
  const clients: RawClient[] = [];
  onTestFinished(async () => {
    for (const client of clients) client.destroy();
    await proxy.kill('SIGKILL');
    await fake.close();
    rmSync(directory, { recursive: true });
  });
  await proxy.started();
  const connect = async () => {
    const client = await RawClient.connect(proxy.baseUrl);
    clients.push(client);
    return client;
  };
  return { proxy, fake, connect, clients };
}

async function ask(client: RawClient) {
  await client.send(postText(chatPath, { message: 'x' }));
  const { status, body } = await within(client.readResponse(), 'an answer');
  return { status, code: JSON.parse(body).error?.code };
}

/** Connects until the proxy hangs up on one that has asked: it has none left. */
async function takeAll(connect: () => Promise<RawClient>): Promise<void> {
  for (let taken = 0; taken < 4 * files; taken += 1) {
    const client = await connect();
    await client.send('GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    const answered = await within(
      client.readResponse().then(
        () => true,
        () => false,
      ),
      'an answer or an end',
    );
    if (!answered) return;
  }
  throw new Error('the process never ran out of files');
}

describe.each(['memory:', 'sqlite:x.db'])('[L11] no file is left, with %s', store => {
  it('who is connected is answered, and new connections are taken again once there is room', async () => {
    const { proxy, connect, clients } = await start({ args: ['--session-store', store], openFiles: files });
    const first = await connect();
    await first.send('GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    expect((await first.readResponse()).status).toBe(200);
    await takeAll(connect);

    // No connection to Cohere can be opened: that is not Cohere's fault.
    expect(await ask(first)).toEqual({ status: 503, code: 'overloaded' });
    for (const client of clients.slice(1)) client.destroy();
    // As clients do that are told so: again, until the proxy has seen that the others have left.
    const again = async () => {
      for (;;) {
        const answer = await ask(first);
        if (answer.status !== 503) return answer;
      }
    };
    expect(await within(again(), 'room')).toEqual({ status: 200, code: undefined });
    expect(await ask(await connect())).toEqual({ status: 200, code: undefined });
    expect(proxy.isRunning).toBe(true);
    expect(proxy.stderr).not.toMatch(/"level":"fatal"|Warning|UnhandledPromise/);
  });
});

it('[L11] an error of the listening socket ends nothing', async () => {
  // As accept() fails on some systems when no file is left.
  const script = `
    import { Server } from 'node:net';
    const { listen } = Server.prototype;
    Server.prototype.listen = function (...args) {
      process.on('SIGUSR2', () => this.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' })));
      return listen.apply(this, args);
    };`;
  const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(script)}`];
  const { proxy, connect } = await start({ nodeArgs });
  await proxy.kill('SIGUSR2');
  await within(proxy.logged(/"code":"EMFILE".*no connection can be accepted/), 'the line in the log');
  expect(await ask(await connect())).toEqual({ status: 200, code: undefined });
});
