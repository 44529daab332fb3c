// What the memory store counts, and for whom it makes room, where sessions share messages.
import { describe, expect, test } from 'vitest';
import type { Message, SystemMessage } from '../../src/conversation/message.ts';
import { hintBytes, placeBytes, weigh } from '../../src/store/weigh.ts';
import { branchOff, codeOf, key, mustFind, turn } from './given.ts';
import { beginMemory } from './memory-given.ts';

/** A long conversation, of so many messages. */
const long = (messages: number, size: number) =>
  turn('first', {
    added: Array.from(
      { length: messages - 1 },
      (_, place): Message => ({ role: 'user', content: `${place} ${'x'.repeat(size)}` }),
    ),
  });

describe('what sessions share', () => {
  test('[R14] 1,000 branches of 1,000 messages cost what they add', async () => {
    const { store } = beginMemory();
    await store.append(key('p'), long(1_000, 500), { expectedVersion: 0 });
    const parent = await mustFind(store, key('p'));
    const before = store.bytes;
    expect(before).toBeGreaterThan(1_000 * 500);
    for (let index = 0; index < 1_000; index += 1) {
      const begun = branchOff(parent, 1_000 - (index % 7), 'on');
      await store.append(key(`b${index}`), begun, { expectedVersion: 0 });
    }
    const added = weigh({ role: 'user', content: 'on' }) + weigh({ role: 'assistant', content: 'noted' });
    // And the list of what they share, which is their own.
    expect(store.bytes - before).toBeLessThan(1_000 * (added + 1_002 * placeBytes));
    await store.delete(key('p'));
    expect(store.bytes).toBeGreaterThan(1_000 * (added + 990 * placeBytes) + 990 * 500);
    for (let index = 0; index < 1_000; index += 1) await store.delete(key(`b${index}`));
    expect(store.bytes).toBe(0);
  });

  test('[R14] they fit where copies would not', async () => {
    const { store, ids } = beginMemory({ sessionStoreBytes: 20_000_000 });
    await store.append(key('p'), long(1_000, 500), { expectedVersion: 0 });
    const parent = await mustFind(store, key('p'));
    for (let index = 0; index < 1_000; index += 1)
      await store.append(key(`b${index}`), branchOff(parent, 998, 'on'), { expectedVersion: 0 });
    expect((await ids()).length).toBe(1_001);
  });

  test('[R14] what is begun after its parent has gone shares with its other branches', async () => {
    const { store, branch, add } = beginMemory();
    await add('p', 10_000);
    const parent = await mustFind(store, key('p'));
    await branch('b', 'p', 2);
    await store.delete(key('p'));
    const before = store.bytes;
    await store.append(key('c'), branchOff(parent, 2, ''), { expectedVersion: 0 });
    expect(store.bytes - before).toBeLessThan(1_000);
  });

  test('[R8] a parent that goes frees only what nobody else holds', async () => {
    const { ids, add, branch, store } = beginMemory({ sessionStoreBytes: 40_000 });
    await add('p', 10_000);
    await store.append(key('p'), turn('x'.repeat(5_000)), { expectedVersion: 1 });
    await add('other', 10_000);
    await branch('b', 'p', 2);
    // 5,000 bytes would be free with the parent alone.
    expect(await add('new', 21_000)).toBe('works');
    expect(await ids()).toEqual(['b', 'new']);
    expect(store.bytes).toBeLessThanOrEqual(40_000);
    expect((await mustFind(store, key('b'))).messages.at(0)?.content).toBe('x'.repeat(10_000));
  });

  test('[R8] [R2] nobody goes where it would free too little, since a running branch shares it', async () => {
    const { store, ids, add, branch, hold } = beginMemory({ sessionStoreBytes: 30_000 });
    await add('p', 20_000);
    await branch('b', 'p', 2);
    await add('small', 10);
    await hold('b');
    const before = store.bytes;
    expect(await add('new', 15_000)).toBe('store_full');
    expect(await ids()).toEqual(['b', 'p', 'small']);
    expect(store.bytes).toBe(before);
  });

  test('[R8] what a cut session lets go of is no room where a branch keeps it', async () => {
    const { store, ids, add, branch, hold, letGo } = beginMemory({ sessionStoreBytes: 30_000 });
    await add('p', 20_000);
    await branch('b', 'p', 2);
    await hold('b');
    const large = turn('x'.repeat(20_000), { keep: 0 });
    expect(await codeOf(store.append(key('p'), large, { expectedVersion: 1 }))).toBe('store_full');
    await letGo('b');
    expect(await codeOf(store.append(key('p'), large, { expectedVersion: 1 }))).toBe('works');
    expect(await ids()).toEqual(['p']);
    expect(store.bytes).toBeLessThan(30_000);
  });

  test('[R8] what a branch brings along of a parent that has gone needs room', async () => {
    const { store, ids, add } = beginMemory({ sessionStoreBytes: 30_000 });
    await add('p', 20_000);
    const parent = await mustFind(store, key('p'));
    await store.delete(key('p'));
    await add('other', 20_000);
    await store.append(key('b'), branchOff(parent, 2, 'on'), { expectedVersion: 0 });
    expect(await ids()).toEqual(['b']);
    expect(store.bytes).toBeLessThan(30_000);
  });

  test('[R8] a branch may push out its own parent', async () => {
    const { ids, add, branch, store } = beginMemory({ sessions: 1 });
    await add('p', 10);
    expect(await branch('b', 'p', 2)).toBe('works');
    expect(await ids()).toEqual(['b']);
    expect((await mustFind(store, key('b'))).messages.length).toBe(4);
  });

  test('[R8] a session that leaves something behind pushes out neither', async () => {
    const { store, ids, add } = beginMemory({ sessions: 2, sessionStoreBytes: 30_000 });
    await add('s', 10_000);
    await add('other', 5_000);
    const cut = turn('x'.repeat(10_000), { keep: 1, leftBehindId: 'left' });
    await store.append(key('s'), cut, { expectedVersion: 1 });
    expect(await ids()).toEqual(['left', 's']);
    const more = turn('x'.repeat(5_000), { keep: 1, leftBehindId: 'left2' });
    expect(await codeOf(store.append(key('s'), more, { expectedVersion: 2 }))).toBe('works');
    expect(await ids()).toEqual(['left2', 's']);
  });
});

