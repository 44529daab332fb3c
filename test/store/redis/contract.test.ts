// The contract, on one real server and on a cluster.
import { afterAll, beforeAll, describe } from 'vitest';
import { DurableStore } from '../../../src/store/durable-store.ts';
import { RedisRecords } from '../../../src/store/redis/redis-records.ts';
import { testSessionStore } from '../../contract/session-store.ts';
import { demandRedis, hasRedis, startCluster, startRedis } from '../../support/redis-server.ts';

demandRedis('the contract on Redis');

describe.runIf(hasRedis).each([
  { name: 'one server', start: () => startRedis() },
  { name: 'a cluster', start: () => startCluster() },
])('on $name', ({ start }) => {
  let server: Awaited<ReturnType<typeof start>> | undefined;
  let begun = 0;

  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server?.stop());

  testSessionStore(
    async settings => {
      let nowMs = 1_000_000;
      begun += 1;
      const url = `${server?.url}?prefix=run${begun}`;
      const { tombstoneMs } = settings;
      const begin = async () => {
        const records = await RedisRecords.open({ url, tombstoneMs, now: () => nowMs });
        return new DurableStore(records, {
          limits: { ...settings, sessions: 100, sessionStoreBytes: 10_000_000 },
        });
      };
      return { store: await begin(), wait: ms => (nowMs += ms), reopen: begin };
    },
    { runs: 6, rounds: 10 },
  );
});
