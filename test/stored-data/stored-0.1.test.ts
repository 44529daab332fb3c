// What release 0.1 left in its stores is gone on with: by its clients, by name, and in all that an owner can see.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { heardAnswers, heardAs, sayNative, sayText } from '../clients/native-answer.ts';
import { readReply } from '../support/read-reply.ts';
import { demandRedis, hasRedis, startRedis } from '../support/redis-server.ts';
import { type Pair, startPair } from '../support/start.ts';
import type { Asker, Said, SaidConversation } from './said.ts';
import { fillRedis, fillSqlite, readSaid } from './stored-0.1.ts';
import { contexts, headersOf, keys, secret } from './story-0.1.ts';

demandRedis('the tests of a Redis that 0.1 wrote');
const kinds = (['sqlite', 'redis'] as const).filter(kind => kind === 'sqlite' || hasRedis);
/** Said once more than it was cut for, so that a prompt holds less than all. */
const cutName = 'long';

describe.each(kinds)('what 0.1 left in %s', kind => {
  const { conversations, marks, expired, seen } = readSaid(kind);

  it.each(conversations.map(({ name }) => name))('goes on: %s', async name => {
    const stored = await open(kind);
    const said = find(stored.said, name);
    const pair = await stored.start(said.owner);
    const { response, heard } = await goOn(pair, said);
    expect(response.headers.get('x-session-state')).toBe('continued');
    expect(response.headers.get('x-session-id')).toBe(said.id);
    const native = said.natives.flatMap(message => heardAs(message, said.model));
    if (name === cutName) {
      const left = heardAnswers(heard);
      expect(left.length).toBeLessThan(native.length);
      expect(left).toEqual(native.slice(-left.length));
      expect(Number(response.headers.get('x-context-truncated')?.match(/\d+/)?.[0])).toBeGreaterThan(0);
    } else expect(heardAnswers(heard)).toEqual(native);
    if (name.startsWith('trip') && said.natives.some(({ tool_calls }) => tool_calls))
      expect(heard?.json).toMatchObject({ tools: [{ function: { name: 'look_up' } }] });
    if (name === 'picture')
      expect(JSON.stringify(heard?.json)).toContain('data:image/png;base64,iVBORw0KGgo');
    await readReply(response, said.next.stream === true);

    // What 0.1 stored and what was said now are one history.
    const { heard: again } = await goOn(pair, {
      ...said,
      next: { sessionId: said.id, user: said.next.user, message: 'And then?' },
    });
    expect(heardAnswers(again).at(-1)).toEqual({ role: 'assistant', content: 'Gladly.' });
    if (name !== cutName) expect(heardAnswers(again).slice(0, -1)).toEqual(native);
  });

  it.each(seen)('shows the same: $owner $path', async ({ owner, path, answer }) => {
    const stored = await open(kind);
    const pair = await stored.start(owner);
    const response = await pair.send('GET', path, { headers: headersOf(owner) });
    expect(response.status).toBe(200);
    expect(readSeen(await response.text())).toEqual(readSeen(answer));
  });

  it.each(marks)(
    'gives the answer again: $headers',
    async ({ owner, path, headers, body, sessionId, answer }) => {
      const stored = await open(kind);
      const pair = await stored.start(owner);
      const response = await pair.send('POST', path, {
        headers: { ...headersOf(owner), ...headers },
        body: JSON.stringify(body),
      });
      expect(response.headers.get('idempotent-replayed')).toBe('true');
      expect(response.headers.get('x-session-id') ?? '').toBe(sessionId);
      const text = await response.text();
      if (path.endsWith('/fork')) expect(text).toBe(answer);
      else expect(saidIn(text)).toBe(saidIn(answer));
      expect(pair.fake.chatRequests).toEqual([]);
    },
  );

  it.each(expired.map((_, at) => at))('remembers that it has expired: %i', async at => {
    const stored = await open(kind);
    const { owner, id } = stored.said.expired[at] ?? { owner: 'ada', id: '' };
    const pair = await stored.start(owner);
    const headers = headersOf(owner);
    const gone = { error: { code: 'session_not_found', details: { expired: true } } };
    const shown = await pair.send('GET', `/v1/sessions/${id}`, { headers });
    expect([shown.status, await shown.json()]).toEqual([404, expect.objectContaining(asPart(gone))]);
    const asked = await pair.post({ sessionId: id, message: 'Still there?' }, { headers });
    expect([asked.status, await asked.json()]).toEqual([404, expect.objectContaining(asPart(gone))]);
    expect(pair.fake.chatRequests).toEqual([]);
  });

  it('keeps owners apart', async () => {
    const stored = await open(kind);
    for (const owner of ['ada', 'ben', 'local', 'guest'] as const) {
      const pair = await stored.start(owner);
      const headers = headersOf(owner);
      const own = new Set(stored.said.conversations.filter(said => said.owner === owner).map(({ id }) => id));
      const others = stored.said.conversations.filter(({ id }) => !own.has(id));
      expect(others).not.toEqual([]);
      for (const { id } of others) {
        const { status } = await pair.send('GET', `/v1/sessions/${id}`, { headers });
        expect([id, status]).toEqual([id, 404]);
      }
      // Word for word the conversation of another.
      const other = others.find(({ next }) => 'tools' in next && 'messages' in next);
      if (!other) throw new Error('no conversation of another owner');
      const { response } = await goOn(pair, { ...other, owner });
      expect(own).not.toContain(response.headers.get('x-session-id'));
      expect(response.headers.get('x-session-id')).not.toBe(other.id);
      await pair.server.close();
    }
  });
});

