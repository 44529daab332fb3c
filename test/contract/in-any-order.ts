// R1, R3, R4 and R5 in any order: what is appended, repeated, deleted and read, on however many stores that share it.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SessionStore } from '../../src/store/session-store.ts';
import { fromSeed } from '../properties/from-seed.ts';
import { type BeginStore, deleteAll, found, key, type SuiteSettings, turn } from './given.ts';

const operation = fc.record({
  what: fc.constantFrom('append', 'append', 'append', 'repeat', 'delete', 'read'),
  id: fc.constantFrom('a', 'b'),
  off: fc.constantFrom(0, 0, 0, 1, -1),
  keep: fc.constantFrom(0, 1, 2, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  node: fc.nat(2),
});

interface Listed {
  /** Of all that had this name one after another. */
  readonly begun: number;
  version: number;
  texts: unknown[];
  readonly turns: Map<string, number>;
}

/** Each time for another owner, so that nothing is left of the time before. */
function anyOrderOn(stores: readonly SessionStore[]) {
  let run = 0;
  return fc.asyncProperty(fc.array(operation, { maxLength: 20 }), async operations => {
    run += 1;
    const owner = `owner${run}`;
    const of = (id: string) => key(id, undefined, owner);
    const lists = new Map<string, Listed>();
    /** Which ones of that name each store may still have before it. */
    const seen = stores.map(() => new Map<string, Set<number>>());
    let begun = 0;
    let last = turn('first');
    for (const [at, { what, id, off, keep, node }] of operations.entries()) {
      const store = stores[node % stores.length];
      const seenHere = seen[node % stores.length];
      if (!store || !seenHere) throw new Error('there is no store');
      begun += 1;
      const list = lists.get(id) ?? { begun, version: 0, texts: [], turns: new Map() };
      const expectedVersion = Math.max(0, list.version + off);
      if (what === 'delete') {
        expect(await store.delete(of(id))).toBe(list.version > 0);
        lists.delete(id);
        seenHere.delete(id);
      } else if (what === 'read') {
        const texts = (await found(store, of(id)))?.messages.slice().map(({ content }) => content);
        expect(texts).toEqual(list.version > 0 ? list.texts : undefined);
        seenHere.set(id, new Set([list.begun]));
      } else {
        if (what === 'append') last = turn(`said ${at}`, { keep });
        const version = list.turns.get(last.id);
        const appended = await store.append(of(id), last, { expectedVersion });
        // Whose like-named predecessor stood at this version may be told so, once.
        const seenOfName = seenHere.get(id) ?? new Set();
        const isOlderSeen = [...seenOfName].some(other => other !== list.begun);
        const isMistaken = appended.status === 'conflict' && isOlderSeen;
        // To whom a turn is known need not look further, but may have.
        seenHere.set(
          id,
          appended.status === 'duplicate' ? seenOfName.add(list.begun) : new Set([list.begun]),
        );
        if (isMistaken) continue;
        if (version !== undefined) expect(appended).toEqual({ status: 'duplicate', version });
        else if (expectedVersion !== list.version) expect(appended).toEqual({ status: 'conflict' });
        else {
          expect(appended).toEqual({ status: 'appended', version: list.version + 1 });
          const said = [...last.added, last.reply.message].map(({ content }) => content);
          list.texts = [...list.texts.slice(0, last.keep), ...said];
          list.version += 1;
          list.turns.set(last.id, list.version);
          lists.set(id, list);
        }
      }
    }
    for (const store of stores) await deleteAll(store, owner);
  });
}

export function testInAnyOrder(begin: BeginStore, { runs, isShared }: SuiteSettings): void {
  describe('in any order', () => {
    test('[R3] [R4] [R5] whatever is done, it is what a plain list would hold', async () => {
      const { store } = await begin();
      await fc.assert(anyOrderOn([store]), fromSeed('store', runs));
    });

    if (!isShared) return;
    test('[R1] [R3] [R4] [R5] also where two do it', async () => {
      const { store, reopen } = await begin();
      await fc.assert(anyOrderOn([store, await reopen()]), fromSeed('two stores', runs));
    });
  });
}
