// What is on the server, and for how long: nothing is left of what is gone, and nothing is there twice.
import { describe, expect, test } from 'vitest';
import type { TurnRecord } from '../../../src/store/records.ts';
import type { RedisRecords } from '../../../src/store/redis/redis-records.ts';
import { demandRedis, hasRedis, type RedisServer, until } from '../../support/redis-server.ts';
import { key, livesMs, text, turn } from '../record-turn.ts';
import { beginRedis, fill, messagesOf, openRecords, recordOf, timed } from './begin.ts';

demandRedis('what Redis keeps');

const keysOn = async (server: RedisServer, pattern = '*') =>
  (await server.command('KEYS', pattern)) as string[];
const familyOn = async (server: RedisServer) => (await keysOn(server, '*:f'))[0] ?? '';
const fieldsOn = async (server: RedisServer) =>
  ((await server.command('HKEYS', await familyOn(server))) as string[]).map(field => field.split(':')[0]);
const count = (fields: readonly (string | undefined)[], kind: string) =>
  fields.filter(one => one === kind).length;

async function branch(
  records: RedisRecords,
  of: string,
  name: string,
  length: number,
  more: Partial<TurnRecord> = {},
) {
  const { segment, rootId } = await recordOf(records, key(of));
  return await records.append(
    key(name),
    turn([`"${name}"`], { parent: { id: of, rootId }, keep: length, shared: { segment, length }, ...more }),
    { expectedVersion: 0 },
  );
}

