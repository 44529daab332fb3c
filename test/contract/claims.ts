// R17: requests that come again while the first one runs, or after it.
import { describe, expect, test } from 'vitest';
import type { SessionStore } from '../../src/store/session-store.ts';
import { type BeginStore, key, marked, spaces } from './given.ts';

const ttlMs = 100;
const answerMs = 500;
const space = { owner: 'ada', user: undefined };

export function testClaims(begin: BeginStore): void {
  const claim = (store: SessionStore, holder: string, of = 'k') =>
    store.claim(space, of, { holder, ttlMs, fingerprint: `of ${holder}` });
  const answer = (text: string) => ({ text, ttlMs: answerMs });
  const claimed = { status: 'claimed' };
  const running = (holder: string) => ({ status: 'running', fingerprint: `of ${holder}` });
  const answered = (holder: string, text: string) => ({
    status: 'answered',
    fingerprint: `of ${holder}`,
    text,
  });

  describe('R17', () => {
    test('[R17] one runs, and what it answers is kept for a while', async () => {
      const { store, wait } = await begin();
      expect(await claim(store, 'a')).toEqual(claimed);
      expect(await claim(store, 'b')).toEqual(running('a'));
      await store.settle(space, 'k', 'a', answer('done'));
      for (const holder of ['a', 'b']) expect(await claim(store, holder)).toEqual(answered('a', 'done'));
      await wait(answerMs - 1);
      expect(await claim(store, 'b')).toEqual(answered('a', 'done'));
      await wait(1);
      expect(await claim(store, 'b')).toEqual(claimed);
      expect(await claim(store, 'a')).toEqual(running('b'));
    });

    test('[R17] when it failed the next one runs', async () => {
      const { store } = await begin();
      await claim(store, 'a');
      await store.settle(space, 'k', 'a');
      expect(await claim(store, 'b')).toEqual(claimed);
      await store.settle(space, 'k', 'b', answer('done'));
      expect(await claim(store, 'a')).toEqual(answered('b', 'done'));
    });

    test('[R17] who was silent for too long runs no longer, who renews does', async () => {
      const { store, wait } = await begin();
      await claim(store, 'a');
      await wait(ttlMs - 1);
      expect(await claim(store, 'a')).toEqual(claimed);
      await wait(ttlMs - 1);
      expect(await claim(store, 'b')).toEqual(running('a'));
      await wait(1);
      expect(await claim(store, 'b')).toEqual(claimed);
      // Late: another one runs.
      await store.settle(space, 'k', 'a');
      expect(await claim(store, 'c')).toEqual(running('b'));
      await store.settle(space, 'k', 'a', answer('late'));
      expect(await claim(store, 'c')).toEqual(running('b'));
      await store.settle(space, 'k', 'b', answer('done'));
      expect(await claim(store, 'c')).toEqual(answered('b', 'done'));
    });

    test('[R17] what was answered stays so, whatever is said behind it', async () => {
      const { store } = await begin();
      await claim(store, 'a');
      await store.settle(space, 'k', 'a', answer('done'));
      await store.settle(space, 'k', 'a');
      await store.settle(space, 'k', 'a', answer('other'));
      await store.settle(space, 'k', 'b', answer('other'));
      expect(await claim(store, 'b')).toEqual(answered('a', 'done'));
    });

    test('[R17] what nobody claimed is not settled', async () => {
      const { store } = await begin();
      await store.settle(space, 'k', 'a');
      await store.settle(space, 'k', 'a', answer('never'));
      expect(await claim(store, 'b')).toEqual(claimed);
    });

    test('[R17] each key and each space has its own', async () => {
      const { store } = await begin();
      const request = { holder: 'a', ttlMs, fingerprint: 'f' };
      for (const of of ['k', 'K', 'k ', 'key:k']) expect(await claim(store, 'a', of)).toEqual(claimed);
      for (const [index, one] of spaces.entries()) {
        expect(await store.claim(one, 'c', { ...request, fingerprint: `${index}` })).toEqual(claimed);
        await store.settle(one, 'c', 'a', answer(`in ${index}`));
      }
      for (const [index, one] of spaces.entries())
        expect(await store.claim(one, 'c', request)).toEqual({
          status: 'answered',
          fingerprint: `${index}`,
          text: `in ${index}`,
        });
    });

    test('[R17] an answer comes back as it was given', async () => {
      const { store } = await begin();
      const texts = ['', '{"a": 1.0}', 'é🌊\u0000\u2028\r\n"\\', 'e\u0301', 'x'.repeat(300_000)];
      for (const [index, text] of texts.entries()) {
        await claim(store, 'a', `k${index}`);
        await store.settle(space, `k${index}`, 'a', answer(text));
      }
      for (const [index, text] of texts.entries())
        expect(await claim(store, 'b', `k${index}`)).toEqual(answered('a', text));
    });

    test('[R17] of a hundred at the same time one runs', async () => {
      const { store } = await begin();
      const all = Array.from({ length: 100 }, (_, index) => claim(store, `${index}`));
      const claims = await Promise.all(all);
      expect(claims.filter(({ status }) => status === 'claimed')).toHaveLength(1);
      const winner = claims.findIndex(({ status }) => status === 'claimed');
      for (const [index, one] of claims.entries())
        if (index !== winner) expect(one).toEqual(running(`${winner}`));
    });

    test('[R17] a claim is no session and no mark, and a mark no claim', async () => {
      const { store } = await begin();
      await claim(store, 'a');
      await store.settle(space, 'k', 'a', answer('done'));
      expect(await store.recall(space, 'k')).toBeUndefined();
      expect(await store.read(key('k'))).toEqual({ status: 'missing' });
      expect((await store.list({ owner: 'ada', limit: 9 })).sessions).toEqual([]);
      await store.append(key(), marked('1', 'm'), { expectedVersion: 0 });
      expect(await claim(store, 'a', 'm')).toEqual(claimed);
      await store.settle(space, 'm', 'a');
      expect(await store.recall(space, 'm')).toBeDefined();
    });
  });
}
