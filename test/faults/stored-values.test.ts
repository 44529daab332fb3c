// What stands in the store is no longer what was written: store_corrupt for that session alone, and never an end.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { beginRedis, urlOf } from '../store/redis/begin.ts';
import { ask, expectAnswered, goodAnswer, readOutcome } from '../support/outcome.ts';
import { demandRedis, hasRedis } from '../support/redis-server.ts';
import { type Pair, startPair } from '../support/start.ts';
import { json } from '../support/upstream-script.ts';

const proxySecret = 'f'.repeat(64);
const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
const citing = (levels: number) =>
  `{"role":"assistant","content":"x","citations":[{"start":0,"end":1,"text":"x","sources":[${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}]}]}`;
const large = '9223372036854775807';

async function startOn(sessionStore: string): Promise<Pair> {
  const pair = await startPair({ sessionStore, proxySecret });
  pair.fake.setDefault(() => json(goodAnswer('said')));
  return pair;
}

async function talk(pair: Pair): Promise<void> {
  for (const sessionId of ['before', 'bad', 'after'])
    for (const message of ['one', 'two']) expectAnswered(await ask(pair, { sessionId, message }));
}

/** `bad` is damaged; whatever is asked of it, the others go on. */
async function expectBadAlone(pair: Pair): Promise<void> {
  for (const stream of [true, false]) {
    const outcome = await ask(pair, { sessionId: 'bad', message: 'three', stream });
    expect([outcome.status, outcome.error?.code], outcome.raw).toEqual([500, 'store_corrupt']);
    expectAnswered(await ask(pair, { sessionId: 'before', message: 'three', stream }), 'said');
  }
  const read = await readOutcome(await pair.send('GET', '/v1/sessions/bad'));
  expect([read.status, read.error?.code], read.raw).toEqual([500, 'store_corrupt']);
  expect((await pair.send('GET', '/v1/sessions/after')).status).toBe(200);
  expect((await pair.send('GET', '/ready')).status).toBe(200);
  const transcript = {
    model: 'm',
    messages: [
      { role: 'user', content: 'one' },
      { role: 'assistant', content: 'said' },
      { role: 'user', content: 'on' },
    ],
  };
  expectAnswered(await ask(pair, transcript), 'said');
}

async function expectDeletable(pair: Pair): Promise<void> {
  const deleted = await pair.send('DELETE', '/v1/sessions/bad');
  expect([deleted.status, await deleted.text()]).toEqual([200, expect.stringContaining('"deleted":true')]);
  const again = await ask(pair, { sessionId: 'bad', message: 'anew' });
  expectAnswered(again, 'said');
  expect(again.messages).toHaveLength(2);
}

