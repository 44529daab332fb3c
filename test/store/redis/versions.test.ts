// S26 on Redis: what a later release has written is not read by this one.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { StoreStartError } from '../../../src/store/store-start-error.ts';
import { demandRedis, hasRedis, type RedisCluster, startCluster } from '../../support/redis-server.ts';
import { key } from '../record-turn.ts';
import { beginRedis, fill, messagesOf, openRecords } from './begin.ts';

demandRedis('a Redis of a later version');

const refusal = /^The session store cannot be used: its sessions were written by a later version[^\n]*$/;

describe.runIf(hasRedis)('a Redis', () => {
  test('[S26] of a later version is refused in one line, and left as it is', async () => {
    const server = await beginRedis();
    await fill(await openRecords(server.url), key());
    await server.command('SET', 'cohere-proxy:format', '2');
    const before = await server.command('DBSIZE');
    await expect(openRecords(server.url)).rejects.toThrow(StoreStartError);
    await expect(openRecords(server.url)).rejects.toThrow(refusal);
    expect(await server.command('DBSIZE')).toEqual(before);
    // It is a matter of the prefix.
    await fill(await openRecords(`${server.url}?prefix=other`), key());
    await server.command('SET', 'cohere-proxy:format', '1');
    expect(await messagesOf(await openRecords(server.url), key())).toEqual(['"1"']);
  });

  test('[S26] becomes one of a later version: from the next connection on', async () => {
    const server = await beginRedis();
    const records = await openRecords(server.url);
    await fill(records, key());
    await server.command('SET', 'cohere-proxy:format', '2');
    await server.command('CLIENT', 'KILL', 'TYPE', 'normal');
    await expect(records.check()).rejects.toThrow('The session store cannot be reached');
  });
});

describe.runIf(hasRedis)('a cluster', () => {
  let cluster: RedisCluster | undefined;
  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterAll(() => cluster?.stop());

  test('[S26] of a later version is refused, whichever node knows', async () => {
    const url = cluster?.url ?? '';
    for (const prefix of ['a', 'b', 'c', 'd']) {
      await fill(await openRecords(`${url}?prefix=${prefix}`), key());
      for (const node of cluster?.nodes ?? [])
        await node.command('SET', `${prefix}:format`, '2').catch(() => undefined);
      await expect(openRecords(`${url}?prefix=${prefix}`)).rejects.toThrow(refusal);
    }
  });
});
