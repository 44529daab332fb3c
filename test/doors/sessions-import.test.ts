// POST /v1/session-imports: what is taken, what is refused, and that nothing is stored of what is refused.
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { ProxyError } from '../../src/conversation/errors.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { user } from '../clients/agent-story.ts';
import { planning, sayText } from '../clients/native-answer.ts';
import { SessionsClient } from './sessions-client.ts';

describe("lines in OpenAI's form", () => {
  const talk = [
    { role: 'developer', content: 'Be brief.' },
    user('My name is Ada.'),
    { role: 'assistant', content: 'Hello Ada.', reasoning_content: 'She is Ada.' },
  ];

  test('are stored as they are, and gone on with in both ways', async () => {
    const client = await SessionsClient.start();
    const { body } = await client.import([
      { session_id: 'mine', user: 'ada', label: 'chat-1', model: 'command-r-08-2024', messages: talk },
      { messages: talk },
    ]);
    expect(body).toMatchObject({ imported: 2, made: [{ line: 2, id: expect.stringMatching(/^sess_/) }] });
    expect(await client.get('/v1/sessions/mine?format=native')).toMatchObject({
      user: 'ada',
      label: 'chat-1',
      model: 'command-r-08-2024',
      messages: [
        { role: 'system', content: 'Be brief.' },
        user('My name is Ada.'),
        {
          role: 'assistant',
          content: [
            { type: 'reasoning', text: 'She is Ada.' },
            { type: 'text', text: 'Hello Ada.' },
          ],
        },
      ],
    });
    expect((await client.say('mine', 'And?', { user: 'ada' })).headers.get('x-session-state')).toBe(
      'continued',
    );
    const made = body.made[0]?.id;
    const next = await client.turn(
      { model: planning, messages: [...talk, user('What is my name?')] },
      sayText('Ada.'),
    );
    expect({ id: next.id, state: next.state }).toEqual({ id: made, state: 'continued' });
  });

  test.each<[object, string, string]>([
    [{ messages: [] }, 'invalid_value', 'messages'],
    [{}, 'missing_required_parameter', 'messages'],
    [{ messages: talk, sessionId: 'x' }, 'unsupported_parameter', 'sessionId'],
    [{ messages: talk, session_id: 'a b' }, 'invalid_value', 'session_id'],
    [{ messages: [{ role: 'robot', content: 'x' }] }, 'invalid_value', 'messages[0].role'],
    [{ messages: [...talk, { role: 'user', content: 7 }] }, 'invalid_type', 'messages[3].content'],
    [['messages'], 'invalid_type', 'body'],
  ])('%j: %s %s', async (line, code, param) => {
    await expectRefused([{ messages: talk }, line], { code, param, line: 2 });
  });
});

async function expectRefused(
  lines: string | readonly object[],
  { code, param, line }: { code: string; param: string | null; line: number },
): Promise<void> {
  const client = await SessionsClient.start();
  const { status, body } = await client.import(lines);
  expect({ status, error: body.error }).toEqual({
    status: 400,
    error: {
      code,
      param,
      type: 'invalid_request_error',
      message: expect.stringMatching(new RegExp(`^Line ${line}\\b`)),
      details: { line },
    },
  });
  expect(await client.ids(), 'nothing was stored').toEqual([]);
}