describe.runIf(hasRedis)('what is kept', () => {
  test('[A27] [R12] a deleted session leaves no word of it', async () => {
    const server = await beginRedis();
    const records = await openRecords(server.url);
    const more = {
      label: 'canary',
      hints: ['canary-hint'],
      system: text('["canary"]'),
      mark: { key: 'canary', ttlMs: 9_000, turn: '"canary"' },
    };
    await records.append(key('canary', 'canary'), turn(['"canary"'], more), { expectedVersion: 0 });
    const { segment, rootId } = await recordOf(records, key('canary', 'canary'));
    const begun = { parent: { id: 'canary', rootId }, keep: 1, shared: { segment, length: 1 } };
    await records.append(key('branch', 'canary'), turn(['"canary too"'], begun), { expectedVersion: 0 });
    expect(await records.delete(key('canary', 'canary'))).toBe(true);
    expect(await records.delete(key('branch', 'canary'))).toBe(true);
    for (const name of await keysOn(server)) {
      expect(name).not.toContain('canary');
      const type = String(await server.command('TYPE', name));
      const held = await (type === 'zset'
        ? server.command('ZRANGE', name, '0', '-1')
        : type === 'hash'
          ? server.command('HGETALL', name)
          : server.command('GET', name));
      expect(JSON.stringify(held)).not.toContain('canary');
    }
    expect(await keysOn(server, '*:f')).toEqual([]);
    expect(await keysOn(server, '*:l')).toEqual([]);
  });

  test('everything has its time', async () => {
    const server = await beginRedis();
    const records = await openRecords(server.url);
    const more = { label: 'l', hints: ['h'], mark: { key: 'k', ttlMs: 9_000, turn: '{}' } };
    await fill(records, key('p'), 2, more);
    await branch(records, 'p', 'b', 1, more);
    await records.open(key('p'), { lease: { holder: 'h', ttlMs: 5_000 } });
    await records.claim(key(), 'k', { holder: 'h', ttlMs: 5_000, fingerprint: 'f' });
    await records.check();
    for (const name of await keysOn(server))
      expect([name, Number(await server.command('PTTL', name)) > 0]).toEqual([name, true]);
  });

  test('[R12] by the server’s own clock a session goes, and its tombstone after it', async () => {
    const server = await beginRedis();
    const records = await openRecords(server.url, { tombstoneMs: 3_000 });
    await fill(records, key(), 1, { livesMs: 2_000 });
    await fill(records, key('long'));
    expect(await messagesOf(records, key())).toEqual(['"1"']);
    await until('it expires', async () => (await messagesOf(records, key())) === 'expired');
    expect(await keysOn(server, '*:f')).toHaveLength(1);
    await until('it is forgotten', async () => (await messagesOf(records, key())) === 'missing');
    expect((await records.list({ owner: 'ada', limit: 9 })).records.map(({ key }) => key.id)).toEqual([
      'long',
    ]);
  });

  test('[R12] one of a family that lives on is swept', async () => {
    const server = await beginRedis();
    let nowMs = 1_000_000;
    const records = await openRecords(server.url, { now: () => nowMs });
    await fill(records, key('p'), 3);
    await branch(records, 'p', 'b', 1, {
      livesMs: 500,
      system: text('["own"]'),
      mark: { key: 'k', ttlMs: 9_999, turn: '{}' },
    });
    const before = await fieldsOn(server);
    expect([count(before, 's'), count(before, 'm'), count(before, 'h'), count(before, 'k')]).toEqual([
      2, 4, 2, 1,
    ]);
    nowMs += 500;
    expect(await messagesOf(records, key('b'))).toBe('expired');
    const after = await fieldsOn(server);
    expect([count(after, 's'), count(after, 'm'), count(after, 'h'), count(after, 'k')]).toEqual([
      1, 3, 1, 0,
    ]);
    expect(await messagesOf(records, key('p'))).toEqual(['"1"', '"2"', '"3"']);
  });

  test('[R14] what is cut goes at once, but for what a mark still needs, for as long as it does', async () => {
    const server = await beginRedis();
    let nowMs = 1_000_000;
    const records = await openRecords(server.url, { now: () => nowMs });
    await fill(records, key(), 50);
    const mark = { key: 'k', ttlMs: 1_000, turn: '{}' };
    await records.append(key(), turn(['"marked"', '"reply"'], { mark }), { expectedVersion: 50 });
    expect(count(await fieldsOn(server), 'm')).toBe(52);
    await records.append(key(), turn(['"anew"'], { keep: 1 }), { expectedVersion: 51 });
    expect(count(await fieldsOn(server), 'm')).toBe(4);
    expect(await records.recall(key(), 'k')).toMatchObject({
      messages: ['"marked"', '"reply"'],
      version: 51,
    });
    nowMs += 1_000;
    expect(await records.recall(key(), 'k')).toBeUndefined();
    await records.append(key(), turn(['"on"'], { mark: { ...mark, key: 'k2' } }), { expectedVersion: 52 });
    const fields = await fieldsOn(server);
    expect([count(fields, 'm'), count(fields, 'k')]).toEqual([3, 1]);
    expect(await messagesOf(records, key())).toEqual(['"1"', '"anew"', '"on"']);
  });

  test('however often it is cut, a session costs what it holds', async () => {
    const server = await beginRedis();
    const records = await openRecords(server.url);
    await fill(records, key(), 10);
    for (let version = 10; version < 200; version += 1) {
      const keep = [9, 4, 8, 2, 9][version % 5] ?? 0;
      await records.append(key(), turn(['"a"', '"b"', '"c"'], { keep }), { expectedVersion: version });
    }
    const fields = await fieldsOn(server);
    const { length } = await recordOf(records, key());
    expect(count(fields, 'm')).toBe(length);
    expect(count(fields, 'g')).toBeLessThan(8);
    expect(fields.length).toBeLessThan(length + 40);
  });

  test('[R14] 1,000 branches of 1,000 messages cost what they add, and go one by one', async () => {
    const server = await beginRedis();
    const records = await openRecords(server.url);
    const messages = Array.from({ length: 1_000 }, (_, index) =>
      JSON.stringify(`${index} ${'x'.repeat(200)}`),
    );
    await records.append(key('p'), turn(messages), { expectedVersion: 0 });
    const size = async () =>
      Number(await server.command('MEMORY', 'USAGE', await familyOn(server), 'SAMPLES', '0'));
    const before = await size();
    const { segment } = await recordOf(records, key('p'));
    for (let at = 0; at < 1_000; at += 1) {
      const begun = { parent: { id: 'p', rootId: 'p' }, keep: at + 1, shared: { segment, length: at + 1 } };
      await records.append(key(`b${at}`), turn([`"b${at}"`], begun), { expectedVersion: 0 });
    }
    const each = ((await size()) - before) / 1_000;
    expect(each).toBeLessThan(1_600);
    expect((await records.open(key('b500'))).status).toBe('found');
    expect(await messagesOf(records, key('b500'))).toHaveLength(502);
    const { records: listed } = await records.list({ owner: 'ada', limit: 5 });
    expect(listed.map(record => record.key.id)).toEqual(['b999']);
    const quickest = async (from: number, to: number) => {
      const times: number[] = [];
      for (let at = from; at < to; at += 1) times.push((await timed(records.delete(key(`b${at}`)))).ms);
      return Math.min(...times);
    };
    expect(await records.delete(key('p'))).toBe(true);
    const amongMany = await quickest(0, 100);
    expect(await messagesOf(records, key('b500'))).toHaveLength(502);
    await quickest(100, 950);
    // A look at all of twenty times as many is the most that it may be.
    expect(amongMany / (await quickest(950, 1_000))).toBeLessThan(60);
    expect(await keysOn(server, '*:f')).toEqual([]);
  });

  test('[R12] when very many of a family have expired, no single question pays for all', async () => {
    const server = await beginRedis();
    let nowMs = 1_000_000;
    const records = await openRecords(server.url, { now: () => nowMs });
    await fill(records, key('p'), 2);
    const { segment } = await recordOf(records, key('p'));
    for (let at = 0; at < 350; at += 1) {
      const begun = {
        parent: { id: 'p', rootId: 'p' },
        keep: 2,
        shared: { segment, length: 2 },
        livesMs: 500,
      };
      await records.append(key(`b${at}`), turn([`"b${at}"`], begun), { expectedVersion: 0 });
    }
    nowMs += 500;
    for (const left of [251, 151, 51, 1]) {
      const { version } = await recordOf(records, key('p'));
      await records.append(key('p'), turn(['"on"']), { expectedVersion: version });
      expect(count(await fieldsOn(server), 's')).toBe(left);
    }
    expect(await messagesOf(records, key('b349'))).toBe('expired');
    expect(count(await fieldsOn(server), 'm')).toBe((await recordOf(records, key('p'))).length);
  });

  test('a text that many turns hold is sent and kept once', async () => {
    const server = await beginRedis();
    const records = await openRecords(server.url);
    const system = text(JSON.stringify('x'.repeat(10_000)));
    await records.append(key(), turn(['"1"'], { system }), { expectedVersion: 0 });
    const { digest } = system;
    await records.append(key(), turn(['"2"'], { system: { digest } }), { expectedVersion: 1 });
    const opened = await records.open(key());
    expect(opened).toMatchObject({ texts: [{ digest, json: system.json }, text('[]')] });
    await records.append(key(), turn(['"3"'], { system: text('["other"]') }), { expectedVersion: 2 });
    expect(count(await fieldsOn(server), 'h')).toBe(2);
  });

  test('[R2] however many messages a turn has, and however many turns', async () => {
    const server = await beginRedis();
    const records = await openRecords(server.url);
    let said: string[] = [];
    for (const [version, size] of [190, 191, 192, 193, 194, 195, 196, 197, 0, 1, 400].entries()) {
      const messages = Array.from({ length: size }, (_, at) => `"${version}.${at}"`);
      const one = turn(messages);
      expect((await records.append(key(), one, { expectedVersion: version })).status).toBe('appended');
      expect((await records.append(key(), one, { expectedVersion: version })).status).toBe('duplicate');
      said = [...said, ...messages];
      expect(await messagesOf(records, key())).toEqual(said);
    }
    const turns = Array.from({ length: 150 }, () => turn([]));
    for (const [at, one] of turns.entries()) await records.append(key(), one, { expectedVersion: 11 + at });
    for (const [at, one] of turns.slice(-64).entries())
      expect(await records.append(key(), one, { expectedVersion: 0 })).toEqual({
        status: 'duplicate',
        version: 161 - 63 + at,
      });
    expect((await records.append(key(), turns[0] ?? turn([]), { expectedVersion: 0 })).status).toBe(
      'conflict',
    );
  });

  test('[S23] a long session, and large messages, come back whole', async () => {
    const server = await beginRedis();
    const records = await openRecords(server.url);
    const messages = Array.from({ length: 10_000 }, (_, index) => JSON.stringify(`${index}`));
    await records.append(key('long'), turn(messages), { expectedVersion: 0 });
    expect(await messagesOf(records, key('long'))).toEqual(messages);
    const large = Array.from({ length: 6 }, (_, index) => JSON.stringify(`${index}é🌊`.repeat(400_000)));
    for (const [version, message] of large.entries())
      await records.append(key('large'), turn([message]), { expectedVersion: version });
    expect(await messagesOf(records, key('large'))).toEqual(large);
    const { segment, length } = await recordOf(records, key('large'));
    const known = { segment, length: 5, texts: [] };
    expect(await records.open(key('large'), { known })).toMatchObject({ from: 5, messages: large.slice(5) });
    expect(length).toBe(6);
  });

  test('[R12] lists that nobody reads do not grow with what has expired', async () => {
    const server = await beginRedis();
    let nowMs = 1_000_000;
    const records = await openRecords(server.url, { now: () => nowMs });
    for (let at = 0; at < 900; at += 1) {
      nowMs += 1_000;
      await fill(records, key(`s${at}`), 1, { livesMs: 100_000, label: 'l' });
    }
    await records.close();
    const lists = await keysOn(server, '*:l');
    expect(lists).toHaveLength(3);
    for (const list of lists) expect(Number(await server.command('ZCARD', list))).toBeLessThan(300);
  });

  test('[R18] what lives longer than was thought is found for as long', async () => {
    const server = await beginRedis();
    const records = await openRecords(server.url);
    await fill(records, key('p'), 1, { livesMs: 1_000, label: 'l' });
    await branch(records, 'p', 'b', 1, { livesMs: 1_000 });
    for (const id of ['p', 'b']) expect(await records.setIdle(key(id), 9 * livesMs, 9 * livesMs)).toBe(true);
    for (const name of [...(await keysOn(server, '*:[fpul]')), ...(await keysOn(server, '*:x'))])
      expect([name, Number(await server.command('PTTL', name)) > 8 * livesMs]).toEqual([name, true]);
  });
});
