import { expect, test } from 'vitest';
import { AcceptedKeys, type KeyState } from './accepted-keys.ts';

const hour = 3_600_000;

function start(limits = { acceptedKeys: 2, acceptedKeyMs: hour }) {
  const asked: string[] = [];
  const clock = { nowMs: 0, state: 'accepted' as KeyState };
  const keys = new AcceptedKeys({
    check: async key => {
      asked.push(key);
      return clock.state;
    },
    limits,
    now: () => clock.nowMs,
  });
  const write = (apiKey: string | undefined) => keys.checkWriter({ owner: 'key_x', apiKey });
  return { asked, clock, keys, write };
}

test('XF4 an accepted key is asked for again after an hour', async () => {
  const { asked, clock, write } = start();
  await write('one');
  clock.nowMs = hour - 1;
  await write('one');
  expect(asked).toEqual(['one']);
  clock.nowMs = hour;
  await write('one');
  expect(asked).toEqual(['one', 'one']);
});

test('XF4 so many are remembered; the one accepted longest ago is asked for again', async () => {
  const { asked, write, keys } = start();
  await write('one');
  await write('two');
  keys.accept('one');
  await write('three');
  asked.length = 0;
  await write('one');
  expect(asked).toEqual([]);
  await write('two');
  expect(asked).toEqual(['two']);
});

test('XF4 what is refused or unknown is asked for each time', async () => {
  const { asked, clock, write } = start();
  for (const [state, code] of [
    ['refused', 'invalid_api_key'],
    ['unchecked', 'key_unchecked'],
  ] as const) {
    clock.state = state;
    await expect(write('one')).rejects.toMatchObject({ code });
    await expect(write('one')).rejects.toMatchObject({ code });
  }
  expect(asked).toHaveLength(4);
});

test('XF4 without a key for Cohere nobody is asked', async () => {
  const { asked, write } = start();
  await write(undefined);
  expect(asked).toEqual([]);
});
