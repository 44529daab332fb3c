// O8: the proxy where things are not as they are at home. O4: what it says of itself to who looks after it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ProxyError } from '../src/conversation/errors.ts';
import { MemoryStore } from '../src/store/memory-store.ts';
import { Gate } from './support/gate.ts';
import { ask, expectAnswered, goodAnswer } from './support/outcome.ts';
import { ProxyProcess } from './support/proxy-process.ts';
import { startPair, within } from './support/start.ts';
import { gate, json } from './support/upstream-script.ts';

describe('O8', () => {
  it.each<[string, readonly string[], Record<string, string>]>([
    ['without __proto__', ['--disable-proto=delete'], {}],
    ['with frozen intrinsics', ['--frozen-intrinsics'], {}],
    ['in Turkish', [], { LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' }],
    ['where a day was left out', [], { TZ: 'Pacific/Apia' }],
    ['with little memory', ['--max-old-space-size=96'], {}],
    ['where warnings are errors', ['--throw-deprecation'], {}],
  ])('O8 %s it starts, remembers, forgets and stops', async (_where, nodeArgs, env) => {
    const directory = mkdtempSync(join(tmpdir(), 'cohere-proxy-o8-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const proxy = new ProxyProcess(directory, { args: ['--offline', '--port', '0'], nodeArgs, env });
    onTestFinished(() => proxy.kill('SIGKILL'));
    await within(proxy.started(), 'the banner');
    const say = async (body: object) => {
      const response = await fetch(`${proxy.baseUrl}/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ sessionId: 'Iı', model: 'command-a-03-2025', ...body }),
      });
      return { status: response.status, text: await response.text() };
    };
    expect((await say({ sessionId: 'trip', message: 'My name is Ada.' })).status).toBe(200);
    const streamed = await say({ sessionId: 'trip', message: 'What is my name?', stream: true });
    expect(streamed.text).toMatch(/Ada[\s\S]*data: \[DONE\]\n\n$/);
    expect((await say({ message: 'x' })).status).toBe(400);
    const gone = await fetch(`${proxy.baseUrl}/sessions/trip`, { method: 'DELETE' });
    expect(gone.status).toBe(200);
    await gone.text();
    await proxy.kill('SIGTERM');
    expect(await within(proxy.exitCode, 'the end')).toBe(0);
  });
});

describe('O4', () => {
  it('O4 alive while the store hangs or fails; ready only while it works', async () => {
    const pair = await startPair();
    const status = async (path: string) => {
      const response = await pair.send('GET', path);
      await response.text();
      return response.status;
    };
    expect([await status('/health'), await status('/ready')]).toEqual([200, 200]);
    const check = vi.spyOn(MemoryStore.prototype, 'check');
    onTestFinished(() => check.mockRestore());
    const place = new Gate();
    check.mockImplementationOnce(() => place.arrive());
    const waiting = status('/ready');
    await place.reached;
    expect(await status('/health')).toBe(200);
    place.open();
    expect(await waiting).toBe(200);
    check.mockRejectedValue(new ProxyError('store_unavailable', 'away'));
    expect([await status('/health'), await status('/ready')]).toEqual([200, 503]);
    check.mockRestore();
    expect(await status('/ready')).toBe(200);
    // Nobody asked Cohere for it.
    expect(pair.fake.chatRequests).toEqual([]);
  });

  it('O4 not ready from the moment it stops', async () => {
    const pair = await startPair({ limits: { shutdownMs: 10_000 } });
    const client = await pair.connect();
    const place = new Gate();
    pair.fake.script(gate(place), ...json(goodAnswer('ok')));
    const running = ask(pair, { message: 'x' });
    await place.reached;
    // Half a request keeps the connection.
    await client.send('GET /ready HTTP/1.1\r\n');
    await (await pair.send('GET', '/health')).text();
    const closed = pair.server.close();
    await client.send('Host: 127.0.0.1\r\n\r\n');
    expect((await within(client.readResponse(), 'an answer')).status).toBe(503);
    place.open();
    expectAnswered(await running, 'ok');
    await within(closed, 'close()');
  });
});
