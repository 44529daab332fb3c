// S18 and S19: answers that never come, come late, or are another's.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scripts } from '../../../src/store/redis/script.ts';
import { fromSeed } from '../../properties/from-seed.ts';
import { demandRedis, hasRedis, until } from '../../support/redis-server.ts';
import type { TcpProxy } from '../../support/tcp-proxy.ts';
import { key, turn } from '../record-turn.ts';
import { beginProxy, beginRedis, codeOf, fill, messagesOf, openRecords, urlOf } from './begin.ts';

demandRedis('lost replies of Redis');

/** Once something with these words goes by. */
function when(proxy: TcpProxy, words: string, act: () => void): void {
  proxy.rules.onAsked = asked => {
    if (!asked.includes(words)) return;
    proxy.rules.onAsked = () => undefined;
    act();
  };
}

describe.runIf(hasRedis)('S18', () => {
  test('[S18] the answer is cut off after the turn was stored: it is told as appended, and stored once', async () => {
    const server = await beginRedis();
    const proxy = await beginProxy(server);
    const records = await openRecords(urlOf(proxy));
    await fill(records, key());
    when(proxy, scripts.append.sha, () => {
      proxy.rules.isSwallowing = true;
      setTimeout(() => {
        proxy.behave();
        proxy.reset();
      }, 50);
    });
    const appended = await records.append(key(), turn(['"2"'], { hints: ['h'] }), { expectedVersion: 1 });
    expect(appended).toMatchObject({ status: 'appended', record: { version: 2, length: 2 } });
    expect(await messagesOf(records, key())).toEqual(['"1"', '"2"']);
    expect(await records.findByHints(key(), ['h'], 9)).toEqual([{ ids: ['s'], isAll: true }]);
  });

  test('[S18] no answer at all: 503, and the same turn again is a duplicate', async () => {
    const server = await beginRedis();
    const proxy = await beginProxy(server);
    const records = await openRecords(urlOf(proxy));
    await fill(records, key());
    when(proxy, scripts.append.sha, () => {
      proxy.rules.isSwallowing = true;
    });
    const late = turn(['"2"'], { mark: { key: 'k', ttlMs: 5_000, turn: '{}' } });
    expect(await codeOf(records.append(key(), late, { expectedVersion: 1 }))).toBe('store_unavailable');
    proxy.behave();
    await until('the store works', async () => (await codeOf(records.check())) === 'works');
    expect(await records.recall(key(), 'k')).toMatchObject({ version: 2, messages: ['"2"'] });
    const again = await records.append(key(), late, { expectedVersion: 1 });
    expect(again).toEqual({ status: 'duplicate', version: 2 });
    expect(await messagesOf(records, key())).toEqual(['"1"', '"2"']);
  });

  test('[S18] it was another that went on meanwhile: duplicate, not conflict', async () => {
    const server = await beginRedis();
    const proxy = await beginProxy(server);
    const records = await openRecords(urlOf(proxy));
    const other = await openRecords(server.url);
    await fill(records, key());
    when(proxy, scripts.append.sha, () => {
      proxy.rules.isSwallowing = true;
    });
    const appending = records.append(key(), turn(['"2"']), { expectedVersion: 1 });
    await until('it is stored', async () => (await messagesOf(other, key())).length === 2);
    await other.append(key(), turn(['"3"']), { expectedVersion: 2 });
    proxy.behave();
    proxy.reset();
    expect(await appending).toEqual({ status: 'duplicate', version: 2 });
    expect(await messagesOf(records, key())).toEqual(['"1"', '"2"', '"3"']);
  });

  test('[S18] wherever connections are cut, each turn is stored once and in order', async () => {
    const server = await beginRedis();
    const proxy = await beginProxy(server);
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(3_000), { minLength: 5, maxLength: 10 }), async cuts => {
        run += 1;
        const records = await openRecords(`${urlOf(proxy)}?prefix=cut${run}`);
        for (const [version, cutAfterBytes] of cuts.entries()) {
          proxy.rules.cutAfterBytes = cutAfterBytes + 6_000;
          const one = turn([`"${version + 1}"`]);
          for (;;) {
            const code = await codeOf(
              records.append(key(), one, { expectedVersion: version }).then(({ status }) => {
                if (status === 'conflict') throw new Error('conflict');
              }),
            );
            if (code === 'works') break;
            expect(code).toBe('store_unavailable');
          }
        }
        proxy.behave();
        proxy.reset();
        await until('it works', async () => (await codeOf(records.check())) === 'works');
        expect(await messagesOf(records, key())).toEqual(cuts.map((_, index) => `"${index + 1}"`));
        await records.close();
      }),
      fromSeed('cuts', 10),
    );
  });
});