describe('what else is held', () => {
  test('names by which sessions are found count, and are freed', async () => {
    const { store } = beginMemory();
    const anchors = Array.from({ length: 100 }, (_, index) => `anchor ${index}`);
    await store.append(key('a'), turn('x'), { expectedVersion: 0 });
    const plain = store.bytes;
    await store.append(key('b'), turn('x', { anchors }), { expectedVersion: 0 });
    expect(store.bytes).toBe(2 * plain + 100 * hintBytes);
    await store.delete(key('a'));
    await store.delete(key('b'));
    expect(store.bytes).toBe(0);
  });

  test('a system text stays for the turn that may be asked for again, and not longer', async () => {
    const { store, wait } = beginMemory();
    const mark = { key: 'k', fingerprint: 'f', ttlMs: 100 };
    const system: SystemMessage[] = [{ role: 'system', content: 'x'.repeat(10_000) }];
    await store.append(key(), turn('1', { system, mark }), { expectedVersion: 0 });
    await store.append(key(), turn('2'), { expectedVersion: 1 });
    expect(store.bytes).toBeGreaterThan(10_000);
    wait(100);
    await store.check();
    expect(store.bytes).toBeLessThan(2_000);
  });

  test('[R17] [R8] answers to claims count, and idle sessions go for them', async () => {
    const { store, ids, add, hold, wait } = beginMemory({ sessionStoreBytes: 40_000 });
    const lease = { holder: 'h', ttlMs: 500, fingerprint: 'f' };
    await add('a', 18_000);
    await add('b', 18_000);
    const before = store.bytes;
    await store.claim(key(), 'k', lease);
    const answer = { text: 'x'.repeat(4_000), ttlMs: 500 };
    await store.settle(key(), 'k', 'h', answer);
    expect(await ids()).toEqual(['b']);
    expect(store.bytes).toBeGreaterThan(before - 18_500 + 4_000);
    await hold('b');
    await add('c', 13_000);
    await hold('c');
    await store.claim(key(), 'none', lease);
    expect(await codeOf(store.settle(key(), 'none', 'h', answer))).toBe('store_full');
    wait(500);
    await store.check();
    expect(store.bytes).toBeLessThan(33_000);
  });
});
