// How sessions are seen, when they expire, and how many of them are deleted at once.
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { ProxyError } from '../../src/conversation/errors.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { answers, holdStory } from '../clients/agent-story.ts';
import { reasoning as model } from '../clients/native-answer.ts';
import { Gate } from '../support/gate.ts';
import { expectFailed, goodAnswer, readOutcome } from '../support/outcome.ts';
import { ownCallId } from '../support/own-call-id.ts';
import { gate, json } from '../support/upstream-script.ts';
import { SessionsClient } from './sessions-client.ts';

const path = '/v1/sessions/trip';

describe('a session in its native form', () => {
  test('has what OpenAI has no place for, exactly as it was said', async () => {
    const client = await SessionsClient.start();
    const held = await holdStory(client, { model });
    const seen = await client.get(`/v1/sessions/${held.id}?format=native`);
    expect(seen).toMatchObject({
      format: 'native',
      id: held.id,
      parent_id: null,
      label: null,
      model,
      dialect: 'transcript',
      version: 4,
      tools: [{ name: 'read' }, { name: 'write' }],
    });
    const [calls, text] = answers(model);
    const [, , first, , , , second] = seen.messages;
    expect(first).toEqual({
      role: 'assistant',
      content: [{ type: 'reasoning', text: 'I will read both files at once.' }],
      toolCalls: calls?.tool_calls?.map(({ id, function: { name, arguments: said } }) => ({
        id: ownCallId,
        nativeId: id,
        name,
        arguments: said,
      })),
    });
    const [cited] = text?.citations ?? [];
    expect(second).toMatchObject({
      citations: [
        {
          start: cited?.start,
          end: cited?.end,
          text: cited?.text,
          sources: cited?.sources.map(source => ({
            ...source,
            id: expect.stringMatching(/^call_[A-Za-z0-9]{22}:0$/),
          })),
        },
      ],
    });
    const plain = await client.get(`/v1/sessions/${held.id}?format=openai`);
    expect(plain).toEqual(await client.get(`/v1/sessions/${held.id}`));
    expect(plain.messages).toHaveLength(seen.messages.length);
    expect(plain).not.toHaveProperty('tools');
  });

  test('no other form is known', async () => {
    const client = await SessionsClient.start();
    await client.say('trip', 'one');
    expect(await client.code('GET', `${path}?format=xml`)).toBe('400 invalid_value format');
  });
});

describe('when a session expires', () => {
  const expiring = (seconds: unknown) => ({ expires_after: { anchor: 'last_active_at', seconds } });
  const defaultSeconds = 30 * 60;

  test('is shown, can be set, and set back', async () => {
    const client = await SessionsClient.start({ limits: { sessionIdleMs: defaultSeconds * 1000 } });
    await client.say('trip', 'one');
    const [listed] = (await client.get('/v1/sessions')).data;
    expect((listed?.expires_at ?? 0) - (listed?.updated_at ?? 0)).toBe(defaultSeconds);
    expect((await client.get(path)).expires_after).toBeNull();

    const set = await client.must('POST', path, expiring(60));
    expect(set).toMatchObject({ id: 'trip', object: 'session', message_count: 2, ...expiring(60) });
    expect(set.expires_at - set.updated_at).toBe(60);
    expect((await client.get('/v1/sessions')).data[0]?.expires_at).toBe(set.expires_at);
    await client.say('trip', 'two');
    const later = await client.get(path);
    expect(later).toMatchObject({ message_count: 4, ...expiring(60) });
    expect(later.expires_at - later.updated_at).toBe(60);

    const back = await client.must('POST', path, { expires_after: null });
    expect(back.expires_after).toBeNull();
    expect(back.expires_at - back.updated_at).toBe(defaultSeconds);
  });

  test('a time that has passed already ends it', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const client = await SessionsClient.start();
    await client.say('trip', 'one');
    vi.setSystemTime(Date.now() + 120_000);
    const ended = await client.must('POST', path, expiring(60));
    expect(ended).toMatchObject({ id: 'trip', ...expiring(60) });
    expect(ended.expires_at - ended.updated_at).toBe(60);
    const { status, body } = await client.ask('GET', path);
    expect({ status, details: body.error.details }).toEqual({ status: 404, details: { expired: true } });
  });

  test.each<[object, string]>([
    [expiring(59), '400 invalid_value expires_after.seconds'],
    [expiring(10 * 366 * 86_400 + 1), '400 invalid_value expires_after.seconds'],
    [expiring(61.5), '400 invalid_type expires_after.seconds'],
    [expiring('600'), '400 invalid_type expires_after.seconds'],
    [{ expires_after: { anchor: 'created_at', seconds: 600 } }, '400 invalid_value expires_after.anchor'],
    [{ expires_after: { anchor: 'last_active_at' } }, '400 missing_required_parameter expires_after.seconds'],
    [{ ...expiring(60), label: 'x' }, '400 unsupported_parameter label'],
    [{}, '400 missing_required_parameter expires_after'],
    [
      { expires_after: { ...expiring(60).expires_after, days: 1 } },
      '400 unsupported_parameter expires_after.days',
    ],
  ])('%j: %s', async (body, told) => {
    const client = await SessionsClient.start();
    await client.say('trip', 'one');
    expect(await client.code('POST', path, body)).toBe(told);
  });

  test('an expired one is told apart, whatever is asked', async () => {
    const client = await SessionsClient.start({ limits: { sessionIdleMs: 1 } });
    await client.say('trip', 'one');
    await expect.poll(() => client.ids()).toEqual([]);
    const requests: [string, string, object?][] = [
      ['GET', `${path}?format=native`],
      ['POST', path, expiring(60)],
      ['POST', `${path}/fork`],
      ['DELETE', path],
      ['GET', '/v1/session-exports?id=trip'],
    ];
    for (const [method, to, body] of requests) {
      const { status, body: told } = await client.ask(method, to, body);
      expect(status).toBe(404);
      expect(told.error).toMatchObject({ code: 'session_not_found', details: { expired: true } });
    }
  });
});

