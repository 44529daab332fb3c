import { describe, expect, test } from 'vitest';
import { knownModels } from './known-models.ts';
import { ModelDirectory } from './model-directory.ts';

type Answer = unknown | Error | Promise<unknown>;

/** Cohere, as a list of answers; the last is given again and again. */
function directory(...answers: Answer[]) {
  return directoryWith({}, ...answers);
}

function directoryWith(contexts: Record<string, number>, ...answers: Answer[]) {
  const calls: { path: string; apiKey: string | undefined }[] = [];
  let nowMs = 0;
  const models = new ModelDirectory({
    limits: { modelsCacheMs: 1000, modelsTimeoutMs: 5000 },
    now: () => nowMs,
    contexts,
    fetchPage: async (path, apiKey) => {
      const answer = answers[Math.min(calls.length, answers.length - 1)];
      calls.push({ path, apiKey });
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  return { models, calls, wait: (ms: number) => (nowMs += ms) };
}

const chat = (name: string, more: object = {}) => ({ name, endpoints: ['generate', 'chat'], ...more });
const page = (models: unknown[], next_page_token?: string) => ({
  models,
  ...(next_page_token === undefined ? {} : { next_page_token }),
});
const unreachable = new Error('unreachable');
const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);

describe('the list', () => {
  test('is read once, and again when it is stale', async () => {
    const { models, calls, wait } = directory(page([chat('a')]), page([chat('b')]));
    expect(names(await models.list('k'))).toEqual(['a']);
    expect(names(await models.list('k'))).toEqual(['a']);
    wait(999);
    expect(names(await models.list('k'))).toEqual(['a']);
    wait(1);
    expect(names(await models.list('k'))).toEqual(['b']);
    expect(calls.map(({ path }) => path)).toEqual(Array(2).fill('/v1/models?page_size=1000'));
  });

  test('is asked for once, however many want it at the same time', async () => {
    const { models, calls } = directory(page([chat('a')]));
    await Promise.all([models.list('k'), models.lookup('x', 'k'), models.list('k')]);
    expect(calls.length).toBe(1);
  });

  test('is kept for each key, with which it is asked for', async () => {
    const { models, calls } = directory(page([chat('a')]), page([chat('b')]), page([chat('c')]));
    expect(names(await models.list('one'))).toEqual(['a']);
    expect(names(await models.list('two'))).toEqual(['b']);
    expect(names(await models.list(undefined))).toEqual(['c']);
    expect(names(await models.list('one'))).toEqual(['a']);
    expect(calls.map(({ apiKey }) => apiKey)).toEqual(['one', 'two', undefined]);
  });

  test('of a hundred keys is kept, of the oldest more not', async () => {
    const { models, calls } = directory(page([chat('a')]));
    for (let key = 0; key < 101; key += 1) await models.list(`key ${key}`);
    await models.list('key 1');
    expect(calls.length).toBe(101);
    await models.list('key 0');
    expect(calls.length).toBe(102);
  });

  test('has all pages, in order', async () => {
    const { models, calls } = directory(page([chat('a')], 'to/b?'), page([chat('b')], ''), page([chat('c')]));
    expect(names(await models.list('k'))).toEqual(['a', 'b']);
    expect(calls[1]?.path).toBe('/v1/models?page_size=1000&page_token=to%2Fb%3F');
  });

  test('that never ends is cut', async () => {
    const { models, calls } = directory(page([chat('a')], 'again'));
    expect(names(await models.list('k'))).toEqual(['a']);
    expect(calls.length).toBe(10);
  });

  test('holds only what chats', async () => {
    const { models } = directory(page([chat('a'), { name: 'e', endpoints: ['embed'] }, chat('b')]));
    expect(names(await models.list('k'))).toEqual(['a', 'b']);
  });

  test.each<[string, Answer]>([
    ['no network', unreachable],
    ['no list', { message: 'invalid api token' }],
    ['null', null],
    ['an empty list', page([])],
    ['a list of nonsense', page([null, 7, {}, { name: '' }, { name: 7 }])],
  ])('is the built-in one where there is %s', async (_, answer) => {
    const { models } = directory(answer);
    const builtIn = [...knownModels.values()].filter(model => model.chat);
    expect(await models.list('k')).toEqual(builtIn);
  });
});

describe('a model', () => {
  test('is what the list says, with what is only known here', async () => {
    const { models } = directory(
      page([
        chat('command-a-03-2025', { context_length: 7, features: ['tools', 'vision'], config: {} }),
        chat('mine', { context_length: 9, features: null }),
        { name: 'command-r-08-2024', context_length: 0, features: 'many' },
        { name: 'embed-v4.0', endpoints: ['embed'] },
        { name: 'command-r7b-12-2024', context_length: 0.5 },
      ]),
    );
    await models.list('k');
    expect(await models.lookup('command-a-03-2025', 'k')).toEqual({
      name: 'command-a-03-2025',
      chat: true,
      contextLength: 7,
      maxOutputTokens: 8000,
      features: new Set(['tools', 'vision']),
    });
    expect(await models.lookup('mine', 'k')).toEqual({ name: 'mine', chat: true, contextLength: 9 });
    expect(await models.lookup('command-r-08-2024', 'k')).toEqual(knownModels.get('command-r-08-2024'));
    expect(await models.lookup('embed-v4.0', 'k')).toEqual({ name: 'embed-v4.0', chat: false });
    expect(await models.lookup('command-r7b-12-2024', 'k')).toEqual(knownModels.get('command-r7b-12-2024'));
  });

  test('names its tokenizer where the list does', async () => {
    const url = 'https://tokenizers.example/a.json';
    const { models } = directory(
      page([
        chat('a', { tokenizer_url: url }),
        ...[null, '', 7].map((tokenizer_url, index) => chat(`b${index}`, { tokenizer_url })),
      ]),
    );
    const list = await models.list('k');
    expect(list.map(({ tokenizerUrl }) => tokenizerUrl)).toEqual([url, undefined, undefined, undefined]);
  });

  test('that is known does not wait for Cohere', async () => {
    const { models, calls } = directory(new Promise(() => {}));
    expect(await models.lookup('command-r-08-2024', 'k')).toBe(knownModels.get('command-r-08-2024'));
    expect((await models.lookup('embed-v4.0', 'k'))?.chat).toBe(false);
    expect(calls.length).toBe(1);
  });

  test('that is not known does', async () => {
    const answer = Promise.withResolvers<unknown>();
    const { models } = directory(answer.promise);
    const looked = models.lookup('mine', 'k');
    answer.resolve(page([chat('mine')]));
    expect(await looked).toEqual({ name: 'mine', chat: true });
  });

  test('of a stale list does not wait either, and is renewed', async () => {
    const renewed = Promise.withResolvers<unknown>();
    const { models, wait } = directory(page([chat('mine', { context_length: 1 })]), renewed.promise);
    await models.list('k');
    wait(1000);
    expect((await models.lookup('mine', 'k'))?.contextLength).toBe(1);
    renewed.resolve(page([chat('mine', { context_length: 2 })]));
    await models.list('k');
    expect((await models.lookup('mine', 'k'))?.contextLength).toBe(2);
  });

  test('that nobody knows is undefined, and not asked for again while the list is fresh', async () => {
    const { models, calls, wait } = directory(page([chat('a')]));
    expect(await models.lookup('mine', 'k')).toBeUndefined();
    expect(await models.lookup('mine', 'k')).toBeUndefined();
    expect(calls.length).toBe(1);
    wait(1000);
    expect(await models.lookup('mine', 'k')).toBeUndefined();
    expect(calls.length).toBe(2);
  });

  test('of an earlier list stays known while Cohere cannot be asked', async () => {
    const { models, calls, wait } = directory(page([chat('mine', { context_length: 1 })]), unreachable);
    await models.list('k');
    wait(1000);
    expect(names(await models.list('k'))).toEqual(['mine']);
    expect((await models.lookup('mine', 'k'))?.contextLength).toBe(1);
    expect(calls.length).toBe(2);
  });

  test('that nobody knows is undefined where Cohere cannot be asked', async () => {
    const { models } = directory(unreachable);
    expect(await models.lookup('mine', 'k')).toBeUndefined();
  });
});

describe('a configured context', () => {
  const contexts = { 'command-a-03-2025': 5, mine: 6, secret: 7, 'embed-v4.0': 8 };

  test('goes before the table, before and after the list has come', async () => {
    const { models } = directoryWith(contexts, page([chat('command-a-03-2025', { context_length: 9 })]));
    const known = knownModels.get('command-a-03-2025');
    expect(await models.lookup('command-a-03-2025', 'k')).toEqual({ ...known, contextLength: 5 });
    expect(await models.list('k')).toEqual([{ ...known, contextLength: 5 }]);
    expect((await models.lookup('command-a-03-2025', 'k'))?.contextLength).toBe(5);
  });

  test('goes before the list, and leaves the rest as it is there', async () => {
    const { models } = directoryWith(
      contexts,
      page([chat('mine', { context_length: 9, features: ['tools'] })]),
    );
    const mine = { name: 'mine', chat: true, contextLength: 6, features: new Set(['tools']) };
    expect(await models.lookup('mine', 'k')).toEqual(mine);
    expect(await models.list('k')).toEqual([mine]);
    expect((await models.lookup('embed-v4.0', 'k'))?.chat).toBe(false);
  });

  test('makes a model known that nobody knows, but does not list it', async () => {
    for (const answer of [page([chat('mine')]), unreachable]) {
      const { models } = directoryWith(contexts, answer);
      expect(await models.lookup('secret', 'k')).toEqual({ name: 'secret', chat: true, contextLength: 7 });
      expect(names(await models.list('k'))).not.toContain('secret');
      expect(await models.lookup('constructor', 'k')).toBeUndefined();
      expect(await models.lookup('__proto__', 'k')).toBeUndefined();
    }
  });
});
