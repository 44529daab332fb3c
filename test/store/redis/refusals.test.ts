// S20: what a server says instead of doing what it was asked; first by a server of ours, then by real ones.
import { describe, expect, onTestFinished, test } from 'vitest';
import { StoreStartError } from '../../../src/store/store-start-error.ts';
import { bulk, FakeRedis, list } from '../../support/fake-redis.ts';
import { demandRedis, hasRedis, until } from '../../support/redis-server.ts';
import { key, turn } from '../record-turn.ts';
import { beginRedis, codeOf, fill, messagesOf, openRecords, type Problem } from './begin.ts';

async function beginFake(): Promise<FakeRedis> {
  const fake = await FakeRedis.start();
  onTestFinished(() => fake.stop());
  return fake;
}

/** The number of the question is what follows the keys. */
const numberOf = (args: readonly string[]) => args[3 + Number(args[2])] ?? '';
const note = (args: readonly string[]) => list(bulk(numberOf(args)), bulk('noted'));

describe('S20', () => {
  test.each([
    'LOADING Redis is loading the dataset in memory',
    "READONLY You can't write against a read only replica.",
    'MASTERDOWN Link with MASTER is down',
    'CLUSTERDOWN The cluster is down',
    'TRYAGAIN Multiple keys request during rehashing of slot',
    'BUSY Redis is busy running a script.',
    'NOREPLICAS Not enough good replicas to write.',
  ])('[S20] %s: passes, so it is asked again', async refusal => {
    const fake = await beginFake();
    const records = await openRecords(fake.url);
    fake.answer = args => (fake.asked.length < 3 ? `-${refusal}\r\n` : note(args));
    expect(await records.readNote('n')).toBe('noted');
    expect(fake.asked.length).toBe(3);
    fake.answer = () => `-${refusal}\r\n`;
    expect(await codeOf(records.readNote('n'))).toBe('store_unavailable');
    expect(fake.asked.length).toBeLessThan(40);
  });

  test.each([
    ['NOAUTH Authentication required.', 'store_unavailable'],
    ['NOPERM this user has no permissions', 'store_unavailable'],
    ['MISCONF Redis is configured to save RDB snapshots', 'store_unavailable'],
    ['WRONGTYPE Operation against a key', 'store_corrupt'],
    ['ERR unknown command', 'store_unavailable'],
    ["OOM command not allowed when used memory > 'maxmemory'.", 'store_full'],
  ])('[S20] %s: does not pass: %s, at once', async (refusal, expected) => {
    const fake = await beginFake();
    const records = await openRecords(fake.url);
    fake.answer = () => `-${refusal}\r\n`;
    expect(await codeOf(records.writeNote('n', 'text'))).toBe(expected);
    expect(fake.asked.length).toBe(1);
  });

  test('[S20] NOSCRIPT: the script is sent once', async () => {
    const fake = await beginFake();
    const records = await openRecords(fake.url);
    fake.answer = args => (args[0] === 'EVALSHA' ? '-NOSCRIPT No matching script.\r\n' : note(args));
    expect(await records.readNote('n')).toBe('noted');
    expect(fake.asked.map(([name]) => name)).toEqual(['EVALSHA', 'EVAL']);
  });

  test.each([
    ['redis_version:6.2.14\r\nrole:master\r\n', /Redis 6\.2\.14; Redis 7\.0 or newer is needed/],
    [
      'redis_version:7.2.4\r\nvalkey_version:7.1.9\r\nrole:master\r\n',
      /Valkey 7\.1\.9; Valkey 7\.2 or newer/,
    ],
    ['redis_version:7.4.0\r\nrole:slave\r\n', /replica/],
    ['redis_version:7.4.0\r\nredis_mode:cluster\r\n', /redis\+cluster:/],
    ['redis_version:7.4.0\r\nredis_mode:sentinel\r\n', /redis\+sentinel:/],
  ])('[S20] not used: %j', async (info, why) => {
    const fake = await beginFake();
    fake.info = info;
    const opened = openRecords(fake.url);
    await expect(opened).rejects.toThrow(StoreStartError);
    await expect(opened).rejects.toThrow(why);
  });

  test.each([
    'redis_version:7.0.0\r\nrole:master\r\n',
    'redis_version:255.255.255\r\n',
    'redis_version:7.2.4\r\nvalkey_version:8.1.0\r\nrole:master\r\n',
  ])('[S20] used: %j', async info => {
    const fake = await beginFake();
    fake.info = info;
    await openRecords(fake.url);
  });
});

