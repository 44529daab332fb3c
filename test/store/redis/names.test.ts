// S22: names that a careless store would take for one another.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Keys } from '../../../src/store/redis/keys.ts';
import { fromSeed } from '../../properties/from-seed.ts';
import { demandRedis, hasRedis } from '../../support/redis-server.ts';
import { key, turn } from '../record-turn.ts';
import { beginRedis, messagesOf, openRecords } from './begin.ts';

const name = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom(
    '',
    'a',
    'A',
    'a:b',
    'b:c',
    ':',
    '{a}',
    'a}b',
    '\u00e9',
    'e\u0301',
    '\ud83c',
    '\ud83d',
    'null',
    '\n',
    'a\0',
  ),
);
const user = fc.option(name, { nil: undefined });
const places = fc.record({ owner: name, user, id: name });

function keysOf({ owner, user, id }: { owner: string; user: string | undefined; id: string }): string[] {
  const keys = new Keys('p');
  const space = { owner, user };
  const { family, tombstones, pointer, holds, revoked } = keys.family({ ...space, id });
  return [family, tombstones, pointer, holds, revoked, keys.mark(space, id), keys.claim(space, id)];
}

describe('S22', () => {
  test('[S22] two names have two keys, whatever they are made of', () => {
    fc.assert(
      fc.property(places, places, (one, other) => {
        const same = one.owner === other.owner && one.user === other.user && one.id === other.id;
        const all = [...keysOf(one), ...(same ? [] : keysOf(other))];
        expect(new Set(all).size).toBe(all.length);
      }),
      fromSeed('keys', 10_000),
    );
  });

  test('[S22] lists as well', () => {
    const keys = new Keys('p');
    const all = [
      keys.ownerList('a:b'),
      keys.ownerList('a'),
      keys.spaceList('a', 'b:c'),
      keys.spaceList('a:b', 'c'),
      keys.spaceList('a', undefined),
      keys.spaceList('a', ''),
      keys.labelList('a', 'b'),
      keys.labelList('a', ''),
      keys.users('a', 'b'),
      keys.hint('a'),
      keys.note('a'),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  test('[S22] a key names nobody', () => {
    for (const one of keysOf({ owner: 'canary-owner', user: 'canary-user', id: 'canary-id' }))
      expect(one).toMatch(/^p:\{[A-Za-z0-9_-]{22}\}:[a-z]$/);
  });
});

demandRedis('odd names in Redis');

describe.runIf(hasRedis)('S22, stored', () => {
  test('[S22] each is a session of its own, and comes back as it was called', async () => {
    const server = await beginRedis();
    const records = await openRecords(server.url);
    const odd = [
      'a',
      'A',
      '',
      '{a}',
      'a:b',
      '\u00e9',
      'e\u0301',
      '\ud83c',
      '\ud83d',
      'a\0b',
      'x'.repeat(5_000),
      'a\r\nDEL b',
      '"',
      '%s',
      '__proto__',
    ];
    const all = odd.flatMap(id => [undefined, ...odd.slice(0, 6)].flatMap(user => key(id, user, 'ada')));
    for (const [index, of] of all.entries()) {
      const appended = await records.append(
        of,
        turn([`"${index}"`], { label: of.id, hints: [`h${index}`] }),
        {
          expectedVersion: 0,
        },
      );
      expect(appended).toMatchObject({ status: 'appended', record: { key: of, label: of.id } });
    }
    for (const [index, of] of all.entries()) {
      expect(await messagesOf(records, of)).toEqual([`"${index}"`]);
      expect(await records.findByHints(of, [`h${index}`], 9)).toEqual([{ ids: [of.id], isAll: true }]);
    }
    for (const id of odd) {
      expect(await records.find('ada', id)).toHaveLength(7);
      const { records: labelled } = await records.list({ owner: 'ada', label: id, limit: 99 });
      expect(labelled.map(record => record.key.id)).toEqual(Array(7).fill(id));
    }
  });
});
