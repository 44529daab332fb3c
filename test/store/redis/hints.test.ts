// XA2: of very many sessions that begin alike only the newest are known. Once some were left out, what is left is never
// told as all.
import { describe, expect, test } from 'vitest';
import { mostByHint } from '../../../src/store/redis/entries.ts';
import { demandRedis, hasRedis } from '../../support/redis-server.ts';
import { key, turn } from '../record-turn.ts';
import { beginRedis, openRecords, urlOf } from './begin.ts';

demandRedis('hints of Redis');

describe.runIf(hasRedis)('[XA2] sessions that begin alike', () => {
  test.each([
    [mostByHint, true],
    [mostByHint + 1, false],
    [mostByHint + 6, false],
  ])('of %i all but the newest two are deleted: these are all, %s', async (count, isAll) => {
    const records = await openRecords(urlOf(await beginRedis()));
    for (let at = 0; at < count; at += 1)
      await records.append(key(`s${at}`), turn(['"1"'], { hints: ['h'] }), { expectedVersion: 0 });
    for (let at = 3; at < count - 2; at += 1) await records.delete(key(`s${at}`));
    // Those that were left out are stored all the same.
    expect(await records.find('ada', 's0')).toHaveLength(1);
    const [found] = await records.findByHints(key(), ['h'], 9);
    expect(found?.isAll).toBe(isAll);
    expect(found?.ids.slice(0, 2)).toEqual([`s${count - 1}`, `s${count - 2}`]);
  });
});
