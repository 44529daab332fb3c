// I1: nobody sees, continues, changes or deletes another's session, whatever the route. Catalogue A1–A3, A28, S22.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeId } from '../../src/ids.ts';
import type { CohereProxyOptions } from '../../src/index.ts';
import { ask, expectAnswered, expectFailed, goodAnswer, readSession } from '../support/outcome.ts';
import { randomSource } from '../support/seed.ts';
import { type Pair, startPair } from '../support/start.ts';
import { json } from '../support/upstream-script.ts';

const keyOf = (name: string) => `key-of-${name}-0123456789`;
const as = (name: string) => ({ authorization: `Bearer ${keyOf(name)}` });
const proxyKeys = ['ada', 'grace'].map(name => ({ name, key: keyOf(name) }));

const modes: readonly (readonly [string, CohereProxyOptions & { passthrough?: boolean }])[] = [
  ['proxy keys', { proxyKeys }],
  ['passed-through keys', { passthrough: true }],
];

async function startWith(options: CohereProxyOptions & { passthrough?: boolean }): Promise<Pair> {
  const pair = await startPair(options);
  let answers = 0;
  pair.fake.setDefault(() => {
    answers += 1;
    return json(goodAnswer(`answer ${answers}`));
  });
  return pair;
}

/** The answer without what differs from request to request. */
async function comparable(response: Response): Promise<object> {
  const body = await response.text();
  const headers = [...response.headers.keys()].filter(name => name !== 'date');
  return { status: response.status, body: body.replaceAll(/sess_[\w-]+/g, 'ID'), headers };
}

describe.each(modes)('with %s', (_name, options) => {
  it("A1 another's id is answered exactly as one that never was", async () => {
    const pair = await startWith(options);
    const { sessionId = '' } = await ask(pair, { message: 'CANARY-TEXT' }, as('ada'));
    const unknown = makeId('sess_');
    const calls = pair.fake.chatRequests.length;
    const requests: ((id: string) => Promise<Response>)[] = [
      id => pair.post({ sessionId: id, message: 'x' }, { headers: as('grace') }),
      id => pair.post({ sessionId: id, message: 'x', stream: true }, { headers: as('grace') }),
      id => pair.post({ sessionId: id, message: 'x', history: 'append' }, { headers: as('grace') }),
      id =>
        pair.post({ sessionId: id, messages: [{ role: 'user', content: 'x' }] }, { headers: as('grace') }),
      id => pair.post({ sessionId: id, message: 'x', user: 'ada' }, { headers: as('grace') }),
      id => pair.send('GET', `/v1/sessions/${id}`, { headers: as('grace') }),
      id => pair.send('GET', `/v1/sessions/${id}?user=`, { headers: as('grace') }),
      id => pair.send('HEAD', `/v1/sessions/${id}`, { headers: as('grace') }),
      id => pair.send('DELETE', `/v1/sessions/${id}`, { headers: as('grace') }),
      id => pair.send('GET', `/v1/sessions?after=${id}`, { headers: as('grace') }),
    ];
    for (const request of requests) {
      const foreign = await comparable(await request(sessionId));
      expect(foreign).toEqual(await comparable(await request(unknown)));
      expect(JSON.stringify(foreign)).not.toContain('CANARY');
    }
    expect(pair.fake.chatRequests.length, 'nothing was sent to Cohere').toBe(calls);
    const session = await readSession(pair, sessionId, as('ada'));
    expect(session?.messages.map(({ content }) => content)).toEqual(['CANARY-TEXT', 'answer 1']);
  });

  it('A1 lists hold only what is ours', async () => {
    const pair = await startWith(options);
    for (const name of ['ada', 'grace', 'ada']) await ask(pair, { message: name }, as(name));
    const list = async (name: string, query = '') =>
      JSON.parse(await (await pair.send('GET', `/v1/sessions${query}`, { headers: as(name) })).text());
    expect((await list('ada')).data).toHaveLength(2);
    const { data, last_id } = await list('grace');
    expect(data).toHaveLength(1);
    // A26: a place in one owner's list is none in another's.
    expect((await list('ada', `?after=${last_id}`)).error.code).toBe('invalid_value');
  });

  it("A1 a client's own name is free in each space", async () => {
    const pair = await startWith(options);
    expectAnswered(await ask(pair, { sessionId: 'chat', message: 'of ada' }, as('ada')));
    const grace = await ask(pair, { sessionId: 'chat', message: 'of grace' }, as('grace'));
    expect(grace.headers.get('x-session-state')).toBe('new');
    expect(grace.messages).toHaveLength(2);
    await pair.send('DELETE', '/v1/sessions/chat', { headers: as('grace') });
    expect((await readSession(pair, 'chat', as('ada')))?.messages[0]?.content).toBe('of ada');
  });

  it('A1 two users of one owner do not continue each other', async () => {
    const pair = await startWith(options);
    const { sessionId = '' } = await ask(pair, { message: 'of u1', user: 'u1' }, as('ada'));
    const calls = pair.fake.chatRequests.length;
    for (const user of ['u2', undefined, 'U1', 'u1 ', 'u1\n']) {
      const body = { sessionId, message: 'x', ...(user === undefined ? {} : { user }) };
      expectFailed(await ask(pair, body, as('ada')), 'session_not_found', 404);
    }
    expect(pair.fake.chatRequests.length).toBe(calls);
    expectAnswered(await ask(pair, { sessionId, message: 'more', user: 'u1' }, as('ada')));
    const narrowed = await pair.send('GET', `/v1/sessions/${sessionId}?user=u2`, { headers: as('ada') });
    expect(narrowed.status).toBe(404);
  });

  it('A1 one name used by two users must be asked for with the user, the empty one included', async () => {
    const pair = await startWith(options);
    const users = ['u1', '', undefined];
    for (const user of users) {
      const body = { sessionId: 'chat', message: `of ${user}`, ...(user === undefined ? {} : { user }) };
      expectAnswered(await ask(pair, body, as('ada')));
    }
    const read = async (query: string) => {
      const response = await pair.send('GET', `/v1/sessions/chat${query}`, { headers: as('ada') });
      return { status: response.status, body: JSON.parse(await response.text()) };
    };
    expect((await read('')).status).toBe(400);
    expect((await read('?user=u1')).body.messages[0].content).toBe('of u1');
    expect((await read('?user=')).status).toBe(200);
  });

  it('A28 the same question of two owners is asked twice, and nothing may be cached', async () => {
    const pair = await startWith(options);
    const replies: string[] = [];
    for (const name of ['ada', 'grace']) {
      const outcome = await ask(pair, { message: 'same' }, as(name));
      replies.push(outcome.text);
      expect(outcome.headers.get('cache-control')).toContain('no-store');
    }
    expect(replies).toEqual(['answer 1', 'answer 2']);
    for (const path of ['/v1/sessions', '/v1/models', '/health', '/nowhere']) {
      const response = await pair.send('GET', path, { headers: as('ada') });
      expect(response.headers.get('cache-control')).toContain('no-store');
      await response.arrayBuffer();
    }
  });

  it('A3 what is ours cannot be written', async () => {
    const pair = await startWith(options);
    const mine = {
      owner: 'grace',
      key: { owner: 'grace' },
      version: 7,
      createdAt: 0,
      apiKey: 'x',
      caller: {},
    };
    expectAnswered(await ask(pair, { sessionId: 'chat', message: 'x', ...mine, metadata: mine }, as('ada')));
    expect(await readSession(pair, 'chat', as('grace'))).toBeUndefined();
    expect(pair.fake.chatRequests[0]?.body.toString()).not.toContain('grace');
  });
});

