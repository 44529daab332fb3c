import { expect, test } from 'vitest';
import type { Message } from '../conversation/message.ts';
import type { SessionStore } from '../store/session-store.ts';
import { recognise } from './recognise.ts';

const user: Message = { role: 'user', content: 'Hello' };
const answer: Message = { role: 'assistant', content: 'Hi.' };

/** Which of a store's methods are called, by name; each fails. */
async function asked(messages: readonly Message[]): Promise<readonly PropertyKey[]> {
  const calls: PropertyKey[] = [];
  const store = new Proxy({} as SessionStore, {
    get: (_, name) => async () => {
      calls.push(name);
      throw new Error('the store fails');
    },
  });
  const found = recognise(
    { system: [], messages, atMs: 0 },
    { owner: 'a', user: undefined },
    undefined,
    store,
  );
  await expect(found).rejects.toThrow('the store fails');
  return calls;
}

test('without an answer nothing is looked for; a store that fails is noticed before Cohere is paid', async () => {
  expect(await asked([user])).toEqual(['check']);
  expect(await asked([user, answer])).toEqual(['check']);
  expect(await asked([user, answer, user])).toEqual(['findIdsByAnchors']);
});
