// R14 in any order: whatever is branched off, cut, left behind or deleted.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Session } from '../../src/conversation/session.ts';
import { fromSeed } from '../properties/from-seed.ts';
import { type BeginStore, branchOff, found, key, mustFind, turn } from './given.ts';

export function testBranching(begin: BeginStore): void {
  describe('R14, in any order', () => {
    const names = ['a', 'b', 'c', 'd'] as const;
    const operation = fc.record({
      what: fc.constantFrom('append', 'append', 'branch', 'branch', 'leave', 'cut', 'delete'),
      at: fc.constantFrom(...names),
      other: fc.constantFrom(...names),
      keep: fc.nat(9),
      // Read some time before it is branched off from: it may be gone, or another one.
      isLate: fc.boolean(),
    });

    test('[R14] whatever is done, each session is what a plain list would hold', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(operation, { maxLength: 25 }), async operations => {
          const { store } = await begin();
          const lists = new Map<string, readonly unknown[]>();
          const read = new Map<string, { session: Session; list: readonly unknown[] }>();
          for (const [step, { what, at, other, keep, isLate }] of operations.entries()) {
            const list = lists.get(at);
            const session = await found(store, key(at));
            const version = session?.version ?? 0;
            const said = turn(`said ${step}`, {
              keep,
              ...(what === 'leave' ? { leftBehindId: `left${step}` } : {}),
            });
            const saidTexts = [`said ${step}`, 'noted'];
            if (what === 'delete') {
              expect(await store.delete(key(at))).toBe(list !== undefined);
              lists.delete(at);
            } else if (what === 'branch') {
              const living = await found(store, key(other));
              const parent = isLate
                ? read.get(other)
                : living && { session: living, list: lists.get(other) ?? [] };
              if (!parent || list) continue;
              await store.append(key(at), branchOff(parent.session, keep, `said ${step}`), {
                expectedVersion: 0,
              });
              lists.set(at, [...parent.list.slice(0, keep), ...saidTexts]);
            } else if (what === 'append') {
              await store.append(
                key(at),
                { ...said, keep: Number.MAX_SAFE_INTEGER },
                { expectedVersion: version },
              );
              lists.set(at, [...(list ?? []), ...saidTexts]);
            } else {
              await store.append(key(at), said, { expectedVersion: version });
              if (what === 'leave' && list && keep < list.length) lists.set(`left${step}`, list);
              lists.set(at, [...(list ?? []).slice(0, keep), ...saidTexts]);
            }
            for (const [id, texts] of lists) {
              const stands = await mustFind(store, key(id));
              expect([...stands.messages].map(({ content }) => content)).toEqual(texts);
              if (step % 3 === 0) read.set(id, { session: stands, list: texts });
            }
            const { sessions } = await store.list({ owner: 'ada', branches: true, limit: 99 });
            expect(sessions.map(({ id }) => id).toSorted()).toEqual([...lists.keys()].toSorted());
          }
          await store.close();
        }),
        fromSeed('branches', 200),
      );
    });
  });
}