it('A1 the key that goes to Cohere is the right one', async () => {
  const passed = await startWith({ passthrough: true });
  await ask(passed, { message: 'x' }, as('ada'));
  expect(passed.fake.chatRequests[0]?.headers.authorization).toBe(`Bearer ${keyOf('ada')}`);
  const own = await startWith({ proxyKeys });
  await ask(own, { message: 'x' }, as('ada'));
  expect(own.fake.chatRequests[0]?.headers.authorization).toBe('Bearer proxy-own-key-0123456789');
});

it('A2 ids are unique, and of 128 bits', () => {
  const ids = new Set(Array.from({ length: 100_000 }, () => makeId('sess_')));
  expect(ids.size).toBe(100_000);
  for (const id of [...ids].slice(0, 100)) expect(id).toMatch(/^sess_[A-Za-z0-9_-]{22}$/);
});

it('S22 no two spaces share a session, however their names are written', async () => {
  const names = ['a', 'ab', 'a_b', 'A', 'a-b'];
  const pair = await startWith({
    proxyKeys: names.map(name => ({ name: `${name}.x`, key: keyOf(`${name}-long`) })),
  });
  const ownerName = fc.constantFrom(...names);
  const id = fc.constantFrom('a', 'A', 'a_b', 'a-b', 'b', 'ua', '1');
  const user = fc.constantFrom(
    undefined,
    'a',
    'A',
    'a\nb',
    'b\na',
    '\n',
    ':',
    'a:b',
    'u',
    'ua',
    '\u00e9',
    'e\u0301',
    '[]',
    '"',
  );
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(ownerName, id, user, async (name, sessionId, spaceUser) => {
      const outcome = await ask(
        pair,
        { sessionId, message: 'x', ...(spaceUser === undefined ? {} : { user: spaceUser }) },
        as(`${name}-long`),
      );
      const space = JSON.stringify([name, sessionId, spaceUser]);
      const turns = (seen.get(space) ?? 0) + 1;
      seen.set(space, turns);
      expect(outcome.messages).toHaveLength(turns * 2);
    }),
    { numRuns: 120, seed: Math.floor(randomSource('S22')() * 2 ** 31) },
  );
});
