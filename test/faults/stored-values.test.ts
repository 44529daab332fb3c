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
    await expectBadAlone(await startOn(`sqlite:${path}`));
  });
});

demandRedis('values in Redis that are none');
describe.runIf(hasRedis)('Redis', () => {
  it.each(['', 'not json', 'null', '7', '{}', deep, large, '\u0000\u0001'])(
    '[XF9] S6 every value of a family is %$: the others go on',
    async value => {
      const server = await beginRedis();
      const first = await startOn(urlOf(server));
      await talk(first);
      const keys = (await server.command('KEYS', '*:f')) as string[];
      for (const key of keys) {
        const all = (await server.command('HGETALL', key)) as string[];
        if (!all.some(text => text.includes('"bad"'))) continue;
        for (let at = 0; at < all.length; at += 2) await server.command('HSET', key, all[at] ?? '', value);
      }
      await first.server.close();
      const pair = await startOn(urlOf(server));
      // Whatever comes of it, where not even its name is there any more.
      await ask(pair, { sessionId: 'bad', message: 'three' });
      expectAnswered(await ask(pair, { sessionId: 'before', message: 'three' }), 'said');
      expect((await pair.send('GET', '/ready')).status).toBe(200);
      await (await pair.send('GET', '/v1/sessions?limit=100')).text();
      expect((await pair.send('GET', '/health')).status).toBe(200);
    },
  );
});
