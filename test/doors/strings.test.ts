// Every string that is accepted comes back, through lists to their end, reads, exports and imports; what cannot is
// refused at the door: XF7. On each store.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { beginRedis, urlOf } from '../store/redis/begin.ts';
import { ask, expectAnswered, expectFailed, goodAnswer } from '../support/outcome.ts';
import { hasRedis } from '../support/redis-server.ts';
import { type Pair, startPair } from '../support/start.ts';
import { json } from '../support/upstream-script.ts';

const odd: readonly string[] = [
  'plain',
  '\0',
  'a\0b',
  '\ufffd',
  'e\u0301',
  'é',
  '\u2028\u2029\u0085',
  '\ufeffx',
  '\u202egnp.exe',
  '"quoted"',
  'u"x',
  "'; DROP TABLE sessions; --",
  '%00%ff&user=x',
  '@',
  'a@b',
  '__proto__',
  ' ',
  '\n',
  '😀\u{10ffff}',
  'ß'.repeat(512),
];
/** Halves of surrogate pairs: JSON can say them, UTF-8 cannot. */
const halves = ['\ud800', 'a\udc00b', '\udc00\ud800', '😀'.slice(0, 1)];

const stores: readonly (readonly [string, () => Promise<string>])[] = [
  ['memory', async () => 'memory:'],
  [
    'SQLite',
    async () => {
      const directory = mkdtempSync(join(tmpdir(), 'cohere-proxy-'));
      onTestFinished(() => rmSync(directory, { recursive: true }));
      return `sqlite:${join(directory, 'sessions.db')}`;
    },
  ],
  ...(hasRedis ? [['Redis', async () => urlOf(await beginRedis())] as const] : []),
];

interface Listed {
  readonly data: readonly { readonly id: string; readonly user: string | null; readonly model: string }[];
  readonly has_more: boolean;
  readonly last_id: string | null;
}

async function get<Body>(pair: Pair, path: string): Promise<Body> {
  const response = await pair.send('GET', path);
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return JSON.parse(text);
}

/** To its end, one by one. */
async function listAll(pair: Pair): Promise<Listed['data'][number][]> {
  const all: Listed['data'][number][] = [];
  let after = '';
  for (;;) {
    const page = await get<Listed>(pair, `/v1/sessions?limit=1${after}`);
    all.push(...page.data);
    if (!page.has_more) return all;
    after = `&after=${encodeURIComponent(page.last_id ?? '')}`;
  }
}

describe.each(stores)('[XF7] %s', (_name, place) => {
  it.each(['user', 'safety_identifier'])(
    '%s: each comes back everywhere, apart from the others',
    async field => {
      const pair = await startPair({ sessionStore: await place(), proxySecret: 'f'.repeat(64) });
      pair.fake.setDefault(() => json(goodAnswer('ok')));
      for (const name of odd)
        expectAnswered(await ask(pair, { sessionId: 's', message: `of ${name}`, [field]: name }));
      expect((await listAll(pair)).map(({ user }) => user)).toEqual([...odd].reverse());
      for (const name of odd) {
        const query = `?user=${encodeURIComponent(name)}`;
        const session = await get<{ messages: readonly { content: string }[] }>(
          pair,
          `/v1/sessions/s${query}`,
        );
        expect(session.messages[0]?.content).toBe(`of ${name}`);
        expect((await get<Listed>(pair, `/v1/sessions${query}`)).data).toHaveLength(1);
      }
      const exported = await (await pair.send('GET', '/v1/session-exports')).text();
      const other = await startPair({ sessionStore: 'memory:' });
      const headers = { 'content-type': 'application/jsonl' };
      const imported = await other.send('POST', '/v1/session-imports', { headers, body: exported });
      expect(JSON.parse(await imported.text())).toMatchObject({ imported: odd.length });
      expect(new Set((await listAll(other)).map(({ user }) => user))).toEqual(new Set(odd));
      for (const name of odd) {
        const gone = await pair.send('DELETE', `/v1/sessions/s?user=${encodeURIComponent(name)}`);
        expect(gone.status).toBe(200);
      }
      expect(await listAll(pair)).toEqual([]);
    },
  );

  it('words, names of tools, arguments and results come back as they were, halves of pairs too', async () => {
    const pair = await startPair({ sessionStore: await place(), proxySecret: 'f'.repeat(64) });
    const all = [...odd, ...halves];
    for (const [at, said] of all.entries()) {
      const args = JSON.stringify({ said });
      const call = { id: 'c1', type: 'function', function: { name: 'look', arguments: args } };
      pair.fake.replyJson({ message: { tool_calls: [call], tool_plan: said }, finish_reason: 'TOOL_CALL' });
      const tools = [{ type: 'function', function: { name: `look${said}`.slice(0, 60), description: said } }];
      const sessionId = `s${at}`;
      const first = await ask(pair, {
        sessionId,
        messages: [
          { role: 'system', content: `x${said}` },
          { role: 'user', content: `x${said}` },
        ],
        tools,
      });
      expectAnswered(first);
      expect(first.toolCalls[0]?.arguments).toBe(args);
      pair.fake.replyJson(goodAnswer(`x${said}`));
      const tool = { role: 'tool', tool_call_id: first.toolCalls[0]?.id, content: `x${said}` };
      expectAnswered(await ask(pair, { sessionId, messages: [tool] }), `x${said}`);
      const { messages } = await get<{ messages: readonly { content: unknown }[] }>(
        pair,
        `/v1/sessions/${sessionId}`,
      );
      expect(messages.map(({ content }) => content)).toEqual([
        `x${said}`,
        `x${said}`,
        null,
        `x${said}`,
        `x${said}`,
      ]);
      expect(JSON.stringify(messages[2])).toContain(JSON.stringify(args));
    }
    expect(await listAll(pair)).toHaveLength(all.length);
    const exported = await (await pair.send('GET', '/v1/session-exports')).text();
    expect(exported.trimEnd().split('\n')).toHaveLength(all.length);
    const other = await startPair({ sessionStore: await place(), proxySecret: 'f'.repeat(64) });
    const headers = { 'content-type': 'application/jsonl' };
    await other.send('POST', '/v1/session-imports', { headers, body: exported });
    for (const [at, said] of all.entries()) {
      const path = `/v1/sessions/s${at}`;
      const { messages } = await get<{ messages: readonly { content: unknown }[] }>(other, path);
      expect(messages.at(-1)?.content).toBe(`x${said}`);
    }
  });
});

it.each(halves.map(name => [JSON.stringify(name), name]))(
  '[XF7] a user of %s is refused',
  async (_shown, name) => {
    const pair = await startPair();
    for (const field of ['user', 'safety_identifier'])
      for (const stream of [true, false]) {
        const outcome = await ask(pair, { message: 'x', [field]: name, stream });
        expectFailed(outcome, 'invalid_value', 400);
        expect(outcome.error?.param).toBe(field);
      }
    const line = JSON.stringify({ user: name, messages: [{ role: 'user', content: 'x' }] });
    const headers = { 'content-type': 'application/jsonl' };
    const refused = await pair.send('POST', '/v1/session-imports', { headers, body: line });
    expect(refused.status).toBe(400);
    expect(pair.fake.chatRequests).toEqual([]);
  },
);
