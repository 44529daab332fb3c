// R18: how long each session lives.
import { describe, expect, test } from 'vitest';
import type { SessionStore } from '../../src/store/session-store.ts';
import {
  type BeginStore,
  branchOff,
  fill,
  findByAnchor,
  forkOf,
  key,
  mustFind,
  roomy,
  turn,
  unanswered,
} from './given.ts';

const { sessionIdleMs } = roomy;
const transcriptIdleMs = 200;
const transcript = { dialect: 'transcript' } as const;

export function testIdle(begin: BeginStore): void {
  const status = async (store: SessionStore, id = 's') => (await store.read(key(id))).status;

  /** How long it lives after its last turn. */
  const livesMs = async (store: SessionStore, id = 's') => {
    const { updatedAtMs, expiresAtMs } = await mustFind(store, key(id));
    return expiresAtMs - updatedAtMs;
  };

  describe('R18', () => {
    test('[R18] all say when they expire', async () => {
      const { store, wait } = await begin();
      await fill(store, key());
      await wait(3);
      await store.append(key(), turn('2'), { expectedVersion: 1 });
      const { updatedAtMs, expiresAtMs, idleMs } = await mustFind(store, key());
      expect(idleMs).toBeUndefined();
      expect(expiresAtMs).toBe(updatedAtMs + sessionIdleMs);
      const { sessions } = await store.list({ owner: 'ada', limit: 9 });
      expect(sessions).toMatchObject([{ updatedAtMs, expiresAtMs }]);
    });

    test.each([300, 5_000])(
      '[R18] [R12] one that begins with a time of its own keeps it: %i',
      async idleMs => {
        const { store, wait } = await begin();
        await store.append(key(), turn('1', { idleMs, anchors: ['a'] }), { expectedVersion: 0 });
        await wait(idleMs - 1);
        // A later turn does not change it.
        await store.append(key(), turn('2', { idleMs: 7 }), { expectedVersion: 1 });
        expect(await mustFind(store, key())).toMatchObject({ idleMs });
        expect(await livesMs(store)).toBe(idleMs);
        await wait(idleMs - 1);
        expect(await status(store)).toBe('found');
        expect(await findByAnchor(store, key(), 'a', 9)).toHaveLength(1);
        await wait(1);
        expect(await status(store)).toBe('expired');
        expect(await findByAnchor(store, key(), 'a', 9)).toEqual([]);
        expect((await store.list({ owner: 'ada', limit: 9 })).sessions).toEqual([]);
      },
    );

    test('[R18] each expires at its own time, however late it was used', async () => {
      const { store, wait } = await begin();
      const times = [700, 50, 3_000, 400, undefined, 60, 2_000, 300, 1];
      let nowMs = 0;
      const dueAtMs = new Map<string, number>();
      for (const [index, idleMs] of times.entries()) {
        await store.append(key(`s${index}`), turn('1', { idleMs }), { expectedVersion: 0 });
        dueAtMs.set(`s${index}`, nowMs + (idleMs ?? sessionIdleMs));
        await wait(7);
        nowMs += 7;
      }
      for (const atMs of [...dueAtMs.values()].toSorted((a, b) => a - b)) {
        if (atMs <= nowMs) continue;
        for (const ms of [atMs - 1 - nowMs, 1]) {
          await wait(ms);
          nowMs += ms;
          const due = [...dueAtMs].filter(([, dueMs]) => dueMs > nowMs).map(([id]) => id);
          const { sessions } = await store.list({ owner: 'ada', limit: 99 });
          expect(sessions.map(({ id }) => id).toSorted()).toEqual(due.toSorted());
        }
      }
    });

    test('[R18] its time can be set, from its last turn on', async () => {
      const { store, wait } = await begin();
      const before = await fill(store, key());
      await fill(store, key('other'));
      await wait(sessionIdleMs - 1);
      expect(await store.setIdle(key(), 3_000)).toBe(true);
      expect(await store.read(key())).toEqual({
        status: 'found',
        session: { ...before, idleMs: 3_000, expiresAtMs: before.updatedAtMs + 3_000 },
      });
      await wait(1);
      expect(await status(store, 'other')).toBe('expired');
      await wait(3_000 - sessionIdleMs - 1);
      expect(await status(store)).toBe('found');
      await store.append(key(), turn('2'), { expectedVersion: 1 });
      expect(await livesMs(store)).toBe(3_000);
      expect(await store.setIdle(key(), 40)).toBe(true);
      await wait(39);
      expect(await status(store)).toBe('found');
      await wait(1);
      expect(await status(store)).toBe('expired');
    });

    test('[R18] it can be taken back, and be over already', async () => {
      const { store, wait } = await begin();
      await store.append(key('own'), turn('1', { idleMs: 5_000 }), { expectedVersion: 0 });
      await store.append(key('once'), turn('1', { idleMs: 5_000 }), { expectedVersion: 0 });
      expect(await store.setIdle(key('own'), undefined)).toBe(true);
      expect(await livesMs(store, 'own')).toBe(sessionIdleMs);
      expect((await mustFind(store, key('own'))).idleMs).toBeUndefined();
      await wait(500);
      expect(await store.setIdle(key('once'), 500)).toBe(true);
      expect(await status(store, 'once')).toBe('expired');
      expect(await store.setIdle(key('once'), 5_000)).toBe(false);
      await wait(500);
      expect(await status(store, 'own')).toBe('expired');
    });

    test('[R18] to set it is no use of a session, and only its own', async () => {
      const { store, wait } = await begin();
      await fill(store, key());
      await fill(store, key('s', 'bob'));
      await wait(1);
      await fill(store, key('newer'));
      expect(await store.setIdle(key(), 700)).toBe(true);
      expect(await store.setIdle(key('never'), 700)).toBe(false);
      expect(await store.setIdle(key('s', 'eve'), 700)).toBe(false);
      const { sessions } = await store.list({ owner: 'ada', user: '', limit: 9 });
      expect(sessions.map(({ id }) => id)).toEqual(['newer', 's']);
      expect((await mustFind(store, key('s', 'bob'))).idleMs).toBeUndefined();
      expect((await mustFind(store, key())).version).toBe(1);
    });

    test('[R18] [R12] whose name is begun anew has no time of its own', async () => {
      const { store, wait } = await begin();
      for (const id of ['expired', 'deleted'])
        await store.append(key(id), turn('1', { idleMs: 50 }), { expectedVersion: 0 });
      await store.delete(key('deleted'));
      await wait(50);
      for (const id of ['expired', 'deleted']) {
        await fill(store, key(id));
        expect(await livesMs(store, id)).toBe(sessionIdleMs);
      }
    });

    test('[R18] a transcript that nobody went on with lives for a short time', async () => {
      const { store, wait } = await begin({ transcriptIdleMs });
      for (const id of ['once', 'gone-on-with'])
        await store.append(key(id), turn('1', transcript), { expectedVersion: 0 });
      expect(await livesMs(store, 'once')).toBe(transcriptIdleMs);
      expect((await mustFind(store, key('once'))).idleMs).toBeUndefined();
      await wait(transcriptIdleMs - 1);
      await store.append(key('gone-on-with'), turn('2', transcript), { expectedVersion: 1 });
      expect(await livesMs(store, 'gone-on-with')).toBe(sessionIdleMs);
      expect(await status(store, 'once')).toBe('found');
      await wait(1);
      expect(await status(store, 'once')).toBe('expired');
      expect(await status(store, 'gone-on-with')).toBe('found');
    });

    test('[R18] [XD9] not where it was brought whole, has a name or a time of its own, or is none', async () => {
      const { store } = await begin({ transcriptIdleMs });
      const begun = {
        brought: unanswered([{ role: 'user', content: '1' }], transcript),
        own: turn('1', { ...transcript, idleMs: 5_000 }),
        named: turn('1', { ...transcript, isNamed: true }),
        session: turn('1'),
      };
      for (const [id, first] of Object.entries(begun))
        await store.append(key(id), first, { expectedVersion: 0 });
      expect(await livesMs(store, 'brought')).toBe(sessionIdleMs);
      expect(await livesMs(store, 'named')).toBe(sessionIdleMs);
      expect(await livesMs(store, 'own')).toBe(5_000);
      expect(await livesMs(store, 'session')).toBe(sessionIdleMs);
      await store.append(key('once'), turn('1', transcript), { expectedVersion: 0 });
      expect(await store.setIdle(key('once'), undefined)).toBe(true);
      expect(await livesMs(store, 'once')).toBe(sessionIdleMs);
    });

    test('[R18] the short time is never the longer one', async () => {
      const { store } = await begin({ transcriptIdleMs: 9_000 });
      await store.append(key(), turn('1', transcript), { expectedVersion: 0 });
      expect(await livesMs(store)).toBe(sessionIdleMs);
    });

    test('[R18] [R14] a branch has a time of its own only where it was given one', async () => {
      const { store } = await begin({ transcriptIdleMs });
      await store.append(key(), turn('1', { idleMs: 5_000 }), { expectedVersion: 0 });
      const parent = await mustFind(store, key());
      const begun = {
        branch: branchOff(parent, 2, 'b'),
        fork: forkOf(parent, 2),
        own: forkOf(parent, 2, { idleMs: 70 }),
        transcript: branchOff(parent, 2, 'b', transcript),
      };
      for (const [id, first] of Object.entries(begun))
        await store.append(key(id), first, { expectedVersion: 0 });
      expect(await livesMs(store, 'branch')).toBe(sessionIdleMs);
      expect(await livesMs(store, 'fork')).toBe(sessionIdleMs);
      expect(await livesMs(store, 'own')).toBe(70);
      expect(await livesMs(store, 'transcript')).toBe(transcriptIdleMs);
      expect(await livesMs(store)).toBe(5_000);
    });

    test('[R18] [R14] what is left behind keeps its time, and the name that goes on as well', async () => {
      const { store, wait } = await begin({ transcriptIdleMs });
      await store.append(key('own'), turn('1', { idleMs: 5_000 }), { expectedVersion: 0 });
      await store.append(key('once'), turn('1', transcript), { expectedVersion: 0 });
      await wait(10);
      for (const id of ['own', 'once']) {
        const before = await mustFind(store, key(id));
        const cut = turn('again', { keep: 0, leftBehindId: `left-of-${id}` });
        await store.append(key(id), cut, { expectedVersion: 1 });
        const left = { ...before, key: key(`left-of-${id}`) };
        expect(await mustFind(store, left.key)).toEqual(left);
      }
      expect(await mustFind(store, key('own'))).toMatchObject({ idleMs: 5_000 });
      expect(await livesMs(store, 'own')).toBe(5_000);
      expect(await livesMs(store, 'once')).toBe(sessionIdleMs);
      await wait(transcriptIdleMs - 10);
      expect(await status(store, 'left-of-once')).toBe('expired');
      expect(await status(store, 'once')).toBe('found');
    });
  });
}