describe('DELETE /v1/sessions', () => {
  async function startWithUsers(): Promise<SessionsClient> {
    const client = await SessionsClient.start();
    for (const user of ['ada', 'bob', '', 'ada']) {
      const { body } = await client.say(undefined, 'one', { user });
      await client.must('POST', `/v1/sessions/${String(body.sessionId)}/fork`);
    }
    return client;
  }
  const users = async (client: SessionsClient) =>
    (await client.get('/v1/sessions?branches=true')).data.map(({ user }) => user).toSorted();

  test("all of one user's, branches too, and nobody else's", async () => {
    const client = await startWithUsers();
    expect(await client.must('DELETE', '/v1/sessions?user=ada')).toEqual({
      object: 'session.list.deleted',
      deleted: 4,
    });
    expect(await users(client)).toEqual(['bob', 'bob', null, null]);
    expect((await client.must('DELETE', '/v1/sessions?user=')).deleted).toBe(2);
    expect(await users(client)).toEqual(['bob', 'bob']);
    expect((await client.must('DELETE', '/v1/sessions?user=nobody')).deleted).toBe(0);
    expect((await client.must('DELETE', '/v1/sessions?all=true')).deleted).toBe(2);
    expect(await users(client)).toEqual([]);
  });

  test.each<[string, string]>([
    ['', '400 missing_required_parameter user'],
    ['?all=false', '400 missing_required_parameter user'],
    ['?all=true&user=ada', '400 invalid_request user'],
    ['?user=ada&label=x', '400 unsupported_parameter label'],
    ['?user=ada&user=bob', '400 invalid_value user'],
    ['?all=yes', '400 invalid_value all'],
  ])('%j deletes nothing: %s', async (query, told) => {
    const client = await startWithUsers();
    expect(await client.code('DELETE', `/v1/sessions${query}`)).toBe(told);
    expect(await users(client)).toHaveLength(8);
  });

  test('more than stand on a page', async () => {
    const client = await SessionsClient.start();
    const lines = Array.from({ length: 230 }, (_, n) => ({
      session_id: `s-${n}`,
      user: n % 2 ? 'ada' : 'bob',
      messages: [{ role: 'user', content: 'Hello' }],
    }));
    expect((await client.import(lines)).body.imported).toBe(230);
    expect((await client.must('DELETE', '/v1/sessions?user=ada')).deleted).toBe(115);
    expect((await client.must('DELETE', '/v1/sessions?user=bob')).deleted).toBe(115);
  });

  test('[S12] a session whose turn runs is deleted; the turn fails and stores nothing', async () => {
    const client = await SessionsClient.start();
    await client.say('trip', 'one');
    const place = new Gate();
    client.pair.fake.script(gate(place), ...json(goodAnswer('late')));
    const turn = client.pair.post({ message: 'two', sessionId: 'trip' });
    await place.reached;
    expect((await client.must('DELETE', '/v1/sessions?user=')).deleted).toBe(1);
    place.open();
    expectFailed(await readOutcome(await turn), 'session_conflict', 409);
    expect(await client.ids()).toEqual([]);
  });

  test('half way down, the error says how far it came, and the same request goes on', async () => {
    const client = await startWithUsers();
    const original = MemoryStore.prototype.delete;
    let calls = 0;
    const spy = vi.spyOn(MemoryStore.prototype, 'delete').mockImplementation(function (
      this: MemoryStore,
      key,
    ) {
      calls += 1;
      if (calls === 3) return Promise.reject(new ProxyError('store_unavailable', 'The disk is gone.'));
      return original.call(this, key);
    });
    onTestFinished(() => spy.mockRestore());
    const key = { 'idempotency-key': 'all' };
    const failed = await client.ask('DELETE', '/v1/sessions?all=true', undefined, key);
    expect(failed.status).toBe(503);
    expect(failed.body.error).toMatchObject({ code: 'store_unavailable', details: { deleted: 7 } });
    const again = await client.ask('DELETE', '/v1/sessions?all=true', undefined, key);
    expect(again.body.deleted).toBe(1);
    expect(await users(client)).toEqual([]);
  });

  test('with an Idempotency-Key the first answer comes again', async () => {
    const client = await startWithUsers();
    const key = { 'idempotency-key': 'k1' };
    const first = await client.ask('DELETE', '/v1/sessions?user=ada', undefined, key);
    await client.say(undefined, 'later', { user: 'ada' });
    const again = await client.ask('DELETE', '/v1/sessions?user=ada', undefined, key);
    expect(again.body).toEqual(first.body);
    expect(await users(client)).toEqual(['ada', 'bob', 'bob', null, null]);
  });
});
