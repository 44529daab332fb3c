// XF1, XA2: the comparisons of one request are bounded, and what falls out of the bound costs a branch, never a mix.
import { describe, expect, test } from 'vitest';
import { ProxyError } from '../conversation/errors.ts';
import { History } from '../conversation/history.ts';
import type { AssistantMessage, Message } from '../conversation/message.ts';
import type { Session, SessionKey } from '../conversation/session.ts';
import type { SessionStore } from '../store/session-store.ts';
import { recognise } from './recognise.ts';

const space = { owner: 'owner', user: undefined };
const user = (content: string): Message => ({ role: 'user', content });
const reply = (content: string): AssistantMessage => ({ role: 'assistant', content, origin: 'reply' });
const thinking: AssistantMessage = {
  role: 'assistant',
  content: [
    { type: 'reasoning', text: 'They greet.' },
    { type: 'text', text: 'Hello!' },
  ],
  origin: 'reply',
};

function sessionOf(key: SessionKey, messages: readonly Message[]): Session {
  return {
    key,
    version: 1,
    createdAtMs: 0,
    updatedAtMs: 0,
    expiresAtMs: 1,
    model: 'm',
    dialect: 'transcript',
    rootId: key.id,
    system: [],
    messages: History.of(messages),
    tools: [],
  };
}

/**
 * Has, for each anchor it is asked for, the next of these lists of ids; sessions of which nothing is told begin otherwise.
 * The first question is who begins alike: there are some.
 */
class ScriptedStore {
  reads = 0;
  #isAsked = false;
  readonly #lists: (readonly string[])[];
  readonly #known: ReadonlyMap<string, readonly Message[]>;

  readonly #damaged: string | undefined;

  constructor(
    lists: readonly (readonly string[])[],
    known: ReadonlyMap<string, readonly Message[]>,
    damaged?: string,
  ) {
    this.#lists = [...lists];
    this.#known = known;
    this.#damaged = damaged;
  }

  async findIdsByAnchors(_space: unknown, anchors: readonly string[], limit: number) {
    if (!this.#isAsked) {
      this.#isAsked = true;
      return [{ ids: ids('alike', 2), isAll: true }];
    }
    return anchors.map(() => {
      const list = this.#lists.shift() ?? [];
      return { ids: list.slice(0, limit), isAll: list.length <= limit };
    });
  }

  async check() {}

  async read(key: SessionKey) {
    this.reads += 1;
    if (key.id === this.#damaged) throw new ProxyError('store_corrupt', 'It is damaged.');
    const messages = this.#known.get(key.id) ?? [user('Something else')];
    return { status: 'found' as const, session: sessionOf(key, messages) };
  }
}

const ids = (name: string, count: number) => Array.from({ length: count }, (_, at) => `${name}_${at}`);
const others = (lists: number, count = 8) =>
  Array.from({ length: lists }, (_, at) => ids(`other${at}`, count));

/** Many replies, and as many anchors. */
const long = [
  ...Array.from({ length: 100 }, (_, at) => [user(`q${at}`), reply(`a${at}`)]).flat(),
  user('And now?'),
];
const look = (messages: readonly Message[], store: ScriptedStore) =>
  recognise({ system: [], messages, atMs: 0 }, space, undefined, store);

test.each([
  ['is whole', undefined, 'twin_0'],
  ['is damaged', 'twin_1', undefined],
])('[XA2] what was thought comes from a session whose twin %s: %s', async (_, damaged, id) => {
  const twins = ids('twin', 2);
  const store = new ScriptedStore(
    [twins],
    new Map(twins.map(twin => [twin, [user('Hi'), thinking]])),
    damaged,
  );
  const { best } = await look([user('Hi'), { role: 'assistant', content: 'Hello!' }, user('Go on')], store);
  expect(best?.session.key.id).toBe(id);
});

describe('[XF1] sessions that begin alike, at each of many replies', () => {
  test('64 of them are looked at, and no more', async () => {
    const store = new ScriptedStore(others(200), new Map());
    expect(await look(long, store)).toEqual({ best: undefined, isDoubtful: true });
    expect(store.reads).toBe(64);
  });

  test.each([
    [0, 'mine'],
    [7, 'mine'],
    [8, undefined],
    [50, undefined],
  ])('the right one behind %i lists of eight: %s', async (before, id) => {
    const store = new ScriptedStore(
      [...others(before), ['mine']],
      new Map([['mine', [user('q0'), reply('a0')]]]),
    );
    expect((await look(long, store)).best?.session.key.id).toBe(id);
  });

  test('one that was seen before is not counted again', async () => {
    const same = Array.from({ length: 90 }, () => ids('same', 8));
    const store = new ScriptedStore([...same, ['mine']], new Map([['mine', [user('q0'), reply('a0')]]]));
    expect((await look(long, store)).best?.session.key.id).toBe('mine');
    expect(store.reads).toBe(9);
  });
});

test.each([
  [6, 'twin_0'],
  [7, 'twin_0'],
  // One of eight is compared: another of them may be the client's.
  [7.5, undefined],
])(
  '[XA2] what was thought comes from none of eight where %d lists before leave no room to compare all',
  async (before, id) => {
    const messages = [
      ...long.slice(0, 40),
      user('Hi'),
      { role: 'assistant', content: 'Hello!' } as const,
      user('Go on'),
    ];
    const native = [...long.slice(0, 40), user('Hi'), thinking];
    const twins = ids('twin', 8);
    const full = others(Math.floor(before));
    const lists = before % 1 === 0 ? full : [...full, ids('half', 4)];
    // What is said after it only makes anchors, which lead to the others.
    const store = new ScriptedStore([...lists, twins], new Map(twins.map(twin => [twin, native])));
    const found = await look([...messages, ...long.slice(0, 40), user('Go on')], store);
    expect(found.best?.session.key.id).toBe(id);
    expect(store.reads).toBeLessThanOrEqual(64);
  },
);

/** Which of a store's methods are called, by name; each fails. */
async function asked(messages: readonly Message[]): Promise<readonly PropertyKey[]> {
  const calls: PropertyKey[] = [];
  const store = new Proxy({} as SessionStore, {
    get: (_, name) => async () => {
      calls.push(name);
      throw new Error('the store fails');
    },
  });
  const found = recognise({ system: [], messages, atMs: 0 }, space, undefined, store);
  await expect(found).rejects.toThrow('the store fails');
  return calls;
}

test('without an answer nothing is looked for; a store that fails is noticed before Cohere is paid', async () => {
  expect(await asked([user('Hello')])).toEqual(['check']);
  expect(await asked([user('Hello'), reply('Hi.')])).toEqual(['check']);
  expect(await asked([user('Hello'), reply('Hi.'), user('Hello')])).toEqual(['findIdsByAnchors']);
});
