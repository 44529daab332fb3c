// S15 and S16: a server that is away, comes back, or does not answer.
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { ProxyError } from '../../../src/conversation/errors.ts';
import { demandRedis, freePort, hasRedis, RedisServer, until } from '../../support/redis-server.ts';
import { randomSource } from '../../support/seed.ts';
import { key, turn } from '../record-turn.ts';
import {
  beginProxy,
  beginRedis,
  codeOf,
  fill,
  isToldAtOnce,
  messagesOf,
  openRecords,
  type Problem,
  timed,
  urlOf,
} from './begin.ts';

demandRedis('outages of Redis');

describe.runIf(hasRedis)('S15', () => {
  test('[S15] down at the start: refused, with a reason and without the password', async () => {
    const port = await freePort();
    const refused = openRecords(`redis://ada:hunter2@127.0.0.1:${port}`);
    await expect(refused).rejects.toThrow(/^The session store cannot be used: connect ECONNREFUSED/);
    await expect(refused).rejects.not.toThrow(/hunter2/);
  });

  test('[S15] or, where it is optional, it starts and connects later', async () => {
    const port = await freePort();
    const problems: Problem[] = [];
    const records = await openRecords(`redis://127.0.0.1:${port}`, {
      isOptional: true,
      onProblem: problem => problems.push(problem),
    });
    expect(problems[0]?.message).toMatch(/^The session store cannot be used yet: /);
    expect(await codeOf(records.check())).toBe('store_unavailable');
    const server = await new RedisServer(port).start();
    try {
      await until('the store works', async () => (await codeOf(records.check())) === 'works');
      await fill(records, key());
      expect(await messagesOf(records, key())).toEqual(['"1"']);
    } finally {
      await server.stop();
    }
  });

  test('[S15] killed and started again: 503 at once, then it works again, nothing acknowledged is lost', async () => {
    const server = await beginRedis({ isKept: true });
    const records = await openRecords(server.url);
    await fill(records, key(), 3);
    await server.kill();
    // Shorter outages are waited for.
    await until('it is known to be away', () => isToldAtOnce(records.open(key())));
    for (const ask of [
      () => records.open(key()),
      () => records.append(key(), turn(['"late"']), { expectedVersion: 3 }),
      () => records.check(),
      () => records.list({ owner: 'ada', limit: 9 }),
      () => records.claim(key(), 'k', { holder: 'h', ttlMs: 1_000, fingerprint: 'f' }),
      () => records.findByHints(key(), ['hint'], 9),
    ]) {
      const asked = ask();
      expect(await isToldAtOnce(asked)).toBe(true);
      expect(await codeOf(asked)).toBe('store_unavailable');
    }
    await server.start();
    await until('the store works', async () => (await codeOf(records.check())) === 'works');
    expect(await messagesOf(records, key())).toEqual(['"1"', '"2"', '"3"']);
    expect(await records.append(key(), turn(['"4"']), { expectedVersion: 3 })).toMatchObject({
      status: 'appended',
    });
  });

  test('[S15] nothing of what was refused while it was away happens later', async () => {
    const server = await beginRedis();
    const proxy = await beginProxy(server);
    const records = await openRecords(urlOf(proxy));
    await fill(records, key());
    proxy.rules.isRefusing = true;
    proxy.reset();
    await until('it is known to be away', () => isToldAtOnce(records.open(key())));
    const late = Array.from({ length: 20_000 }, (_, index) =>
      codeOf(records.append(key(`s${index}`), turn([]), { expectedVersion: 0 })),
    );
    expect(new Set(await Promise.all(late))).toEqual(new Set(['store_unavailable']));
    proxy.behave();
    await until('the store works', async () => (await codeOf(records.check())) === 'works');
    const { records: listed } = await records.list({ owner: 'ada', limit: 99 });
    expect(listed.map(record => record.key.id)).toEqual(['s']);
  });

  test('[S1] [S15] killed again and again while three append: nothing acknowledged is lost, no turn is half or doubled', async () => {
    const server = await beginRedis({ isKept: true });
    const nodes = await Promise.all([1, 2, 3].map(() => openRecords(server.url)));
    let isOver = false;
    const counts = new Map<string, number>();
    const append = async (records: (typeof nodes)[number], name: string) => {
      const acknowledged: string[] = [];
      let one = turn([`"${name}0"`, `"answer to ${name}0"`]);
      while (!isOver) {
        const expectedVersion = acknowledged.length;
        const code = await codeOf(records.append(key(name), one, { expectedVersion }));
        if (code !== 'works') {
          await pause(5);
          continue;
        }
        acknowledged.push(...one.messages.slice(0, 1));
        counts.set(name, acknowledged.length);
        one = turn([`"${name}${acknowledged.length}"`, `"answer to ${name}${acknowledged.length}"`]);
      }
      return acknowledged;
    };
    const all = nodes.flatMap((records, index) =>
      ['a', 'b', 'c'].map(name => append(records, `${name}${index}`)),
    );
    const random = randomSource('kills');
    for (let kills = 0; kills < 12; kills += 1) {
      await pause(random() * 120);
      await server.kill();
      await server.start();
      await until(
        'the store works',
        async () => (await codeOf(nodes[0]?.check() ?? Promise.reject())) === 'works',
      );
    }
    // However slow the machine is: all go on.
    await until('each has appended ten', async () => [...counts.values()].every(count => count > 10));
    isOver = true;
    const acknowledged = await Promise.all(all);
    const [first] = nodes;
    for (const said of acknowledged) {
      expect(said.length).toBeGreaterThan(10);
      const name = said[0]?.slice(1, -2) ?? '';
      const stored = first ? await messagesOf(first, key(name)) : [];
      // The last one may have been stored without a word.
      expect([said.length * 2, said.length * 2 + 2]).toContain(stored.length);
      for (const [at, text] of said.entries()) {
        expect(stored[at * 2]).toBe(text);
        expect(stored[at * 2 + 1]).toBe(`"answer to ${name}${at}"`);
      }
    }
  });

  test('[S15] a connection that is lost for a moment is not noticed', async () => {
    const server = await beginRedis();
    const proxy = await beginProxy(server);
    const records = await openRecords(urlOf(proxy));
    await fill(records, key());
    for (let version = 1; version <= 20; version += 1) {
      proxy.reset();
      const appended = await records.append(key(), turn([`"${version + 1}"`]), { expectedVersion: version });
      expect(appended).toMatchObject({ status: 'appended', record: { version: version + 1 } });
      proxy.reset();
      expect(await messagesOf(records, key())).toHaveLength(version + 1);
    }
  });
});