describe('an export that was changed by hand', () => {
  const good = {
    object: 'session.export',
    format: 1,
    id: 'mine',
    model: 'm',
    dialect: 'session',
    tools: [],
    messages: [{ role: 'user', content: 'Hello' }],
  };
  const saying = (message: object) => ({ ...good, messages: [...good.messages, message] });

  test('is taken where it says the same', async () => {
    const client = await SessionsClient.start();
    expect((await client.import([good])).body.imported).toBe(1);
  });

  test.each<[object, string, string]>([
    [{ ...good, format: 2 }, 'invalid_value', 'format'],
    [{ ...good, object: 'session' }, 'invalid_value', 'object'],
    [{ ...good, id: '../x' }, 'invalid_value', 'id'],
    [{ ...good, root_id: 'a b' }, 'invalid_value', 'root_id'],
    [{ ...good, dialect: 'x' }, 'invalid_value', 'dialect'],
    [{ ...good, owner: 'grace' }, 'unsupported_parameter', 'owner'],
    [{ ...good, label: 'a\nb' }, 'invalid_value', 'label'],
    [{ ...good, tools: [{ name: 'a', parameters: [] }] }, 'invalid_value', 'tools[0].parameters'],
    [
      { ...good, expires_after: { anchor: 'last_active_at', seconds: 1 } },
      'invalid_value',
      'expires_after.seconds',
    ],
    [saying({ role: 'x' }), 'invalid_value', 'messages[1].role'],
    [saying({ role: 'user' }), 'missing_required_parameter', 'messages[1].content'],
    [
      saying({ role: 'user', content: [{ type: 'text' }] }),
      'missing_required_parameter',
      'messages[1].content[0].text',
    ],
    [saying({ role: 'user', content: 'x', name: 'y' }), 'unsupported_parameter', 'messages[1].name'],
    [
      saying({ role: 'user', content: [{ type: 'image', url: 'file:///etc/passwd' }] }),
      'invalid_value',
      'messages[1].content[0].url',
    ],
    [
      saying({ role: 'assistant', carried: 'cohere-proxy.x' }),
      'unsupported_parameter',
      'messages[1].carried',
    ],
    [
      saying({ role: 'assistant', toolCalls: [{ id: 'c', name: 'n', arguments: {} }] }),
      'invalid_type',
      'messages[1].toolCalls[0].arguments',
    ],
    [
      saying({ role: 'assistant', citations: [{ start: 0, end: 1.5, text: '', sources: [] }] }),
      'invalid_type',
      'messages[1].citations[0].end',
    ],
    [saying({ role: 'tool', content: 'x' }), 'missing_required_parameter', 'messages[1].toolCallId'],
  ])('%j: %s %s', async (line, code, param) => {
    await expectRefused([good, line], { code, param, line: 2 });
  });

  test.each<[string, number]>([
    ['{"object":"session.export"', 1],
    [`${JSON.stringify(good)}\r\n\n  \nnull`, 4],
    [`${JSON.stringify(good)}\n${'['.repeat(100)}`, 2],
    [`${JSON.stringify(good)}\n{"__proto__":{}}`, 2],
  ])('%j is no JSON, or nothing of ours', async (lines, line) => {
    const client = await SessionsClient.start();
    const { status, body } = await client.import(lines);
    expect(status).toBe(400);
    expect(body.error.details).toEqual({ line });
    expect(body.error.message).toMatch(new RegExp(`^Line ${line}\\b`));
    expect(await client.ids()).toEqual([]);
  });

  test('an empty body, and one of another kind', async () => {
    const client = await SessionsClient.start();
    expect((await client.import('\n\n')).body.error.code).toBe('invalid_request');
    const types: [string, number][] = [
      ['application/json', 415],
      ['text/plain', 415],
      ['application/x-ndjson', 200],
      ['application/jsonl; charset=utf-8', 200],
    ];
    for (const [type, status] of types)
      expect((await client.import([good], { 'content-type': type })).status, type).toBe(status);
  });

  test('JSON lines are taken nowhere else', async () => {
    const client = await SessionsClient.start();
    const headers = { 'content-type': 'application/jsonl' };
    const body = JSON.stringify({ message: 'Hello' });
    expect((await client.pair.send('POST', '/v1/chat/completions', { headers, body })).status).toBe(415);
  });

  test('one that is larger than a body may be', async () => {
    const client = await SessionsClient.start({ limits: { bodyBytes: 1_000 } });
    const { status, body } = await client.import([saying({ role: 'user', content: 'x'.repeat(2_000) })]);
    expect(`${status} ${body.error.code}`).toBe('413 request_too_large');
  });
});

describe('an import that fails half way', () => {
  test('says how far it came, and the same request goes on', async () => {
    const client = await SessionsClient.start();
    const lines = ['a', 'b', 'c'].map(session_id => ({ session_id, messages: [user('Hello')] }));
    const original = MemoryStore.prototype.append;
    let calls = 0;
    const spy = vi.spyOn(MemoryStore.prototype, 'append').mockImplementation(function (
      this: MemoryStore,
      ...args
    ) {
      calls += 1;
      if (calls === 2) return Promise.reject(new ProxyError('store_unavailable', 'Gone.'));
      return original.apply(this, args);
    });
    onTestFinished(() => spy.mockRestore());
    const key = { 'idempotency-key': 'k1' };
    const { status, body } = await client.import(lines, key);
    expect(`${status} ${body.error.code}`).toBe('503 store_unavailable');
    expect(body.error.details).toEqual({ imported: 2, line: 2 });
    expect((await client.import(lines, key)).body).toMatchObject({ imported: 1, unchanged: 2 });
  });

  test('with an Idempotency-Key what has no id is stored once', async () => {
    const client = await SessionsClient.start();
    const lines = [{ messages: [user('Hello')] }];
    const key = { 'idempotency-key': 'k1' };
    const first = await client.import(lines, key);
    const again = await client.import(lines, key);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(await client.ids()).toHaveLength(1);
    const other = await client.import([{ messages: [user('Bye')] }], key);
    expect(`${other.status} ${other.body.error.code}`).toBe('422 idempotency_key_reused');
  });
});
