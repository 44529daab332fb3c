// Answers to requests with a key: of each owner the newest are kept, and nobody's go for another's.
import { expect, test } from 'vitest';
import { demandRedis, hasRedis, until } from '../../support/redis-server.ts';
import { beginRedis, openRecords } from './begin.ts';

demandRedis('answers in Redis');

test.runIf(hasRedis)('R17 an owner keeps its newest answers, whatever another owner keeps', async () => {
  const server = await beginRedis();
  const records = await openRecords(server.url, { answersOfOwner: 3 });
  const claim = (owner: string, key: string) =>
    records.claim({ owner, user: undefined }, key, { holder: 'h', ttlMs: 60_000, fingerprint: 'f' });
  const answer = async (owner: string, key: string) => {
    await claim(owner, key);
    await records.settle({ owner, user: undefined }, key, 'h', { text: key, ttlMs: 60_000 });
  };
  await answer('grace', 'hers');
  for (const key of ['a', 'b', 'c', 'd', 'e']) {
    await answer('ada', key);
    // In passing.
    const count = key === 'a' ? 1 : key === 'b' ? 2 : 3;
    await until(`${key} is counted`, async () => {
      const lists = (await server.command('KEYS', '*:a')) as string[];
      const sizes = await Promise.all(lists.map(list => server.command('ZCARD', list)));
      const newest = await Promise.all(lists.map(list => server.command('ZREVRANGE', list, '0', '0')));
      const kept = (await server.command('KEYS', '*:c')) as string[];
      return sizes.includes(count) && newest.length === 2 && kept.length === count + 1;
    });
  }
  const statuses = await Promise.all(
    ['a', 'b', 'c', 'd', 'e'].map(async key => (await claim('ada', key)).status),
  );
  expect(statuses).toEqual(['claimed', 'claimed', 'answered', 'answered', 'answered']);
  expect((await claim('grace', 'hers')).status).toBe('answered');
});
