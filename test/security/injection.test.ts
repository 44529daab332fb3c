// Names, keys and places in lists that are made to be taken for commands. Catalogue A6 and A26, on every store.
import { describe, expect, it } from 'vitest';
import { ask, expectAnswered, expectErrorShape, goodAnswer, readSession } from '../support/outcome.ts';
import { type Pair, startPair } from '../support/start.ts';
import { stores } from '../support/stores.ts';
import { json } from '../support/upstream-script.ts';

const payloads = [
  "' OR 1=1 --",
  "x'; DROP TABLE sessions; --",
  '"; DELETE FROM sessions WHERE 1; --',
  '\\x27 UNION SELECT * FROM messages --',
  '*3\r\n$3\r\nDEL\r\n$1\r\n*\r\n',
  'FLUSHALL\r\n',
  "EVAL \"return redis.call('KEYS','*')\" 0",
  '*',
  '[a-z]*?',
  '{tag}',
  'a:b:c',
  '../../../etc/passwd',
  '%00%2e%2e%2f',
  'C:\\windows\\win.ini',
  '$' + '{7*7}',
  '{{7*7}}',
  '$(touch /tmp/owned)',
  '__proto__',
  'constructor',
  '\u0000',
  '\u2028\u202e',
];

const keyOf = (name: string) => `key-of-${name}-0123456789`;
const as = (name: string) => ({ authorization: `Bearer ${keyOf(name)}` });

async function start(makeStore: () => Promise<string>): Promise<Pair> {
  const pair = await startPair({
    sessionStore: await makeStore(),
    proxySecret: 'f'.repeat(64),
    proxyKeys: ['ada', 'grace'].map(name => ({ name, key: keyOf(name) })),
  });
  pair.fake.setDefault(() => json(goodAnswer('ok')));
  expectAnswered(await ask(pair, { sessionId: 'canary', message: 'CANARY' }, as('ada')));
  return pair;
}

async function expectUntouched(pair: Pair): Promise<void> {
  const session = await readSession(pair, 'canary', as('ada'));
  expect(session?.messages.map(({ content }) => content)).toEqual(['CANARY', 'ok']);
}

const isWire = (text: string) => !/[\0\r\n\u0100-\uffff]/.test(text);

