// S17: another server takes over. What a leader acknowledged and no replica had is lost, unless replicas are waited for;
// nobody goes on with what he remembers of it.
import { describe, expect, onTestFinished, test } from 'vitest';
import { demandRedis, hasRedis, type RedisServer, startWatched, until } from '../../support/redis-server.ts';
import { key, turn } from '../record-turn.ts';
import { codeOf, fill, messagesOf, openRecords, recordOf } from './begin.ts';

demandRedis('failover of Redis');

/** All that the leader did the replica has done. */
const inStep = (leader: RedisServer, replica: RedisServer) =>
  until('the replica has everything', async () => {
    const [one, other] = await Promise.all(
      [leader, replica].map(async server => {
        const info = String(await server.command('INFO', 'replication'));
        return /master_repl_offset:(\d+)/.exec(info)?.[1];
      }),
    );
    return one === other;
  });

async function begin(query = '') {
  const watched = await startWatched();
  onTestFinished(() => watched.stop());
  return { ...watched, records: await openRecords(`${watched.url}${query}`) };
}

describe.runIf(hasRedis)('S17', () => {
  test('[S17] the leader dies: the replica leads, and what it had is there', async () => {
    const { leader, replica, records } = await begin();
    await fill(records, key(), 3);
    const before = await recordOf(records, key());
    await inStep(leader, replica);
    await leader.kill();
    await until('another leads', async () => (await codeOf(records.check())) === 'works');
    expect(await messagesOf(records, key())).toEqual(['"1"', '"2"', '"3"']);
    const { segment, length } = before;
    const opened = await records.open(key(), {
      known: { segment, length, texts: [before.system, before.tools] },
    });
    // What he remembers may be of a turn that was lost: he is told everything once more.
    expect(opened).toMatchObject({ status: 'found', from: 0, messages: ['"1"', '"2"', '"3"'] });
    expect(await records.append(key(), turn(['"4"']), { expectedVersion: 3 })).toMatchObject({
      status: 'appended',
    });
  });

  test('[S17] an acknowledged turn that no replica had is lost; its version is a conflict, never a gap', async () => {
    const { leader, replica, records } = await begin();
    await fill(records, key(), 2);
    await inStep(leader, replica);
    // What is sent from now on never arrives.
    replica.freeze();
    await leader.command('CLIENT', 'KILL', 'TYPE', 'replica');
    const lost = turn(['"lost"']);
    expect(await records.append(key(), lost, { expectedVersion: 2 })).toMatchObject({ status: 'appended' });
    const remembered = await recordOf(records, key());
    await leader.kill();
    replica.thaw();
    await until('another leads', async () => (await codeOf(records.check())) === 'works');
    expect(await records.append(key(), turn(['"late"']), { expectedVersion: 3 })).toEqual({
      status: 'conflict',
    });
    expect(await messagesOf(records, key())).toEqual(['"1"', '"2"']);
    // The request that comes again is stored, once.
    expect(await records.append(key(), turn(['"other"']), { expectedVersion: 2 })).toMatchObject({
      status: 'appended',
    });
    const { segment, length, system, tools } = remembered;
    const opened = await records.open(key(), { known: { segment, length, texts: [system, tools] } });
    expect(opened).toMatchObject({ from: 0, messages: ['"1"', '"2"', '"other"'] });
  });

  test('[S17] where a replica is waited for, a turn that none has is not told as stored', async () => {
    const { leader, replica, records } = await begin('?replicas=1&wait_ms=200');
    await fill(records, key(), 2);
    replica.freeze();
    const late = turn(['"3"']);
    // The replica still sleeps when this is told.
    expect(await codeOf(records.append(key(), late, { expectedVersion: 2 }))).toBe('store_unavailable');
    replica.thaw();
    await inStep(leader, replica);
    const again = await records.append(key(), late, { expectedVersion: 2 });
    expect(again).toMatchObject({ status: 'duplicate', version: 3 });
    await leader.kill();
    await until('another leads', async () => (await codeOf(records.open(key()))) === 'works');
    expect(await messagesOf(records, key())).toEqual(['"1"', '"2"', '"3"']);
    // The one that is left has no replica.
    expect(await codeOf(records.append(key(), turn(['"4"']), { expectedVersion: 3 }))).toBe(
      'store_unavailable',
    );
  });

  test('[S17] many appends wait for replicas together', async () => {
    const { records, replica } = await begin('?replicas=1');
    const all = Array.from({ length: 200 }, (_, index) =>
      records.append(key(`s${index}`), turn(['"1"']), { expectedVersion: 0 }),
    );
    expect(new Set((await Promise.all(all)).map(({ status }) => status))).toEqual(new Set(['appended']));
    expect(Number(await replica.command('DBSIZE'))).toBeGreaterThan(400);
  });

  test('[S17] a leader that was put back says so, and another is looked for', async () => {
    const { sentinel, replica, records } = await begin();
    await fill(records, key());
    await sentinel.command('SENTINEL', 'FAILOVER', 'main');
    await until('the replica leads', async () =>
      String(await replica.command('INFO', 'replication')).includes('role:master'),
    );
    const second = turn(['"2"']);
    await until(
      'the store works',
      async () => (await records.append(key(), second, { expectedVersion: 1 })).status !== 'conflict',
    );
    expect(await messagesOf(records, key())).toEqual(['"1"', '"2"']);
  });
});