describe('SQLite', () => {
  const damages: readonly (readonly [string, string])[] = [
    ['a message that is no JSON', `UPDATE messages SET json = 'not json'`],
    ['an empty message', `UPDATE messages SET json = ''`],
    ['a message that is null', `UPDATE messages SET json = 'null'`],
    ['a message that is a number', `UPDATE messages SET json = '7'`],
    ['a message of no role', `UPDATE messages SET json = '{"content":"x"}'`],
    ['a message of another role', `UPDATE messages SET json = '{"role":"robot","content":"x"}'`],
    ['a message without content', `UPDATE messages SET json = '{"role":"user"}'`],
    ['a message whose content is a number', `UPDATE messages SET json = '{"role":"user","content":7}'`],
    [
      'a message whose content is null',
      `UPDATE messages SET json = '{"role":"tool","toolCallId":"x","content":null}'`,
    ],
    ['parts of no type', `UPDATE messages SET json = '{"role":"user","content":[null,7,{}]}'`],
    ['calls that are none', `UPDATE messages SET json = '{"role":"assistant","toolCalls":[7,null]}'`],
    ['a deep message', `UPDATE messages SET json = '${deep}'`],
    ['a deep message with a role', `UPDATE messages SET json = '{"role":"user","content":${deep}}'`],
    ['a citation 4,000 deep', `UPDATE messages SET json = '${citing(4_000)}'`],
    ['a citation 100,000 deep', `UPDATE messages SET json = '${citing(100_000)}'`],
    ['half of the messages', `DELETE FROM messages`],
    ['a large version', `UPDATE sessions SET version = ${large}`],
    ['a large length', `UPDATE sessions SET length = ${large}`],
    ['a negative length', `UPDATE sessions SET length = -5`],
    ['a large segment', `UPDATE sessions SET segment = ${large}`],
    ['a dialect that is none', `UPDATE sessions SET dialect = 'x'`],
    ['a system text that is gone', `UPDATE sessions SET system = 'gone'`],
    ['a cut that is no JSON', `UPDATE sessions SET cuts = 'no'`],
    ['cuts that are a number', `UPDATE sessions SET cuts = '7'`],
    ['cuts of nothing', `UPDATE sessions SET cuts = '[null,{}]'`],
    ['a name that is no JSON', `UPDATE sessions SET model = '"x'`],
  ];
  it.each(damages)('[XF9] S6 %s: that session alone, and never an end', async (_name, sql) => {
    const directory = mkdtempSync(join(tmpdir(), 'cohere-proxy-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const path = join(directory, 'sessions.db');
    const first = await startOn(`sqlite:${path}`);
    await talk(first);
    await first.server.close();
    const database = new DatabaseSync(path);
    const row = database.prepare(`SELECT no, segment FROM sessions WHERE id = 'bad'`).get();
    const where = sql.includes('messages')
      ? ` WHERE id >= ${row?.segment} * 1048576 AND id < (${row?.segment} + 1) * 1048576${sql.startsWith('DELETE') ? ' AND id % 2' : ''}`
      : ` WHERE no = ${row?.no}`;
    database.exec(sql + where);
    database.close();
    const pair = await startOn(`sqlite:${path}`);
    await expectBadAlone(pair);
    await expectDeletable(pair);
  });
});

demandRedis('values in Redis that are none');
describe.runIf(hasRedis)('Redis', () => {
  type Command = (...args: string[]) => Promise<unknown>;
  /** Of the hash of the session, with its fields by name. */
  type Damage = (command: Command, key: string, fields: ReadonlyMap<string, string>) => Promise<unknown>;

  const setAll =
    (value: string, only = /^/): Damage =>
    async (command, key, fields) => {
      for (const name of fields.keys()) if (only.test(name)) await command('HSET', key, name, value);
    };
  const drop =
    (only: RegExp): Damage =>
    async (command, key, fields) => {
      for (const name of fields.keys()) if (only.test(name)) await command('HDEL', key, name);
    };
  const inPlace =
    (...rest: string[]): Damage =>
    async (command, key) => {
      await command('DEL', key);
      await command(rest[0] ?? '', key, ...rest.slice(1));
    };
  const beside =
    (suffix: string): Damage =>
    async (command, key) => {
      await command('DEL', key.replace(/f$/, suffix));
      await command('RPUSH', key.replace(/f$/, suffix), '7');
    };
  const damages: readonly (readonly [string, Damage])[] = [
    ...['', 'not json', 'null', '7', '{}', deep, large, '\u0000\u0001'].map(
      value => [`every value is ${value.slice(0, 20)}`, setAll(value)] as const,
    ),
    ...['', '7', '{}', '\u0080', '\u00c1', 'x'.repeat(16)].map(
      value => [`what scripts read of it is ${value}`, setAll(value, /^s:/)] as const,
    ),
    ['the handle of its name is another', setAll('AAAAAAAAAAAAAAAA', /^n:/)],
    ['what scripts read of it is missing', drop(/^s:/)],
    ['what the first turn said is missing', drop(/^c:/)],
    ['what the last turn said is missing', drop(/^d:/)],
    ['what the last turn said is 7', setAll('7', /^d:/)],
    ['its messages are missing', drop(/^m:/)],
    ['one message is missing', drop(/^m:1:0$/)],
    ['its segments are missing', drop(/^g:/)],
    ['its segments are 7', setAll('7', /^g:/)],
    ['its texts are missing', drop(/^h:/)],
    ['its key is a string', inPlace('SET', '7')],
    ['its key is a list', inPlace('RPUSH', '7')],
    ['its key is a set', inPlace('SADD', '7')],
  ];

  async function damaged(damage: Damage): Promise<Pair> {
    const server = await beginRedis();
    const first = await startOn(urlOf(server));
    await talk(first);
    const command: Command = (...args) => server.command(...args);
    const keys = (await command('KEYS', '*:f')) as string[];
    for (const key of keys) {
      const all = (await command('HGETALL', key)) as string[];
      if (!all.some(text => text.includes('"bad"'))) continue;
      const pairs = all.flatMap((name, at): [string, string][] =>
        at % 2 ? [] : [[name, all[at + 1] ?? '']],
      );
      await damage(command, key, new Map(pairs));
    }
    await first.server.close();
    return startOn(urlOf(server));
  }

  it.each(damages)('[XF9] S6 %s: that session alone, until it is deleted', async (_name, damage) => {
    const pair = await damaged(damage);
    await expectBadAlone(pair);
    const list = await pair.send('GET', '/v1/sessions?limit=100');
    expect(list.status).toBe(200);
    expect(await list.text()).toContain('"before"');
    await expectDeletable(pair);
  });

  it.each([
    ['the key of what has expired is a list', 'x'],
    ['the key of its holds is a list', 'b'],
  ])('[XF9] S6 %s: no turn is stored by halves, until it is deleted', async (_name, suffix) => {
    const pair = await damaged(beside(suffix));
    const outcome = await ask(pair, { sessionId: 'bad', message: 'three' });
    expect([outcome.status, outcome.error?.code], outcome.raw).toEqual([500, 'store_corrupt']);
    expectAnswered(await ask(pair, { sessionId: 'before', message: 'three' }), 'said');
    expect(await (await pair.send('GET', '/v1/sessions/bad')).json()).toMatchObject({ message_count: 4 });
    expect((await pair.send('DELETE', '/v1/sessions/bad')).status).toBe(200);
    expectAnswered(await ask(pair, { sessionId: 'bad', message: 'anew' }), 'said');
  });

  const fields: readonly RegExp[] = [/^e$/, /^g:/, /^r:/, /^G$/, /^K$/, /^S$/, /^q$/, /^u$/, /^z$/, /^[kj]:/];
  it.each(
    fields.flatMap(only => [
      [`${only} is missing`, drop(only)] as const,
      ...['', 'x', '-1', deep].map(
        value => [`${only} is ${value.slice(0, 9)}`, setAll(value, only)] as const,
      ),
    ]),
  )('[XF9] S6 %s: it can be deleted, and all can', async (_name, damage) => {
    const pair = await damaged(damage);
    expectAnswered(await ask(pair, { sessionId: 'before', message: 'three' }), 'said');
    await expectDeletable(pair);
    const all = await pair.send('DELETE', '/v1/sessions?all=true');
    expect([all.status, await all.json()]).toEqual([200, expect.objectContaining({ deleted: 3 })]);
  });

  it.each([
    ['missing', drop(/^n:/)],
    ['another', setAll('AAAAAAAAAAAAAAAA', /^n:/)],
    ['empty', setAll('', /^n:/)],
  ] as const)('[XF9] S6 what its name leads to is %s: all can be deleted', async (_name, damage) => {
    const pair = await damaged(damage);
    const all = await pair.send('DELETE', '/v1/sessions?all=true');
    expect([all.status, await all.json()]).toEqual([200, expect.objectContaining({ deleted: 3 })]);
    const list = await pair.send('GET', '/v1/sessions');
    expect(await list.json()).toMatchObject({ data: [] });
  });

  it.each(
    [/^S$/, /^e$/, /^g:2$/, /^r:/, /^s:/, /^n:/].flatMap(only => [
      [`${only} is missing`, drop(only)] as const,
      [`${only} is 'x'`, setAll('x', only)] as const,
      [`${only} is empty`, setAll('', only)] as const,
    ]),
  )('[XF9] S6 a branch of which %s takes no other with it', async (_name, damage) => {
    const server = await beginRedis();
    const first = await startOn(urlOf(server));
    const command: Command = (...args) => server.command(...args);
    expectAnswered(await ask(first, { sessionId: 'root', message: 'one' }));
    const read = async () => {
      for (const key of (await command('KEYS', '*:f')) as string[]) {
        const all = (await command('HGETALL', key)) as string[];
        const pairs = all.flatMap((name, at): [string, string][] =>
          at % 2 ? [] : [[name, all[at + 1] ?? '']],
        );
        return { key, fields: new Map(pairs) };
      }
      throw new Error('no family');
    };
    const { fields: before } = await read();
    const forked = await first.send('POST', '/v1/sessions/root/fork', {
      headers: { 'content-type': 'application/json' },
      body: '{"session_id":"bad"}',
    });
    expect(forked.status).toBe(200);
    expectAnswered(await ask(first, { sessionId: 'bad', message: 'two' }));
    const { key, fields } = await read();
    // What is the branch's alone, and what says something of both.
    const open = [...fields].filter(([name]) => /^([Se]$|r:)/.test(name) || !before.has(name));
    await damage(command, key, new Map(open));
    await first.server.close();
    const pair = await startOn(urlOf(server));
    await (await pair.send('DELETE', '/v1/sessions/bad')).arrayBuffer();
    const root = await readOutcome(await pair.send('GET', '/v1/sessions/root'));
    expect(root.error?.code).not.toBe('session_not_found');
    expect(await command('HGET', key, 'm:1:0')).toContain('one');
  });

  /** Each sorted set of those: lists, hints, and whose a name is. */
  async function besideDamage(kind: string, damage: (command: Command, key: string) => Promise<unknown>) {
    const server = await beginRedis();
    const first = await startOn(urlOf(server));
    await talk(first);
    const command: Command = (...args) => server.command(...args);
    for (const key of (await command('KEYS', `*:${kind}`)) as string[]) {
      expect(await command('TYPE', key)).toBe('zset');
      await damage(command, key);
    }
    await first.server.close();
    return startOn(urlOf(server));
  }
  const asString = async (command: Command, key: string) => {
    await command('DEL', key);
    await command('SET', key, '7');
  };
  const withOthers = (command: Command, key: string) =>
    command('ZADD', key, '1', 'no member', 'inf', '{"a":', '2', '7', '3', '|');

  it.each([
    ['lists', 'l'],
    ['hints', 'h'],
    ['names', 'u'],
  ])('[XF9] S6 %s of another type are begun anew', async (_name, kind) => {
    const pair = await besideDamage(kind, asString);
    for (const sessionId of ['before', 'bad', 'after'])
      expectAnswered(await ask(pair, { sessionId, message: 'three' }), 'said');
    expect((await pair.send('GET', '/v1/sessions/after')).status).toBe(200);
    const list = await (await pair.send('GET', '/v1/sessions')).json();
    expect(list).toMatchObject({ data: [{ id: 'after' }, { id: 'bad' }, { id: 'before' }] });
    await expectDeletable(pair);
    const all = await pair.send('DELETE', '/v1/sessions?all=true');
    expect([all.status, await all.json()]).toEqual([200, expect.objectContaining({ deleted: 3 })]);
  });

  it.each([
    ['lists', 'l'],
    ['hints', 'h'],
    ['names', 'u'],
  ])('[XF9] S6 with %s of another type each session can be read and deleted', async (_name, kind) => {
    const pair = await besideDamage(kind, asString);
    for (const id of ['before', 'bad', 'after']) {
      expect((await pair.send('GET', `/v1/sessions/${id}`)).status).toBe(200);
      expect((await pair.send('DELETE', `/v1/sessions/${id}`)).status).toBe(200);
    }
  });

  it('[XF9] S6 a list of another type is damaged, not empty', async () => {
    const pair = await besideDamage('l', asString);
    for (const [method, path] of [
      ['GET', '/v1/sessions'],
      ['DELETE', '/v1/sessions?all=true'],
    ] as const) {
      const { status, error } = await readOutcome(await pair.send(method, path));
      expect([status, error?.code]).toEqual([500, 'store_corrupt']);
    }
  });

  it.each([
    ['lists', 'l'],
    ['hints', 'h'],
    ['names', 'u'],
  ])('[XF9] S6 members of %s that are none are passed over', async (_name, kind) => {
    const pair = await besideDamage(kind, withOthers);
    expectAnswered(await ask(pair, { sessionId: 'bad', message: 'three' }), 'said');
    expect((await pair.send('GET', '/v1/sessions/bad')).status).toBe(200);
    expect(await (await pair.send('GET', '/v1/sessions')).json()).toMatchObject({ data: [{}, {}, {}] });
    await expectDeletable(pair);
    expect((await pair.send('DELETE', '/v1/sessions?all=true')).status).toBe(200);
  });

  it.each([
    ['what it is recalled as', /^j:/],
    ['its system text', /^h:/],
  ])('[XF9] S6 %s is none: a repeat is told so', async (_name, only) => {
    const server = await beginRedis();
    const pair = await startOn(urlOf(server));
    const body = JSON.stringify({ sessionId: 'bad', message: 'once' });
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'k' };
    const send = () => pair.send('POST', '/v1/chat/completions', { headers, body });
    expect((await send()).status).toBe(200);
    for (const key of (await server.command('KEYS', '*:f')) as string[]) {
      const all = (await server.command('HKEYS', key)) as string[];
      for (const name of all) if (only.test(name)) await server.command('HSET', key, name, 'null');
    }
    for (const key of (await server.command('KEYS', '*:c')) as string[]) await server.command('DEL', key);
    const { status, error } = await readOutcome(await send());
    expect([status, error?.code]).toEqual([500, 'store_corrupt']);
  });

  it('[XF9] S6 its key is gone, and what says that it lives is not: 404, no new conversation', async () => {
    const pair = await damaged((command, key) => command('DEL', key));
    for (const stream of [true, false]) {
      const outcome = await ask(pair, { sessionId: 'bad', message: 'three', stream });
      expect([outcome.status, outcome.error?.code], outcome.raw).toEqual([404, 'session_not_found']);
      expectAnswered(await ask(pair, { sessionId: 'before', message: 'three', stream }), 'said');
    }
  });
});
