// R16: who holds a session.
import { describe, expect, test } from 'vitest';
import type { Message } from '../../src/conversation/message.ts';
import type { SessionKey } from '../../src/conversation/session.ts';
import type { SessionStore } from '../../src/store/session-store.ts';
import {
  type BeginStore,
  codeOf,
  fill,
  findByAnchor,
  found,
  key,
  marked,
  mustFind,
  roomy,
  saidIn,
  spaces,
  turn,
} from './given.ts';

const ttlMs = 100;
const lease = (holder: string) => ({ holder, ttlMs });

export function testHolds(begin: BeginStore): void {
  const holds = async (store: SessionStore, holder: string, of: SessionKey = key()) =>
    (await store.hold(of, lease(holder))).status;

  describe('R16', () => {
    test('[R16] one holds at a time, the next when it has let go', async () => {
      const { store } = await begin();
      const session = await fill(store, key());
      expect(await store.hold(key(), lease('a'))).toEqual({ status: 'found', session });
      expect(await store.hold(key(), lease('b'))).toEqual({ status: 'busy' });
      await store.letGo(key(), 'a');
      expect(await store.hold(key(), lease('b'))).toEqual({ status: 'found', session });
      expect(await holds(store, 'a')).toBe('busy');
    });

    test('[R16] who was silent for too long holds no longer, who renews does', async () => {
      const { store, wait } = await begin({ sessionIdleMs: 100_000 });
      await fill(store, key());
      expect(await holds(store, 'a')).toBe('found');
      await wait(ttlMs - 1);
      expect(await holds(store, 'b')).toBe('busy');
      expect(await holds(store, 'a')).toBe('found');
      await wait(ttlMs - 1);
      expect(await holds(store, 'b')).toBe('busy');
      await wait(1);
      expect(await holds(store, 'b')).toBe('found');
      expect(await holds(store, 'a')).toBe('busy');
    });

    test('[R16] each holds for as long as it said', async () => {
      const { store, wait } = await begin({ sessionIdleMs: 100_000 });
      await store.hold(key('long'), { holder: 'a', ttlMs: 500 });
      await store.hold(key('short'), { holder: 'a', ttlMs: 10 });
      await wait(10);
      expect(await holds(store, 'b', key('short'))).toBe('missing');
      expect(await holds(store, 'b', key('long'))).toBe('busy');
      await wait(490);
      expect(await holds(store, 'b', key('long'))).toBe('missing');
    });

    test('[R12] [R16] what is held does not expire, and then at its time', async () => {
      const { store, wait } = await begin();
      await fill(store, key());
      await wait(roomy.sessionIdleMs - 1);
      expect(await holds(store, 'a')).toBe('found');
      for (let at = 0; at < 5; at += 1) {
        await wait(ttlMs - 1);
        expect(saidIn(await found(store, key()))).toEqual(['1']);
        expect(await holds(store, 'a')).toBe('found');
      }
      const appended = await store.append(key(), turn('2'), { expectedVersion: 1, holder: 'a' });
      expect(appended.status).toBe('appended');
      await wait(roomy.sessionIdleMs - 1);
      expect(saidIn(await found(store, key()))).toEqual(['1', '2']);
      await wait(1);
      expect((await store.read(key())).status).toBe('expired');
    });

    test('[R16] only who holds lets go', async () => {
      const { store, wait } = await begin();
      await store.letGo(key(), 'a');
      await holds(store, 'a');
      await store.letGo(key(), 'b');
      await store.letGo(key('other'), 'a');
      expect(await holds(store, 'b')).toBe('busy');
      await wait(ttlMs);
      await holds(store, 'b');
      // Late: another holds it by now.
      await store.letGo(key(), 'a');
      expect(await holds(store, 'c')).toBe('busy');
    });

    test('[R16] what is not there can be held, and begun by who holds it', async () => {
      const { store } = await begin();
      expect(await holds(store, 'a')).toBe('missing');
      expect(await holds(store, 'b')).toBe('busy');
      expect(await store.read(key())).toEqual({ status: 'missing' });
      expect(await store.list({ owner: 'ada', limit: 9 })).toEqual({ sessions: [], hasMore: false });
      expect(await store.find('ada', 's')).toEqual([]);
      expect(await store.delete(key())).toBe(false);
      expect(await store.setIdle(key(), 5)).toBe(false);
      const late = turn('late');
      expect(await store.append(key(), late, { expectedVersion: 0, holder: 'b' })).toEqual({
        status: 'conflict',
      });
      const begun = turn('1');
      expect(await store.append(key(), begun, { expectedVersion: 0, holder: 'a' })).toEqual({
        status: 'appended',
        version: 1,
      });
      expect(await holds(store, 'b')).toBe('found');
    });

    test('[R16] [R12] nor what has expired', async () => {
      const { store, wait } = await begin();
      await fill(store, key(), 2);
      await wait(roomy.sessionIdleMs);
      expect(await holds(store, 'a')).toBe('expired');
      expect(await holds(store, 'b')).toBe('busy');
      expect(await store.read(key())).toEqual({ status: 'expired' });
      const anew = { expectedVersion: 0, holder: 'a' };
      expect((await store.append(key(), turn('anew'), anew)).status).toBe('appended');
      expect(saidIn(await found(store, key()))).toEqual(['anew']);
    });

    test('[R16] [R4] what another holds is not appended to', async () => {
      const { store } = await begin();
      const session = await fill(store, key());
      await holds(store, 'a');
      const late = marked('late', 'k', { anchors: ['late'] });
      for (const holder of ['b', undefined]) {
        const appended = await store.append(key(), late, { expectedVersion: 1, holder });
        expect(appended).toEqual({ status: 'conflict' });
      }
      expect(await store.read(key())).toEqual({ status: 'found', session });
      expect(await store.recall(key(), 'k')).toBeUndefined();
      expect(await findByAnchor(store, key(), 'late', 9)).toEqual([]);
      expect(await holds(store, 'b')).toBe('busy');
    });

    test('[R16] an append lets go', async () => {
      const { store } = await begin();
      await fill(store, key());
      await holds(store, 'a');
      await store.append(key(), turn('2'), { expectedVersion: 1, holder: 'a' });
      expect(await store.hold(key(), lease('b'))).toMatchObject({
        status: 'found',
        session: { version: 2 },
      });
      // Behind it, and while another holds.
      await store.letGo(key(), 'a');
      expect(await holds(store, 'c')).toBe('busy');
      const cut = turn('again', { keep: 2, leftBehindId: 'left' });
      expect((await store.append(key(), cut, { expectedVersion: 2, holder: 'b' })).status).toBe('appended');
      expect(await holds(store, 'c')).toBe('found');
      expect(await holds(store, 'c', key('left'))).toBe('found');
    });

    test('[R16] one that is refused does not', async () => {
      const { store } = await begin({ sessionMessages: 5 });
      await fill(store, key());
      await holds(store, 'a');
      const held = { expectedVersion: 1, holder: 'a' };
      expect((await store.append(key(), turn('2'), { ...held, expectedVersion: 0 })).status).toBe('conflict');
      expect(await holds(store, 'b')).toBe('busy');
      const big = turn('2', { added: Array<Message>(9).fill({ role: 'user', content: 'x' }) });
      expect(await codeOf(store.append(key(), big, held))).toBe('store_full');
      expect(await holds(store, 'b')).toBe('busy');
      expect((await store.append(key(), turn('2'), held)).status).toBe('appended');
    });

    test('[R16] [R5] one that is known already lets go, and is known whoever holds', async () => {
      const { store } = await begin();
      const [one, two] = [turn('1'), turn('2')];
      await store.append(key(), one, { expectedVersion: 0 });
      await holds(store, 'a');
      await store.append(key(), two, { expectedVersion: 1, holder: 'a' });
      await holds(store, 'b');
      // The answer to the append was lost, and another came meanwhile.
      const known = { status: 'duplicate', version: 2 };
      expect(await store.append(key(), two, { expectedVersion: 1, holder: 'a' })).toEqual(known);
      expect(await holds(store, 'c')).toBe('busy');
      expect(await store.append(key(), two, { expectedVersion: 1, holder: 'b' })).toEqual(known);
      expect(await holds(store, 'c')).toBe('found');
    });

    test('[R16] who was silent for too long may append where nobody came meanwhile', async () => {
      const { store, wait } = await begin();
      await fill(store, key());
      await holds(store, 'a');
      await wait(ttlMs);
      const held = { expectedVersion: 1, holder: 'a' };
      expect((await store.append(key(), turn('2'), held)).status).toBe('appended');
      await holds(store, 'a');
      await wait(ttlMs);
      await holds(store, 'b');
      expect(await store.append(key(), turn('3'), { ...held, expectedVersion: 2 })).toEqual({
        status: 'conflict',
      });
      expect(saidIn(await found(store, key()))).toEqual(['1', '2']);
    });

    test('[R16] to hold is no use of a session, and stands in nobody else’s way', async () => {
      const { store, wait } = await begin();
      const session = await fill(store, key());
      await wait(1);
      await fill(store, key('newer'));
      await wait(1);
      await holds(store, 'a');
      expect(await store.read(key())).toEqual({ status: 'found', session });
      const { sessions } = await store.list({ owner: 'ada', limit: 9 });
      expect(sessions.map(({ id }) => id)).toEqual(['newer', 's']);
      expect(await store.find('ada', 's')).toHaveLength(1);
      expect(await store.setIdle(key(), 700)).toBe(true);
      expect(await mustFind(store, key())).toMatchObject({ version: 1, idleMs: 700 });
      expect(await holds(store, 'b')).toBe('busy');
    });

    test('[R16] [S12] what is deleted while it is held is not brought back', async () => {
      const { store } = await begin();
      await fill(store, key(), 2);
      await holds(store, 'a');
      expect(await store.delete(key())).toBe(true);
      expect(await holds(store, 'b')).toBe('busy');
      const held = { expectedVersion: 2, holder: 'a' };
      expect(await store.append(key(), turn('3'), held)).toEqual({ status: 'conflict' });
      expect(await store.read(key())).toEqual({ status: 'missing' });
      await store.letGo(key(), 'a');
      expect(await holds(store, 'b')).toBe('missing');
    });

    test('[R16] [R7] what is held in one space is free in another', async () => {
      const { store } = await begin();
      for (const [index, space] of spaces.entries())
        expect(await holds(store, `${index}`, { ...space, id: 's' })).toBe('missing');
      for (const space of spaces) expect(await holds(store, 'x', { ...space, id: 's' })).toBe('busy');
      expect(await holds(store, 'x', key('S'))).toBe('missing');
    });

    test('[R16] [S9] of a hundred at the same time one holds', async () => {
      const { store } = await begin();
      await fill(store, key());
      const all = Array.from({ length: 100 }, (_, index) => holds(store, `holder ${index}`));
      const statuses = (await Promise.all(all)).toSorted();
      expect(statuses).toEqual([...Array(99).fill('busy'), 'found']);
    });
  });
}
