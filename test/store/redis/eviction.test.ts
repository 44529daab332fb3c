// S21: a server that forgets keys when its memory is full. A family is one key, so that it goes as a whole.
import { describe, expect, test } from 'vitest';
import { demandRedis, hasRedis } from '../../support/redis-server.ts';
import { key, turn } from '../record-turn.ts';
import { beginRedis, codeOf, fill, openRecords, type Problem } from './begin.ts';

demandRedis('eviction by Redis');

const long = 'x'.repeat(2_000);

describe.runIf(hasRedis)('S21', () => {
  test.each(['allkeys-lru', 'allkeys-random', 'volatile-ttl'])(
    '[S21] %s: each session is there as a whole, or not at all',
    async policy => {
      const server = await beginRedis({ lines: [`maxmemory-policy ${policy}`] });
      const problems: Problem[] = [];
      await server.command('CONFIG', 'SET', 'maxmemory', '3mb');
      const records = await openRecords(server.url, { onProblem: problem => problems.push(problem) });
      expect(problems.map(({ message }) => message).join()).toContain(`maxmemory-policy ${policy}`);
      const versions = new Map<string, number>();
      let lost = 0;
      for (let at = 0; at < 1_500; at += 1) {
        const of = key(`s${at % 150}`);
        const opened = await records.open(of);
        const version = opened.status === 'found' ? opened.record.version : 0;
        if (version !== (versions.get(of.id) ?? 0)) lost += 1;
        const said = `"${of.id}.${version}${long}"`;
        const branch = at % 7 === 0 && version > 0 ? key(`b${at}`) : undefined;
        if (branch)
          await records.append(
            branch,
            turn([`"${branch.id}"`], {
              parent: { id: of.id, rootId: of.id },
              shared: opened.status === 'found' ? { segment: opened.record.segment, length: 1 } : undefined,
              keep: 1,
            }),
            { expectedVersion: 0 },
          );
        const appended = await records.append(of, turn([said], { hints: [`hint${at % 20}`] }), {
          expectedVersion: version,
        });
        versions.set(of.id, appended.status === 'appended' ? version + 1 : 0);
      }
      expect(lost).toBeGreaterThan(0);
      let found = 0;
      for (let at = 0; at < 150; at += 1) {
        const opened = await records.open(key(`s${at}`));
        if (opened.status !== 'found') continue;
        found += 1;
        const whole = Array.from({ length: opened.record.version }, (_, place) => `"s${at}.${place}${long}"`);
        expect(opened.messages).toEqual(whole);
        expect(opened.texts).toHaveLength(1);
      }
      expect(found).toBeGreaterThan(0);
      const { records: listed } = await records.list({ owner: 'ada', branches: true, limit: 200 });
      for (const { key } of listed) expect(await codeOf(records.open(key))).toBe('works');
      for (let hint = 0; hint < 20; hint += 1) await records.findByHints(key(), [`hint${hint}`], 99);
    },
  );

  test('[S21] where nothing is forgotten and everything kept, nothing is said', async () => {
    const server = await beginRedis({
      isKept: true,
      lines: ['maxmemory 100mb', 'maxmemory-policy noeviction'],
    });
    const problems: Problem[] = [];
    const records = await openRecords(server.url, { onProblem: problem => problems.push(problem) });
    await fill(records, key());
    expect(problems).toEqual([]);
  });

  test('[S21] a server that keeps nothing on disk is told about', async () => {
    const server = await beginRedis();
    const problems: Problem[] = [];
    await openRecords(server.url, { onProblem: problem => problems.push(problem) });
    expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining('appendonly')]);
  });
});
