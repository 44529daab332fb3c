// R12: sessions that nobody goes on with, and those that are deleted.
import { describe, expect, test } from 'vitest';
import { type BeginStore, fill, found, key, roomy, saidIn, turn } from './given.ts';

export function testExpiry(begin: BeginStore): void {
  describe('R12', () => {
    test('[R12] an idle session expires and leaves a tombstone for a while', async () => {
      const { store, wait } = await begin();
      await fill(store, key());
      await wait(roomy.sessionIdleMs - 1);
      expect((await store.list({ owner: 'ada', limit: 9 })).sessions.length).toBe(1);
      await wait(1);
      expect(await store.list({ owner: 'ada', limit: 9 })).toEqual({ sessions: [], hasMore: false });
      expect(await store.find('ada', 's')).toEqual([]);
      expect(await store.read(key())).toEqual({ status: 'expired' });
      expect(await store.delete(key())).toBe(false);
      await wait(roomy.tombstoneMs);
      expect(await store.read(key())).toEqual({ status: 'missing' });
    });

    test('[R12] each turn keeps it alive', async () => {
      const { store, wait } = await begin();
      await fill(store, key());
      for (let version = 1; version < 4; version += 1) {
        await wait(roomy.sessionIdleMs - 1);
        await store.append(key(), turn('x'), { expectedVersion: version });
      }
      expect((await found(store, key()))?.version).toBe(4);
    });

    test('[R12] its name can be begun anew, and then it is there', async () => {
      const { store, wait } = await begin();
      await fill(store, key(), 3);
      await wait(roomy.sessionIdleMs);
      expect((await store.read(key())).status).toBe('expired');
      expect(await store.append(key(), turn('anew'), { expectedVersion: 0 })).toEqual({
        status: 'appended',
        version: 1,
      });
      expect(saidIn(await found(store, key()))).toEqual(['anew']);
    });

    test('[R12] a deleted session leaves nothing', async () => {
      const { store } = await begin();
      await fill(store, key(), 2);
      expect(await store.delete(key())).toBe(true);
      expect(await store.delete(key())).toBe(false);
      expect(await store.read(key())).toEqual({ status: 'missing' });
      await fill(store, key());
      expect(saidIn(await found(store, key()))).toEqual(['1']);
    });
  });
}