describe.runIf(hasRedis)('S19', () => {
  test('[S19] 1,000 owners ask while answers are late and connections die: nobody reads another’s', async () => {
    const server = await beginRedis();
    const proxy = await beginProxy(server);
    const records = await openRecords(urlOf(proxy));
    const owners = Array.from({ length: 1_000 }, (_, index) => `owner${index}`);
    await Promise.all(
      owners.map(owner =>
        records.append(key('s', undefined, owner), turn([`"of ${owner}"`]), { expectedVersion: 0 }),
      ),
    );
    let read = 0;
    let failed = 0;
    for (let round = 0; round < 4; round += 1) {
      // Longer than anybody waits: what comes then was asked by somebody who is gone.
      proxy.rules.delayMs = [300, 1_100, 0, 1_100][round] ?? 0;
      if (round === 2) setTimeout(() => proxy.reset(), 5);
      await Promise.all(
        owners.map(async owner => {
          try {
            const opened = await records.open(key('s', undefined, owner));
            expect(opened).toMatchObject({ status: 'found', messages: [`"of ${owner}"`] });
            read += 1;
          } catch (error) {
            expect(await codeOf(Promise.reject(error))).toBe('store_unavailable');
            failed += 1;
          }
        }),
      );
    }
    proxy.behave();
    await until('it works', async () => (await codeOf(records.check())) === 'works');
    for (const owner of owners.slice(0, 100))
      expect(await messagesOf(records, key('s', undefined, owner))).toEqual([`"of ${owner}"`]);
    expect([read > 0, failed > 0]).toEqual([true, true]);
  });

  test('[S19] an answer to something else is not believed, and its connection is thrown away', async () => {
    const server = await beginRedis();
    const proxy = await beginProxy(server);
    const records = await openRecords(urlOf(proxy));
    await Promise.all(['ada', 'eve'].map(owner => fill(records, key('s', undefined, owner))));
    // One answer is lost on the way, as by a client that forgot that it asked.
    when(proxy, scripts.open.sha, () => {
      proxy.rules.isSwallowing = true;
      setTimeout(() => {
        proxy.rules.isSwallowing = false;
      }, 30);
    });
    const { accepted } = proxy;
    const lost = codeOf(records.open(key('s', undefined, 'ada')));
    await new Promise(resolve => setTimeout(resolve, 60));
    const opened = await records.open(key('s', undefined, 'eve'));
    expect(opened).toMatchObject({ status: 'found', record: { key: { owner: 'eve' } } });
    expect(proxy.accepted).toBe(accepted + 1);
    await lost;
    expect(await messagesOf(records, key('s', undefined, 'ada'))).toEqual(['"1"']);
  });

  test('[S19] what says that it is another’s is damaged', async () => {
    const server = await beginRedis();
    const records = await openRecords(server.url);
    await fill(records, key('a'));
    await fill(records, key('b', undefined, 'eve'));
    const names = (await server.command('KEYS', '*:f')) as string[];
    const first = await Promise.all(
      names.map(async name => {
        const fields = (await server.command('HKEYS', name)) as string[];
        const field = fields.find(one => one.startsWith('c:')) ?? '';
        return { name, field, json: String(await server.command('HGET', name, field)) };
      }),
    );
    const [one, other] = first;
    if (!one || !other) throw new Error('there are two');
    await server.command('HSET', one.name, one.field, other.json);
    const codes = await Promise.all(
      [key('a'), key('b', undefined, 'eve')].map(of => codeOf(records.open(of))),
    );
    expect(codes.toSorted()).toEqual(['store_corrupt', 'works']);
  });
});
