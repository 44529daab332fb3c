// The proxy stops. Catalogue O1, I14: new requests are sent away, running turns get their time, then it ends.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { start as begin, frames, messageEnd, text } from '../support/cohere-stream.ts';
import { FakeCohere } from '../support/fake-cohere.ts';
import { Gate } from '../support/gate.ts';
import { ask, expectAnswered, expectFailed, goodAnswer, readOutcome } from '../support/outcome.ts';
import { ProxyProcess } from '../support/proxy-process.ts';
import { postText } from '../support/raw-client.ts';
import { chatPath, startPair, within } from '../support/start.ts';
import { chunk, end, gate, hang, head, json } from '../support/upstream-script.ts';

describe('O1 I14 close()', () => {
  it('O1 a stream that runs beyond its time: frame shutting_down, broken end, Cohere let go', async () => {
    const pair = await startPair({ limits: { shutdownMs: 80 } });
    pair.fake.script(head(), chunk(frames(begin, text('a'))), hang());
    const response = await pair.post({ message: 'x', stream: true });
    const closed = pair.server.close();
    expectFailed(await readOutcome(response), 'shutting_down', 200);
    await within(closed, 'close()');
    expect(await pair.fake.chatRequests[0]?.outcome).toBe('aborted');
  });

  it('O1 a whole answer that takes longer: 503', async () => {
    const pair = await startPair({ limits: { shutdownMs: 80 } });
    const place = new Gate();
    pair.fake.script(gate(place), hang());
    const answer = ask(pair, { message: 'x' });
    await place.reached;
    const closed = pair.server.close();
    const outcome = await answer;
    expectFailed(outcome, 'shutting_down', 503);
    expect(outcome.headers.get('retry-after')).toBe('5');
    await within(closed, 'close()');
  });

  it('O1 one that waits in a queue is sent away with the others', async () => {
    const pair = await startPair({ limits: { shutdownMs: 80 } });
    const place = new Gate();
    pair.fake.script(gate(place), hang());
    const running = ask(pair, { sessionId: 's', message: 'x' });
    await place.reached;
    const waiting = ask(pair, { sessionId: 's', message: 'y' });
    await (await pair.send('GET', '/health')).text();
    const closed = pair.server.close();
    expectFailed(await running, 'shutting_down', 503);
    expectFailed(await waiting, 'shutting_down', 503);
    await within(closed, 'close()');
  });

  it('O1 a stream that ends in time is complete, and close() does not wait for its idle connection', async () => {
    const pair = await startPair({ limits: { shutdownMs: 10_000 } });
    const place = new Gate();
    pair.fake.script(
      head(),
      chunk(frames(begin, text('a'))),
      gate(place),
      chunk(frames(messageEnd())),
      end(),
    );
    const client = await pair.connect();
    await client.send(postText(chatPath, { message: 'x', stream: true }));
    await place.reached;
    const closed = pair.server.close();
    place.open();
    const { body, ending } = await client.readResponse();
    expect(ending).toBe('complete');
    expect(body).toMatch(/data: \[DONE\]\n\n$/);
    await within(closed, 'close()');
  });

  it('O1 a request on a connection that was open before: 503 shutting_down', async () => {
    const pair = await startPair({ limits: { shutdownMs: 10_000 } });
    const place = new Gate();
    pair.fake.script(gate(place), ...json(goodAnswer('ok')));
    const running = ask(pair, { message: 'x' });
    await place.reached;
    const client = await pair.connect();
    // Half a request keeps the connection from being idle.
    const second = postText(chatPath, { message: 'y' });
    await client.send(second.slice(0, 30));
    await (await pair.send('GET', '/health')).text();
    const closed = pair.server.close();
    await client.send(second.slice(30));
    const { status, body } = await client.readResponse();
    expect([status, JSON.parse(body).error.code]).toEqual([503, 'shutting_down']);
    place.open();
    expectAnswered(await running, 'ok');
    await within(closed, 'close()');
  });

  it.each<[string, string]>([
    ['nothing', ''],
    ['half a head', `POST ${chatPath} HTTP/1.1\r\nHost: 127`],
    ['half a body', `${postText(chatPath, '{"mess', { 'content-length': '100' })}`],
  ])('O1 a client that has sent %s does not hold the stop up', async (_what, sent) => {
    const pair = await startPair({ limits: { shutdownMs: 80 } });
    const client = await pair.connect();
    if (sent !== '') await client.send(sent);
    await (await pair.send('GET', '/health')).text();
    await within(pair.server.close(), 'close()');
  });

  it('O1 a client that never reads its answer does not hold the stop up', async () => {
    const pair = await startPair({ limits: { shutdownMs: 80 } });
    pair.fake.replyJson(goodAnswer('y'.repeat(20_000_000)));
    const client = await pair.connect();
    client.pause();
    await client.send(postText(chatPath, { message: 'x', include_messages: false }));
    await (await pair.fake.nextChatRequest()).outcome;
    await within(pair.server.close(), 'close()');
  });

  it('O1 twice is once; after it nothing listens', async () => {
    const pair = await startPair();
    await Promise.all([pair.server.close(), pair.server.close()]);
    await expect(pair.send('GET', '/health')).rejects.toThrow();
    const never = await startPair();
    await never.server.close();
  });
});

describe.each<[string, readonly NodeJS.Signals[]]>([
  ['SIGTERM', ['SIGTERM']],
  ['SIGHUP and at once SIGTERM', ['SIGHUP', 'SIGTERM']],
  ['SIGTERM and then SIGHUP, twice', ['SIGTERM', 'SIGHUP', 'SIGHUP']],
])('O1 XF9 %s during a stream', (_what, signals) => {
  it.each([
    ['without a file of keys', ''],
    ['with one', 'ada canary-ada-0123456789'],
  ])('%s: the stream is completed, the process ends with 0', async (_which, keys) => {
    const directory = mkdtempSync(join(tmpdir(), 'cohere-proxy-'));
    const fake = await FakeCohere.start();
    if (keys !== '') writeFileSync(join(directory, 'keys'), keys, { mode: 0o600 });
    const proxy = new ProxyProcess(directory, {
      args: [
        ...['--port', '0', '--cohere-base-url', fake.url],
        ...(keys === '' ? [] : ['--proxy-keys-file', 'keys']),
      ],
      env: { COHERE_API_KEY: 'k' },
    });
    onTestFinished(async () => {
      await proxy.kill('SIGKILL');
      await fake.close();
      rmSync(directory, { recursive: true });
    });
    await proxy.started();
    const place = new Gate();
    fake.script(head(), chunk(frames(begin, text('a'))), gate(place), chunk(frames(messageEnd())), end());
    const response = await fetch(`${proxy.baseUrl}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer canary-ada-0123456789' },
      body: JSON.stringify({ message: 'x', stream: true }),
    });
    await place.reached;
    for (const signal of signals) await proxy.kill(signal);
    place.open();
    expectAnswered(await readOutcome(response), 'a');
    expect(await within(proxy.exitCode, 'the end of the process')).toBe(0);
  });
});
