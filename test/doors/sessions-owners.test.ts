// I1: nobody sees, branches off, changes, takes out or deletes another's session.
import { describe, expect, test } from 'vitest';
import { user } from '../clients/agent-story.ts';
import { type Fields, linesOf, SessionsClient } from './sessions-client.ts';

describe("another owner's sessions", () => {
  const keyOf = (name: string) => `key-of-${name}-0123456789`;
  const as = (name: string) => ({ authorization: `Bearer ${keyOf(name)}` });
  const proxyKeys = ['ada', 'grace'].map(name => ({ name, key: keyOf(name) }));

  test('A1 are answered exactly as ones that never were, on every route', async () => {
    const start = await SessionsClient.start({ proxyKeys });
    const [ada, grace] = [start.as(as('ada')), start.as(as('grace'))];
    const { body } = await ada.say(undefined, 'CANARY');
    const id = String(body.sessionId);
    const unknown = 'sess_AAAAAAAAAAAAAAAAAAAAAA';
    const expires_after = { anchor: 'last_active_at', seconds: 60 };
    const requests: ((id: string) => [string, string, object?])[] = [
      of => ['GET', `/v1/sessions/${of}?format=native`],
      of => ['GET', `/v1/session-exports?id=${of}`],
      of => ['POST', `/v1/sessions/${of}`, { expires_after }],
      of => ['POST', `/v1/sessions/${of}/fork`],
      of => ['POST', `/v1/sessions/${of}/fork?user=`, { message_count: 1 }],
      of => ['DELETE', `/v1/sessions/${of}`],
    ];
    const told = async (of: string, request: (typeof requests)[number]) => {
      const { status, headers, body: said } = await grace.ask(...request(of));
      const names = [...headers.keys()].filter(name => name !== 'date');
      return { status, names, said: JSON.stringify(said).replaceAll(of, 'ID') };
    };
    for (const request of requests) {
      const foreign = await told(id, request);
      expect(foreign).toEqual(await told(unknown, request));
      expect(foreign.status).toBe(404);
    }
    expect(await grace.export()).toBe('');
    expect((await grace.must('DELETE', '/v1/sessions?all=true')).deleted).toBe(0);
    expect((await ada.get(`/v1/sessions/${id}`)).message_count).toBe(2);
  });

  test('A1 an import stays with whoever brings it, whatever its ids and parents are', async () => {
    const start = await SessionsClient.start({ proxyKeys });
    const [ada, grace] = [start.as(as('ada')), start.as(as('grace'))];
    await ada.say('trip', 'CANARY');
    const { id } = await ada.must('POST', '/v1/sessions/trip/fork');
    const theirs = await ada.export();
    const lines = linesOf(theirs).map(line => ({
      ...line,
      messages: [{ role: 'user', content: 'of grace' }] as Fields['messages'],
    }));
    expect((await grace.import(lines)).body).toMatchObject({ imported: 2, skipped: [] });
    expect((await grace.get(`/v1/sessions/${id}`)).messages).toEqual([user('of grace')]);
    expect(await grace.export()).not.toContain('CANARY');
    expect(await ada.export()).toBe(theirs);
  });

  test("I1 a session of a user's is meant where ?user= says so", async () => {
    const client = await SessionsClient.start();
    for (const of of ['ada', 'bob']) await client.say('trip', `of ${of}`, { user: of });
    const expires_after = { anchor: 'last_active_at', seconds: 60 };
    expect(await client.code('POST', '/v1/sessions/trip/fork')).toBe('400 invalid_request user');
    expect(await client.code('POST', '/v1/sessions/trip', { expires_after })).toBe(
      '400 invalid_request user',
    );
    expect(await client.code('GET', '/v1/session-exports?id=trip')).toBe('400 invalid_request user');
    const fork = await client.must('POST', '/v1/sessions/trip/fork?user=bob', { session_id: 'branch' });
    expect(fork).toMatchObject({ user: 'bob', parent_id: 'trip' });
    await client.must('POST', '/v1/sessions/trip?user=ada', { expires_after });
    expect((await client.get('/v1/sessions/trip?user=bob')).expires_after).toBeNull();
    expect(await client.code('POST', '/v1/sessions/branch/fork?user=ada')).toMatch(/^404 session_not_found/);
  });
});

test('without a store nothing of this is there', async () => {
  const client = await SessionsClient.start({ sessionStore: 'none' });
  const disabled = '400 sessions_disabled null';
  expect(await client.code('GET', '/v1/session-exports')).toBe(disabled);
  expect(await client.code('POST', '/v1/sessions/x/fork')).toBe(disabled);
  expect(await client.code('POST', '/v1/sessions/x', { expires_after: null })).toBe(disabled);
  expect(await client.code('DELETE', '/v1/sessions?user=')).toBe(disabled);
  expect((await client.import([{ messages: [user('Hello')] }])).body.error.code).toBe('sessions_disabled');
});
