// S10: several processes on one store.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RedisRecords } from '../../../src/store/redis/redis-records.ts';
import { demandRedis, hasRedis, startCluster, startRedis } from '../../support/redis-server.ts';
import { key, turn } from '../record-turn.ts';
import { fill, messagesOf, openRecords, recordOf, statusOf } from './begin.ts';

demandRedis('several nodes on one Redis');

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

  const openNodes = (count: number) => {
    begun += 1;
    const url = `${server?.url}?prefix=nodes${begun}`;
    return Promise.all(Array.from({ length: count }, () => openRecords(url)));
  };

  test.each([2, 3])(
    '[S10] %i of them append to one session as fast as they can: no turn lost, doubled or out of order',
    async count => {
      const nodes = await openNodes(count);
      const stored = new Map<number, string>();
      let conflicts = 0;
      const hammer = async (records: RedisRecords, name: string) => {
        for (let at = 0; at < 60; ) {
          const opened = await records.open(key());
          const version = opened.status === 'found' ? opened.record.version : 0;
          const said = `"${name}${at}"`;
          const appended = await records.append(key(), turn([said]), { expectedVersion: version });
          if (appended.status === 'conflict') {
            conflicts += 1;
            continue;
          }
          expect(appended).toMatchObject({ status: 'appended', record: { version: version + 1 } });
          expect(stored.has(version + 1)).toBe(false);
          stored.set(version + 1, said);
          at += 1;
        }
      };
      await Promise.all(nodes.map((records, index) => hammer(records, String.fromCharCode(97 + index))));
      expect(conflicts).toBeGreaterThan(0);
      const inOrder = Array.from({ length: 60 * count }, (_, index) => stored.get(index + 1));
      for (const records of nodes) expect(await messagesOf(records, key())).toEqual(inOrder);
    },
  );

  test('[S10] one holds at a time, whoever asks', async () => {
    const nodes = await openNodes(3);
    const [first] = nodes;
    if (!first) return;
    await fill(first, key());
    let holding = 0;
    let version = 1;
    const work = async (records: RedisRecords, holder: string) => {
      for (let at = 0; at < 10; ) {
        const opened = await records.open(key(), { lease: { holder, ttlMs: 10_000 } });
        if (opened.status !== 'found') continue;
        holding += 1;
        expect([holding, opened.record.version]).toEqual([1, version]);
        version += 1;
        holding -= 1;
        const held = { expectedVersion: opened.record.version, holder };
        expect(statusOf(await records.append(key(), turn(['""']), held))).toBe('appended');
        at += 1;
      }
    };
    await Promise.all(nodes.map((records, index) => work(records, `holder${index}`)));
    expect((await recordOf(first, key())).version).toBe(31);
  });

  test('[S10] a name is begun once: by itself, as a branch of this or that, or as what is left behind', async () => {
    const nodes = await openNodes(3);
    const [first] = nodes;
    if (!first) return;
    for (const root of ['p', 'q']) await fill(first, key(root), 2);
    const branch = (root: string) => ({ parent: { id: root, rootId: root }, keep: 0 });
    for (let round = 0; round < 25; round += 1) {
      const name = key('wanted');
      const [p, q] = [await recordOf(first, key('p')), await recordOf(first, key('q'))];
      const leave = () => turn(['"left"'], { keep: 1, leftBehindId: 'wanted' });
      const begin = { expectedVersion: 0 };
      const attempts = [
        nodes[0]?.append(name, turn(['"alone"']), begin),
        nodes[1]?.append(name, turn(['"p"'], branch('p')), begin),
        nodes[2]?.append(name, turn(['"q"'], branch('q')), begin),
        nodes[round % 3]?.append(key('p'), leave(), { expectedVersion: p.version }),
        nodes[(round + 1) % 3]?.append(key('q'), leave(), { expectedVersion: q.version }),
      ];
      const statuses = (await Promise.all(attempts)).map(result => result?.status);
      expect(statuses.filter(status => status === 'appended')).toHaveLength(1);
      const texts = await Promise.all(nodes.map(records => messagesOf(records, name)));
      const [text] = texts;
      expect(texts).toEqual(nodes.map(() => text));
      expect(Array.isArray(text) && text.length > 0).toBe(true);
      const { records: listed } = await first.list({ owner: 'ada', branches: true, limit: 9 });
      expect(listed.map(record => record.key.id).toSorted()).toEqual(['p', 'q', 'wanted']);
      expect(await nodes[round % 3]?.delete(name)).toBe(true);
      expect(await Promise.all(nodes.map(records => messagesOf(records, name)))).toEqual(
        nodes.map(() => 'missing'),
      );
      for (const root of ['p', 'q']) {
        const { version, length } = await recordOf(first, key(root));
        if (length < 2) throw new Error('not enough');
        await first.append(key(root), turn(['"more"']), { expectedVersion: version });
      }
    }
  });

  test('[S10] a request’s key is claimed once', async () => {
    const nodes = await openNodes(3);
    for (let round = 0; round < 20; round += 1) {
      const claims = await Promise.all(
        Array.from({ length: 30 }, (_, index) =>
          nodes[index % 3]?.claim(key(), `k${round}`, {
            holder: `h${index}`,
            ttlMs: 1_000,
            fingerprint: `${index}`,
          }),
        ),
      );
      expect(claims.filter(claim => claim?.status === 'claimed')).toHaveLength(1);
      expect(claims.filter(claim => claim?.status === 'running')).toHaveLength(29);
    }
  });
});
