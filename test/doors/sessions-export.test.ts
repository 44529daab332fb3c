// GET /v1/session-exports: all there is, once, and never in part without saying so.
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { ProxyError } from '../../src/conversation/errors.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { user } from '../clients/agent-story.ts';
import { linesOf, SessionsClient } from './sessions-client.ts';

describe('an export', () => {
  async function startWithMany(count: number): Promise<SessionsClient> {
    const client = await SessionsClient.start();
    const lines = Array.from({ length: count }, (_, n) => ({
      session_id: `s-${n}`,
      messages: [user(`message ${n}`)],
      ...(n % 2 ? { user: 'ada', label: 'odd' } : {}),
    }));
    expect((await client.import(lines)).body.imported).toBe(count);
    return client;
  }
  const idsOf = (text: string) => linesOf(text).map(({ id }) => id);

  test('holds each session once, page by page; or one user, a label, or one', async () => {
    const client = await startWithMany(250);
    expect(new Set(idsOf(await client.export())).size).toBe(250);
    expect(idsOf(await client.export())).toHaveLength(250);
    const odd = idsOf(await client.export('user=ada'));
    expect(odd).toHaveLength(125);
    expect(idsOf(await client.export('label=odd'))).toEqual(odd);
    expect(idsOf(await client.export('user='))).toHaveLength(125);
    expect(idsOf(await client.export('id=s-7'))).toEqual(['s-7']);
    expect(idsOf(await client.export('user=nobody'))).toEqual([]);
  });

  test.each<[string, string]>([
    ['id=s-1&label=odd', '400 invalid_request label'],
    ['id=nobody', '404 session_not_found sessionId'],
    ['id=s-1&user=', '404 session_not_found sessionId'],
    ['users=ada', '400 unsupported_parameter users'],
  ])('?%s: %s', async (query, told) => {
    const client = await startWithMany(2);
    expect(await client.code('GET', `/v1/session-exports?${query}`)).toBe(told);
  });

  test('a session may be called `export`', async () => {
    const client = await SessionsClient.start();
    await client.say('export', 'one');
    expect((await client.get('/v1/sessions/export')).id).toBe('export');
  });

  /** Called before the nth time that the store is asked for this. */
  function beforeCall(method: 'list' | 'read', nth: number, act: () => unknown): void {
    const original = MemoryStore.prototype[method] as (...args: unknown[]) => Promise<never>;
    let calls = 0;
    const spy = vi.spyOn(MemoryStore.prototype, method);
    spy.mockImplementation(async function (this: MemoryStore, ...args: unknown[]) {
      calls += 1;
      if (calls === nth) await act();
      return original.apply(this, args);
    });
    onTestFinished(() => spy.mockRestore());
  }

  test('of sessions that go while it runs leaves these out', async () => {
    const client = await startWithMany(150);
    beforeCall('read', 10, () => client.must('DELETE', '/v1/sessions?user=ada'));
    const ids = idsOf(await client.export());
    expect(ids.filter(id => Number(id.slice(2)) % 2 === 0)).toHaveLength(75);
    expect(ids.length).toBeLessThan(150);
  });

  test('goes on where the place in the list is gone, with all that stood behind it', async () => {
    const client = await startWithMany(250);
    // Newest first: the first page is s-249 … s-150.
    beforeCall('list', 2, async () => {
      for (const id of ['s-150', 's-151']) await client.must('DELETE', `/v1/sessions/${id}`);
    });
    expect(idsOf(await client.export()).filter(id => Number(id.slice(2)) < 150)).toHaveLength(150);
  });

  test('begins the list anew where a whole page is gone', async () => {
    const client = await startWithMany(250);
    beforeCall('list', 2, async () => {
      for (let n = 150; n < 250; n += 1) await client.must('DELETE', `/v1/sessions/s-${n}`);
    });
    expect(idsOf(await client.export())).toHaveLength(150);
  });

  test('misses none that is used while it lists, and holds none twice', async () => {
    const client = await startWithMany(250);
    // One of the second page goes to the front, and so does the place where the second page begins.
    beforeCall('list', 2, async () => {
      for (const id of ['s-100', 's-150']) await client.say(id, 'again');
    });
    const ids = idsOf(await client.export());
    expect(ids).toHaveLength(250);
    expect(new Set(ids).size).toBe(250);
  });

  test('that fails before it begins is an error', async () => {
    const client = await startWithMany(3);
    beforeCall('list', 1, () => Promise.reject(new ProxyError('store_unavailable', 'Gone.')));
    expect(await client.code('GET', '/v1/session-exports')).toBe('503 store_unavailable null');
  });

  test('that fails on the way is broken off, and cannot be taken for complete', async () => {
    const client = await startWithMany(30);
    beforeCall('read', 20, () => Promise.reject(new ProxyError('store_unavailable', 'Gone.')));
    const { text, isBroken } = await readAll(await client.pair.send('GET', '/v1/session-exports'));
    expect(isBroken).toBe(true);
    expect(text.split('\n').length).toBeLessThan(30);
  });

  test('[S6] of a damaged session is broken off, after all the others', async () => {
    const client = await startWithMany(30);
    beforeCall('read', 20, () => Promise.reject(new ProxyError('store_corrupt', 'Damaged.')));
    const { text, isBroken } = await readAll(await client.pair.send('GET', '/v1/session-exports'));
    expect(isBroken).toBe(true);
    expect(linesOf(text)).toHaveLength(29);
  });

  test('is read no faster than its client reads', async () => {
    const client = await SessionsClient.start();
    const content = 'w'.repeat(400_000);
    const lines = Array.from({ length: 60 }, (_, n) => ({ session_id: `s-${n}`, messages: [user(content)] }));
    expect((await client.import(lines)).body.imported).toBe(60);
    const read = vi.spyOn(MemoryStore.prototype, 'read');
    onTestFinished(() => read.mockRestore());
    const raw = await client.pair.connect();
    raw.pause();
    await raw.send('GET /v1/session-exports HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
    await expect.poll(() => read.mock.calls.length).toBeGreaterThan(0);
    let seen = -1;
    await expect
      .poll(
        () => {
          const isStill = read.mock.calls.length === seen;
          seen = read.mock.calls.length;
          return isStill;
        },
        { interval: 100 },
      )
      .toBe(true);
    expect(seen).toBeLessThan(60);
    raw.resume();
    const { body, ending } = await raw.readResponse();
    expect(ending).toBe('complete');
    expect(linesOf(body)).toHaveLength(60);
  });
});

async function readAll(response: Response): Promise<{ text: string; isBroken: boolean }> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true });
    return { text, isBroken: false };
  } catch {
    return { text, isBroken: true };
  }
}
