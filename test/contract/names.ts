// S22: names that a careless encoding would take for one another.
import { describe, expect, test } from 'vitest';
import type { SessionKey } from '../../src/conversation/session.ts';
import { randomSource } from '../support/seed.ts';
import { type BeginStore, findByAnchor, found, key, marked, saidIn, turn } from './given.ts';

/** Of owners there are no blanks; of ids, letters, digits, `_` and `-`; of users, whatever JSON can say. */
const ofOwners = ['a', 'b', 'A', ':', '/', '|', '{', '}', '%', '%3A', '\\', 'é', 'e\u0301', '1:'];
const ofIds = ['a', 'b', 'A', '-', '_', 'us', 'u', '1', 'null', 'sess_'];
const ofUsers = [
  ...ofOwners,
  ...ofIds,
  ...['\n', '\r\n', '\t', ' ', '\u0000', '\u001f', '\u007f', '\u0085', '\u2028', '\ufeff', '\u200b'],
  // Characters that are one when they are normalised, and halves that have no UTF-8.
  ...['\u212a', 'K', 'k', 'ﬁ', 'fi', 'ß', 'ss', 'SS', 'İ', 'ı', 'i', '🌊', '\ud83c', '\ud83d', '\ufffd'],
  ...['"', "'", ',', '*', '?', '[', ']', '^', '%00', 'undefined', 'a:b', 'b:c'],
];

/** That many keys, no two of them the same: 200 are 19,900 pairs. */
function confusingKeys(count: number): SessionKey[] {
  const random = randomSource('names');
  const pick = (of: readonly string[], max: number, min = 0) =>
    Array.from(
      { length: min + Math.floor(random() * (max - min + 1)) },
      () => of[Math.floor(random() * of.length)] ?? '',
    ).join('');
  const keys = new Map<string, SessionKey>();
  const add = (one: SessionKey) => keys.set(JSON.stringify([one.owner, one.user ?? null, one.id]), one);
  // The same letters, parted elsewhere.
  for (const text of ['a:b:c', 'ab_c', 'aa', '1:a:b']) {
    for (let first = 1; first < text.length; first += 1) {
      for (let second = first; second < text.length; second += 1) {
        const id = text.slice(second).replaceAll(':', '-');
        const user = text.slice(first, second);
        add({ owner: text.slice(0, first), user, id });
        if (user === '') add({ owner: text.slice(0, first), user: undefined, id });
      }
    }
  }
  while (keys.size < count) {
    const user = random() < 0.1 ? undefined : pick(ofUsers, 3);
    const one = { owner: pick(ofOwners, 2, 1), user, id: pick(ofIds, 3, 1) };
    add(one);
    // And one beside it that differs in a single thing.
    const other = {
      ...one,
      user: [undefined, '', user?.normalize('NFD'), user?.toLowerCase()][keys.size % 4],
    };
    add(other);
  }
  return [...keys.values()];
}

export function testNames(begin: BeginStore): void {
  describe('S22', () => {
    const keys = confusingKeys(200);
    const say = (index: number) => `in ${index}`;

    test('[S22] [R7] each name holds its own, and nothing of another', async () => {
      const { store } = await begin();
      for (const [index, of] of keys.entries()) {
        expect(await store.read(of)).toEqual({ status: 'missing' });
        const said = marked(say(index), of.id, { anchors: [of.id], label: of.id });
        expect((await store.append(of, said, { expectedVersion: 0 })).status).toBe('appended');
      }
      for (const [index, of] of keys.entries()) {
        const session = await found(store, of);
        expect(session?.key).toEqual(of);
        expect(saidIn(session)).toEqual([say(index)]);
        expect((await store.recall(of, of.id))?.session.key).toEqual(of);
        expect((await findByAnchor(store, of, of.id, 9)).map(one => one.key)).toEqual([of]);
        const spaces = await store.find(of.owner, of.id);
        expect(spaces.some(({ owner, user }) => owner === of.owner && user === of.user)).toBe(true);
      }
      for (const owner of new Set(keys.map(of => of.owner))) {
        const listed = await store.list({ owner, branches: true, limit: 999 });
        const names = listed.sessions.map(({ id, user }) => JSON.stringify([id, user ?? null]));
        const own = keys.filter(of => of.owner === owner);
        expect(names.toSorted()).toEqual(
          own.map(({ id, user }) => JSON.stringify([id, user ?? null])).toSorted(),
        );
      }
      for (const [index, of] of keys.entries())
        if (index % 2 === 0) expect(await store.delete(of)).toBe(true);
      for (const [index, of] of keys.entries())
        expect(saidIn(await found(store, of))).toEqual(index % 2 === 0 ? undefined : [say(index)]);
    });

    test('[S22] [R16] [R17] so do holds and claims', async () => {
      const { store } = await begin();
      for (const [index, of] of keys.entries()) {
        const lease = { holder: `${index}`, ttlMs: 500 };
        expect((await store.hold(of, lease)).status).toBe('missing');
        const claim = await store.claim(of, of.id, { ...lease, fingerprint: say(index) });
        expect(claim).toEqual({ status: 'claimed' });
      }
      const request = { holder: 'other', ttlMs: 500, fingerprint: 'other' };
      for (const [index, of] of keys.entries())
        expect(await store.claim(of, of.id, request)).toEqual({ status: 'running', fingerprint: say(index) });
    });

    test('[S22] labels, anchors, calls and notes are taken as they are', async () => {
      const { store } = await begin();
      const names = [...new Set(ofUsers)].filter(name => name.isWellFormed());
      for (const [index, name] of names.entries()) {
        const { reply } = turn('');
        const message = {
          role: 'assistant',
          toolCalls: [{ id: name, name: 'look', arguments: '{}' }],
        } as const;
        const more = { label: name, anchors: [name], reply: { ...reply, message } };
        await store.append(key(`s${index}`), turn('1', more), { expectedVersion: 0 });
        await store.writeNote(name, say(index));
      }
      for (const [index, name] of names.entries()) {
        const id = `s${index}`;
        const { sessions } = await store.list({ owner: 'ada', label: name, limit: 9 });
        expect(sessions.map(session => session.id)).toEqual([id]);
        expect((await findByAnchor(store, key(), name, 9)).map(session => session.key.id)).toEqual([id]);
        expect((await store.findByCallIds(key(), [name], 9)).map(session => session.key.id)).toEqual([id]);
        expect(await store.readNote(name)).toBe(say(index));
      }
    });
  });
}
