// What the memory store lets go of, the garbage collector can have.
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import type { MemoryStore } from '../../src/store/memory-store.ts';
import type { AnsweredTurn } from '../../src/store/session-store.ts';
import { branchOff, codeOf, key, mustFind, turn } from './given.ts';
import { beginMemory, idleMs } from './memory-given.ts';

describe('what is really freed', () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage: () => void = runInNewContext('gc');

  async function isFreed(message: WeakRef<object>): Promise<boolean> {
    // A reference that was just made keeps its target until the present task is over.
    await setImmediate();
    collectGarbage();
    return message.deref() === undefined;
  }

  /** Appends it and forgets it. */
  async function say(
    store: MemoryStore,
    id: string,
    said: AnsweredTurn,
    version = 0,
  ): Promise<WeakRef<object>> {
    await codeOf(store.append(key(id), said, { expectedVersion: version }));
    return new WeakRef(said.reply.message);
  }

  const large = (more: Partial<AnsweredTurn> = {}) => {
    const { reply } = turn('');
    return turn('', { ...more, reply: { ...reply, message: { role: 'assistant', content: 'x' } } });
  };

  test('[R12] a session that is deleted or has expired', async () => {
    const { store, wait } = beginMemory();
    const deleted = await say(store, 'a', large());
    await store.delete(key('a'));
    expect(await isFreed(deleted)).toBe(true);
    const expired = await say(store, 'a', large());
    expect(await isFreed(expired)).toBe(false);
    wait(idleMs);
    await store.check();
    expect(await isFreed(expired)).toBe(true);
  });

  test('[R12] [R14] a branch from the end of a parent that lives on', async () => {
    const { store, add } = beginMemory();
    await add('p', 10);
    const parent = await mustFind(store, key('p'));
    const { key: of, rootId, messages } = parent;
    const said = await say(store, 'b', large({ keep: 2, parent: { id: of.id, rootId, messages } }));
    await store.delete(key('b'));
    expect(await isFreed(said)).toBe(true);
    expect(parent.messages.length).toBe(2);
  });

  test('[R12] [R14] what a parent said after its branch, although the branch may be asked for again', async () => {
    const { store, add } = beginMemory();
    await add('p', 10);
    const said = await say(store, 'p', large(), 1);
    const mark = { key: 'k', fingerprint: 'f', ttlMs: 9_999 };
    await say(store, 'b', branchOff(await mustFind(store, key('p')), 2, 'on', { mark }));
    await store.delete(key('p'));
    expect(await store.recall(key(), 'k')).toBeDefined();
    expect(await isFreed(said)).toBe(true);
  });

  test('[R2] a turn that did not fit', async () => {
    const { store, add } = beginMemory({ sessionStoreBytes: 2_000 });
    await add('s', 10);
    const said = await say(store, 's', { ...large(), ...turn('x'.repeat(3_000)) }, 1);
    expect(await isFreed(said)).toBe(true);
    expect((await mustFind(store, key('s'))).messages.length).toBe(2);
  });
});