describe.each(stores)('%s', (_name, makeStore) => {
  it('A6 as an id, a user, a model, a label, an idempotency key: a name like any other, or 400', async () => {
    const pair = await start(makeStore);
    for (const payload of payloads) {
      const named = await ask(pair, { sessionId: payload, message: 'x' }, as('ada'));
      // `constructor` and the like are names as good as others.
      if (/^[\w-]+$/.test(payload)) expectAnswered(named);
      else expect([named.status, named.error?.param]).toEqual([400, 'sessionId']);

      const user = await ask(pair, { sessionId: 'own', user: payload, message: `of ${payload}` }, as('ada'));
      if (user.status === 200) {
        const query = `?user=${encodeURIComponent(payload)}`;
        const own = await (await pair.send('GET', `/v1/sessions${query}`, { headers: as('ada') })).json();
        expect((own as { data: unknown[] }).data).toHaveLength(1);
        const gone = await pair.send('DELETE', `/v1/sessions/own${query}`, { headers: as('ada') });
        expect([payload, gone.status]).toEqual([payload, 200]);
        await gone.text();
      } else expectErrorShape(user);

      const model = await ask(pair, { model: payload, message: 'x' }, as('ada'));
      if (model.status !== 200) expectErrorShape(model);
      if (!isWire(payload)) continue;
      for (const header of ['x-session-id', 'idempotency-key', 'x-request-id', 'user-agent']) {
        const outcome = await ask(pair, { message: 'x' }, { ...as('ada'), [header]: payload });
        if (outcome.status !== 200) expectErrorShape(outcome);
      }
      const bearer = await ask(pair, { message: 'x' }, { authorization: `Bearer ${payload}` });
      expect(bearer.status).toBe(401);
    }
    await expectUntouched(pair);
  });

  it('A6 in paths and queries: no such session, and nothing else happens', async () => {
    const pair = await start(makeStore);
    for (const payload of payloads) {
      const encoded = encodeURIComponent(payload);
      for (const [method, path] of [
        ['GET', `/v1/sessions/${encoded}`],
        ['DELETE', `/v1/sessions/${encoded}`],
        ['GET', `/v1/sessions?label=${encoded}`],
        ['GET', `/v1/sessions?user=${encoded}`],
        ['GET', `/v1/sessions?after=${encoded}`],
        ['GET', `/v1/sessions?limit=${encoded}`],
      ] as const) {
        const response = await pair.send(method, path, { headers: as('grace') });
        const raw = await response.text();
        expect(raw).not.toContain('canary');
        expect(response.status, `${method} ${path}`).toBeLessThan(500);
        if (response.status >= 400) expectErrorShape({ error: JSON.parse(raw).error, raw });
      }
    }
    await expectUntouched(pair);
  });

  it("A26 a place in another's list, or one made up, is none", async () => {
    const pair = await start(makeStore);
    expectAnswered(await ask(pair, { message: 'of grace' }, as('grace')));
    const list = async (query: string, name: string) => {
      const response = await pair.send('GET', `/v1/sessions${query}`, { headers: as(name) });
      return { status: response.status, text: await response.text() };
    };
    const { last_id } = JSON.parse((await list('', 'ada')).text) as { last_id: string };
    expect(last_id).toBe('canary');
    const forged = [
      'canary',
      'sess_AAAAAAAAAAAAAAAAAAAAAA',
      '0',
      '-1',
      '1e9',
      btoa('{"owner":"ada"}'),
      'ada',
    ];
    for (const place of forged) {
      for (const order of ['', '&order=asc', '&branches=true', '&label=x']) {
        const { status, text } = await list(`?after=${encodeURIComponent(place)}${order}`, 'grace');
        expect([place, order, status]).toEqual([place, order, 400]);
        expect(text).not.toContain('CANARY');
      }
    }
    expect((await list('?after=canary', 'ada')).status).toBe(200);
  });

  it('S22 users whose names only look alike are users apart, or refused', async () => {
    const pair = await start(makeStore);
    const users = [
      ...['é', 'e\u0301', 'É', 'Ａ', 'A', 'a', 'ß', 'ss', 'ſ', 's', 'İ', 'i', 'ı', 'K', 'k', '\u212a'],
      ...['\ufffd', '\ud800', '\udc00', '\ud800x', 'a\u0000', 'a\u200b', ' a', 'a ', '🌊', '\\ud800'],
    ];
    const taken = new Map<string, string>();
    for (const user of users) {
      const outcome = await ask(
        pair,
        { sessionId: 'own', user, message: `of ${inAscii(user)}` },
        as('grace'),
      );
      if (outcome.status === 400) expect(outcome.error?.param).toBe('user');
      else {
        expectAnswered(outcome);
        expect(outcome.messages, inAscii(user)).toHaveLength(2);
        taken.set(user, inAscii(user));
      }
    }
    for (const [user, name] of taken) {
      const outcome = await ask(pair, { sessionId: 'own', user, message: 'on' }, as('grace'));
      expect(outcome.messages?.[0]?.content).toBe(`of ${name}`);
    }
    // Every name that was taken comes back as it was.
    const listed = await (await pair.send('GET', '/v1/sessions?limit=100', { headers: as('grace') })).json();
    const names = (listed as { data: { user?: string }[] }).data.map(({ user }) => user ?? '');
    expect(names.toSorted()).toEqual([...taken.keys()].toSorted());
  });
});

const inAscii = (text: string) =>
  JSON.stringify(text).replaceAll(/[^\x20-\x7e]/g, c => `u${c.charCodeAt(0)}`);