interface Stored {
  readonly said: Said;
  readonly start: (owner: Asker) => Promise<Pair>;
}

async function open(kind: 'sqlite' | 'redis'): Promise<Stored> {
  const folder = mkdtempSync(join(tmpdir(), 'cohere-proxy-stored-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const own = { sessionStore: '', dataDir: folder, proxySecret: secret, contexts };
  let said: Said;
  if (kind === 'sqlite') {
    const path = join(folder, 'sessions.db');
    said = fillSqlite(path);
    own.sessionStore = `sqlite:${path}`;
  } else {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    said = await fillRedis(redis.url);
    own.sessionStore = redis.url;
  }
  const proxyKeys = Object.entries(keys).map(([name, key]) => ({ name, key }));
  const start = (owner: Asker) =>
    startPair({
      ...own,
      ...(owner === 'guest' ? { passthrough: true } : {}),
      ...(owner === 'ada' || owner === 'ben' ? { proxyKeys } : {}),
    });
  return { said, start };
}

function find(said: Said, name: string): SaidConversation {
  const found = said.conversations.find(conversation => conversation.name === name);
  if (!found) throw new Error(`no conversation ${name}`);
  return found;
}

async function goOn(pair: Pair, { owner, headers, next }: SaidConversation) {
  const before = pair.fake.chatRequests.length;
  pair.fake.script(...sayNative(sayText('Gladly.'), next.stream === true));
  const response = await pair.post(next, { headers: { ...headersOf(owner), ...headers } });
  expect(response.status, response.ok ? '' : await response.clone().text()).toBe(200);
  return { response, heard: pair.fake.chatRequests[before] };
}

/** A list or an export, with times as they stand to each other. */
function readSeen(text: string): unknown {
  const lines = text.trimEnd().split('\n');
  return lines.map(line => JSON.parse(line, withoutTimes));
}

function withoutTimes(_key: string, value: unknown): unknown {
  const { created_at: created, updated_at: updated, expires_at: until } = Object(value);
  if (typeof created !== 'number') return value;
  const times = { created_at: 0, ...(until ? { expires_at: Math.round((until - updated) / 60) } : {}) };
  return { ...(value as object), ...times, updated_at: 0 };
}

function saidIn(text: string): string {
  return [...text.matchAll(/"content":"([^"]*)"/g)].map(([, said]) => said).join('');
}

function asPart(part: { readonly error: { readonly code: string; readonly details: object } }) {
  const { code, details } = part.error;
  return { error: expect.objectContaining({ code, details: expect.objectContaining(details) }) };
}