describe.runIf(hasRedis)('S16', () => {
  test('[S16] frozen: 1 s, then 503; others wait no longer; it works when it goes on', async () => {
    const server = await beginRedis();
    const records = await openRecords(server.url);
    await fill(records, key());
    server.freeze();
    const asked = await Promise.all([
      timed(records.open(key())),
      timed(records.check()),
      timed(records.readNote('n')),
    ]);
    for (const { ms, code } of asked) {
      expect(code).toBe('store_unavailable');
      expect(ms).toBeGreaterThan(900);
    }
    // It may have been appended: the same turn is tried for longer.
    const late = turn(['"2"']);
    expect(await codeOf(records.append(key(), late, { expectedVersion: 1 }))).toBe('store_unavailable');
    server.thaw();
    await until('the store works', async () => (await codeOf(records.check())) === 'works');
    const again = await records.append(key(), late, { expectedVersion: 1 });
    expect(['appended', 'duplicate']).toContain(again.status);
    expect(await messagesOf(records, key())).toEqual(['"1"', '"2"']);
  });

  test('[S16] paused: 1 s, then 503, and the same turn again is stored once', async () => {
    const server = await beginRedis();
    const records = await openRecords(server.url);
    await fill(records, key());
    await server.command('CLIENT', 'PAUSE', '600000', 'WRITE');
    const late = turn(['"2"']);
    expect(await codeOf(records.append(key(), late, { expectedVersion: 1 }))).toBe('store_unavailable');
    await server.command('CLIENT', 'UNPAUSE');
    await until('the store works', async () => (await codeOf(records.check())) === 'works');
    const again = await records.append(key(), late, { expectedVersion: 1 });
    expect(['appended', 'duplicate']).toContain(again.status);
    expect(await messagesOf(records, key())).toEqual(['"1"', '"2"']);
  });

  test('[S16] a connection that answers nothing is thrown away after 5 s', async () => {
    const server = await beginRedis();
    const proxy = await beginProxy(server);
    const records = await openRecords(urlOf(proxy));
    await fill(records, key());
    proxy.rules.isSwallowing = true;
    const { accepted } = proxy;
    const first = codeOf(records.open(key()));
    await until('it connects anew', async () => proxy.accepted > accepted);
    expect(await first).toBe('store_unavailable');
    proxy.behave();
    await until('the store works', async () => (await codeOf(records.check())) === 'works');
    expect(await messagesOf(records, key())).toEqual(['"1"']);
  });

  test('[S16] slow is not broken', async () => {
    const server = await beginRedis();
    const proxy = await beginProxy(server);
    const records = await openRecords(urlOf(proxy));
    proxy.rules.delayMs = 50;
    await fill(records, key(), 5);
    expect(await messagesOf(records, key())).toHaveLength(5);
  });

  test('[S16] what waits for answers is bounded', async () => {
    const server = await beginRedis();
    const records = await openRecords(server.url);
    server.freeze();
    const codes: string[] = [];
    const reasons: string[] = [];
    const ask = (name: string) =>
      records.readNote(name).catch((error: ProxyError) => {
        codes.push(error.code);
        reasons.push(error.cause instanceof Error ? error.cause.message : '');
      });
    await Promise.all(Array.from({ length: 10_000 }, (_, index) => ask(`n${index}`)));
    server.thaw();
    // Those above the limit are not made to wait: they are refused before anybody has waited in vain.
    expect(new Set(reasons.slice(0, 5_000))).toEqual(new Set(['too many commands wait for an answer']));
    expect(codes).toHaveLength(10_000);
    expect(new Set(codes)).toEqual(new Set(['store_unavailable']));
  });
});