demandRedis('refusals of a real Redis');

describe.runIf(hasRedis)('S20, by a real server', () => {
  test('[S20] [R9] its memory is full: 507, reads and deletes work, and so does all when there is room', async () => {
    const server = await beginRedis();
    const records = await openRecords(server.url);
    await fill(records, key(), 2);
    await fill(records, key('other'));
    await server.command('CONFIG', 'SET', 'maxmemory', '1');
    expect(await codeOf(records.append(key(), turn(['"3"']), { expectedVersion: 2 }))).toBe('store_full');
    expect(await codeOf(records.append(key('new'), turn(['"1"']), { expectedVersion: 0 }))).toBe(
      'store_full',
    );
    expect(await codeOf(records.check())).toBe('store_full');
    expect(await messagesOf(records, key())).toEqual(['"1"', '"2"']);
    expect((await records.list({ owner: 'ada', limit: 9 })).records).toHaveLength(2);
    expect(await records.delete(key('other'))).toBe(true);
    await server.command('CONFIG', 'SET', 'maxmemory', '0');
    expect(await records.append(key(), turn(['"3"']), { expectedVersion: 2 })).toMatchObject({
      status: 'appended',
    });
    expect((await records.list({ owner: 'ada', limit: 9 })).records).toHaveLength(1);
  });

  test('[S20] another’s script runs for a while: waited for', async () => {
    const server = await beginRedis({ lines: ['busy-reply-threshold 50'] });
    const records = await openRecords(server.url);
    await fill(records, key());
    const busy = server.command('EVAL', 'while true do end', '0').catch(() => undefined);
    await until('it is busy', async () => !(await codeOf(server.command('PING'))).includes('works'));
    const reading = messagesOf(records, key());
    await server.command('SCRIPT', 'KILL');
    await busy;
    expect(await reading).toEqual(['"1"']);
  });

  test('[S20] all scripts are forgotten: nobody notices', async () => {
    const server = await beginRedis();
    const records = await openRecords(server.url);
    for (let version = 0; version < 5; version += 1) {
      await server.command('SCRIPT', 'FLUSH');
      const appended = await records.append(key(), turn(['"x"']), { expectedVersion: version });
      expect(appended.status).toBe('appended');
    }
  });

  test('[S20] a user who may not look into the server can use it', async () => {
    const server = await beginRedis();
    const rights = ['on', '>secret', '~cohere-proxy:*', '+@all', '-info', '-config'];
    await server.command('ACL', 'SETUSER', 'ada', ...rights);
    const problems: Problem[] = [];
    const url = server.url.replace('redis://', 'redis://ada:secret@');
    const records = await openRecords(url, { onProblem: problem => problems.push(problem) });
    await fill(records, key());
    expect(await messagesOf(records, key())).toEqual(['"1"']);
    expect(problems).toEqual([]);
  });

  test('[S20] a password that was changed meanwhile', async () => {
    const server = await beginRedis();
    const problems: Problem[] = [];
    const records = await openRecords(server.url, { onProblem: problem => problems.push(problem) });
    await fill(records, key());
    await server.command('CONFIG', 'SET', 'requirepass', 'changed');
    // `command` does not know the password either.
    const other = await openRecords(server.url.replace('redis://', 'redis://:changed@'));
    expect(await messagesOf(other, key())).toEqual(['"1"']);
    await expect(openRecords(server.url)).rejects.toThrow(/NOAUTH/);
    await expect(openRecords(server.url.replace('redis://', 'redis://:wrong@'))).rejects.toThrow(/WRONGPASS/);
    await expect(openRecords(server.url.replace('redis://', 'redis://:hunter2@'))).rejects.not.toThrow(
      /hunter2/,
    );
  });
});
