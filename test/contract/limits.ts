// R8 and R9: what does not fit.
import { describe, expect, test } from 'vitest';
import { type BeginStore, codeOf, fill, found, key, saidIn, turn } from './given.ts';

export function testLimits(begin: BeginStore): void {
  describe('R8', () => {
    test('[R8] a session that is too large or too long is told so', async () => {
      const { store } = await begin({ sessionBytes: 5_000, sessionMessages: 5 });
      await fill(store, key('long'), 2);
      expect(await codeOf(store.append(key('long'), turn('3'), { expectedVersion: 2 }))).toBe('store_full');
      const large = turn('x'.repeat(6_000));
      expect(await codeOf(store.append(key('large'), large, { expectedVersion: 0 }))).toBe('store_full');
      expect(saidIn(await found(store, key('long')))).toEqual(['1', '2']);
    });

    test('[R8] what is replaced no longer counts', async () => {
      const { store } = await begin({ sessionBytes: 5_000, sessionMessages: 5 });
      for (let version = 0; version < 9; version += 1) {
        const large = turn('x'.repeat(3_000), { keep: 0 });
        expect((await store.append(key(), large, { expectedVersion: version })).status).toBe('appended');
      }
    });
  });

  describe('R9', () => {
    test('[R9] a full session can be read, listed, found and deleted', async () => {
      const { store } = await begin({ sessionMessages: 2 });
      await fill(store, key());
      expect(await codeOf(store.append(key(), turn('2'), { expectedVersion: 1 }))).toBe('store_full');
      expect((await store.read(key())).status).toBe('found');
      expect((await store.list({ owner: 'ada', limit: 9 })).sessions.length).toBe(1);
      expect((await store.find('ada', 's')).length).toBe(1);
      await store.check();
      expect(await store.delete(key())).toBe(true);
    });
  });
}
