// A cluster whose slots move and whose nodes go, while sessions are used.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { crc16 } from '../../../src/store/redis/cluster-route.ts';
import { demandRedis, hasRedis, type RedisCluster, startCluster, until } from '../../support/redis-server.ts';
import { key, turn } from '../record-turn.ts';
import { codeOf, fill, isToldAtOnce, messagesOf, openRecords } from './begin.ts';

demandRedis('a cluster of Redis');

test('the slot of a key is that of the description of clusters', () => {
  expect(crc16('123456789')).toBe(0x31c3);
  expect(crc16('')).toBe(0);
});

describe.runIf(hasRedis)('a cluster', () => {
  let cluster: RedisCluster | undefined;
  beforeAll(async () => {
    cluster = await startCluster(['cluster-require-full-coverage no']);
  });
  afterAll(() => cluster?.stop());

  const nodeIds = async () =>
    Promise.all((cluster?.nodes ?? []).map(async node => String(await node.command('CLUSTER', 'MYID'))));

  test('[S20] MOVED and ASK: slots move while sessions are appended to', async () => {
    const [one, two] = cluster?.nodes ?? [];
    const [oneId = '', twoId = ''] = await nodeIds();
    if (!one || !two) throw new Error('no cluster');
    const url = `${cluster?.url}?prefix=moved`;
    const records = await openRecords(url);
    const names = Array.from({ length: 30 }, (_, index) => key(`s${index}`));
    for (const name of names) await fill(records, name);
    let isMoving = true;
    const versions = new Map(names.map(({ id }) => [id, 1]));
    const append = async () => {
      while (isMoving)
        for (const name of names) {
          const version = versions.get(name.id) ?? 0;
          const appended = await records.append(name, turn([`"${version + 1}"`]), {
            expectedVersion: version,
          });
          expect(appended).toMatchObject({ status: 'appended', record: { version: version + 1 } });
          versions.set(name.id, version + 1);
        }
    };
    const appending = append();
    const held = (await one.command('KEYS', 'moved:*')) as string[];
    const slots = [
      ...new Set(
        await Promise.all(held.map(async name => Number(await one.command('CLUSTER', 'KEYSLOT', name)))),
      ),
    ];
    expect(slots.length).toBeGreaterThan(10);
    for (const slot of slots.map(String)) {
      await two.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', oneId);
      await one.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', twoId);
      for (;;) {
        const keys = (await one.command('CLUSTER', 'GETKEYSINSLOT', slot, '10')) as string[];
        if (keys.length === 0) break;
        await one.command('MIGRATE', '127.0.0.1', String(two.port), '', '0', '5000', 'KEYS', ...keys);
      }
      await two.command('CLUSTER', 'SETSLOT', slot, 'NODE', twoId);
      await one.command('CLUSTER', 'SETSLOT', slot, 'NODE', twoId);
    }
    isMoving = false;
    await appending;
    for (const name of names) {
      const whole = Array.from({ length: versions.get(name.id) ?? 0 }, (_, index) => `"${index + 1}"`);
      expect(await messagesOf(records, name)).toEqual(whole);
    }
    // Also for those who come anew.
    expect((await (await openRecords(url)).list({ owner: 'ada', limit: 99 })).records).toHaveLength(30);
  });

  test('[S15] one node is away: what lies on the others works, and it comes back', async () => {
    const [, , three] = cluster?.nodes ?? [];
    const records = await openRecords(`${cluster?.url}?prefix=away`);
    const names = Array.from({ length: 30 }, (_, index) => key(`s${index}`));
    for (const name of names) await fill(records, name);
    await three?.kill();
    const codes = () => Promise.all(names.map(async name => codeOf(records.open(name))));
    const during = await codes();
    expect(new Set(during)).toEqual(new Set(['works', 'store_unavailable']));
    expect(during.filter(code => code === 'works').length).toBeGreaterThan(10);
    await until('it is known to be away', async () => {
      const asked = names.map(name => records.open(name));
      const codes = await Promise.all(asked.map(codeOf));
      const away = names.filter((_, at) => codes[at] !== 'works');
      return (await Promise.all(away.map(name => isToldAtOnce(records.open(name))))).every(Boolean);
    });
    await three?.start();
    await until('all work', async () => (await codes()).every(code => code === 'works'));
    expect(await codeOf(records.check())).toBe('works');
  });

  test('a server that is no cluster is told so', async () => {
    const { startRedis } = await import('../../support/redis-server.ts');
    const server = await startRedis();
    try {
      await expect(openRecords(server.url.replace('redis:', 'redis+cluster:'))).rejects.toThrow(/cluster/);
    } finally {
      await server.stop();
    }
  });
});
