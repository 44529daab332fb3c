// R11: turns whose request may come again.
import { describe, expect, test } from 'vitest';
import { type BeginStore, key, marked, turn } from './given.ts';

export function testMarks(begin: BeginStore): void {
  describe('R11', () => {
    test('[R11] a marked turn is recalled, with its version and the session as it stands', async () => {
      const { store } = await begin();
      expect(await store.recall(key(), 'k')).toBeUndefined();
      const one = marked('1', 'k');
      await store.append(key(), one, { expectedVersion: 0 });
      await store.append(key(), turn('2'), { expectedVersion: 1 });
      const recalled = await store.recall({ owner: 'ada', user: undefined }, 'k');
      expect(recalled?.turn).toEqual({ ...one, keep: expect.any(Number) });
      expect(recalled?.version).toBe(1);
      expect(recalled?.session.version).toBe(2);
    });

    test('[R11] not after its time, not after its session, and not under another key', async () => {
      const { store, wait } = await begin();
      await store.append(key(), marked('1', 'k'), { expectedVersion: 0 });
      await store.append(key('t'), marked('1', 'other'), { expectedVersion: 0 });
      expect(await store.recall(key(), 'K')).toBeUndefined();
      await store.delete(key('t'));
      expect(await store.recall(key(), 'other')).toBeUndefined();
      await wait(499);
      expect(await store.recall(key(), 'k')).toBeDefined();
      await wait(1);
      expect(await store.recall(key(), 'k')).toBeUndefined();
    });

    test('[R11] of two turns with one mark the later is meant', async () => {
      const { store } = await begin();
      await store.append(key(), marked('1', 'k'), { expectedVersion: 0 });
      await store.append(key('t'), marked('2', 'k'), { expectedVersion: 0 });
      expect((await store.recall(key(), 'k'))?.turn.mark?.fingerprint).toBe('of 2');
    });

    test('[R11] also after the system text, the tools and the history were replaced', async () => {
      const { store } = await begin();
      const system = (content: string) => [{ role: 'system', content }] as const;
      const one = marked('1', 'k', { system: system('a') });
      await store.append(key(), one, { expectedVersion: 0 });
      const more = { system: system('b'), tools: [{ name: 'look' }] };
      await store.append(key(), turn('2', more), { expectedVersion: 1 });
      const recalled = await store.recall(key(), 'k');
      expect(recalled?.turn).toEqual({ ...one, keep: expect.any(Number) });
      await store.append(key(), turn('anew', { keep: 0 }), { expectedVersion: 2 });
      expect(await store.recall(key(), 'k')).toMatchObject({ version: 1, session: { version: 3 } });
    });
  });
}
