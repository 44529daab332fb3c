// Records in Redis against plain ones (test/store/records-model.ts), on one server and on a cluster.
import { afterAll, beforeAll, describe } from 'vitest';
import { RedisRecords } from '../../../src/store/redis/redis-records.ts';
import { demandRedis, hasRedis, startCluster, startRedis } from '../../support/redis-server.ts';
import { testAgainstPlain } from '../records-model.ts';

demandRedis('records in Redis against plain ones');

describe.runIf(hasRedis).each([
  { name: 'one server', start: startRedis, runs: 50 },
  { name: 'a cluster', start: () => startCluster(), runs: 15 },
])('on $name', ({ start, runs }) => {
  let server: Awaited<ReturnType<typeof start>> | undefined;
  let begun = 0;

  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server?.stop());

  testAgainstPlain(async ({ nowMs, tombstoneMs }) => {
    let now = nowMs;
    begun += 1;
    const url = `${server?.url}?prefix=run${begun}`;
    const records = await RedisRecords.open({ url, tombstoneMs, now: () => now });
    return { records, wait: ms => (now += ms) };
  }, runs);
});
