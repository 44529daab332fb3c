// POST /v1/sessions/:id/fork: a branch at any message, with which both dialects go on.
import { describe, expect, test } from 'vitest';
import { answers, holdStory, tools, user } from '../clients/agent-story.ts';
import { heardAnswers, heardAs, planning as model, sayText } from '../clients/native-answer.ts';
import { contents, SessionsClient } from './sessions-client.ts';

const natives = (...turns: readonly number[]) =>
  turns.flatMap(turn => heardAs(answers(model)[turn] ?? sayText(''), model));

async function startWithTrip(): Promise<SessionsClient> {
  const client = await SessionsClient.start();
  await client.say('trip', 'one');
  await client.say('trip', 'two');
  return client;
}

describe('a fork', () => {
  test('of all messages goes on by itself', async () => {
    const client = await startWithTrip();
    const fork = await client.must('POST', '/v1/sessions/trip/fork');
    expect(fork).toMatchObject({
      id: expect.stringMatching(/^sess_[A-Za-z0-9_-]{22}$/),
      object: 'session',
      parent_id: 'trip',
      message_count: 4,
      model: 'command-a-03-2025',
      expires_after: null,
    });
    expect((await client.say(fork.id, 'three')).status).toBe(200);
    const sent = client.pair.fake.chatRequests.at(-1)?.json as { messages: { content: unknown }[] };
    expect(sent.messages.map(({ content }) => content)).toEqual(['one', 'Yes.', 'two', 'Yes.', 'three']);
    expect(contents(await client.get('/v1/sessions/trip'))).toEqual(['one', 'Yes.', 'two', 'Yes.']);
    await client.say('trip', 'four');
    expect(contents(await client.get(`/v1/sessions/${fork.id}`)).slice(4)).toEqual(['three', 'Yes.']);
  });

  test('at a message, under a name and a label', async () => {
    const client = await startWithTrip();
    const body = { message_count: 2, session_id: 'trip-2', label: 'chat-7' };
    expect(await client.must('POST', '/v1/sessions/trip/fork', body)).toMatchObject({
      id: 'trip-2',
      label: 'chat-7',
      message_count: 2,
    });
    await client.say('trip-2', 'other');
    expect(contents(await client.get('/v1/sessions/trip-2'))).toEqual(['one', 'Yes.', 'other', 'Yes.']);
    expect(await client.ids('label=chat-7')).toEqual(['trip-2']);
  });

  test('counts the system text, which stays as far as it is counted', async () => {
    const client = await SessionsClient.start();
    const system = { role: 'system', content: 'Be brief.' };
    await client.ask('POST', '/v1/chat/completions', {
      sessionId: 'trip',
      model,
      messages: [system, user('one')],
    });
    const forked = async (message_count: number) => {
      const { id } = await client.must('POST', '/v1/sessions/trip/fork', { message_count });
      return contents(await client.get(`/v1/sessions/${id}`));
    };
    expect(await forked(1)).toEqual(['Be brief.']);
    expect(await forked(2)).toEqual(['Be brief.', 'one']);
    expect(await forked(3)).toEqual(['Be brief.', 'one', 'Yes.']);
  });

  test("keeps the model's own words, and its tools", async () => {
    const client = await SessionsClient.start();
    const held = await holdStory(client, { model });
    const { id } = await client.must('POST', `/v1/sessions/${held.id}/fork`);
    const next = await client.turn({ model, sessionId: id, messages: [user('All three?')] }, sayText('All.'));
    expect(heardAnswers(next.heard)).toEqual(natives(0, 1, 2, 3));
    const { tools: sent } = next.heard.json as { tools: object[] };
    expect(sent).toHaveLength(tools.length);
  });

  test('between a call and its result can be gone on with', async () => {
    const client = await SessionsClient.start();
    const held = await holdStory(client, { model, turns: 1 });
    const count = held.messages.length;
    const { id } = await client.must('POST', `/v1/sessions/${held.id}/fork`, { message_count: count });
    const next = await client.turn(
      { model, sessionId: id, messages: [user('Never mind.')] },
      sayText('As you like.'),
    );
    // The prompt was legal for Cohere, or the turn had failed; what is stored is as it was said.
    expect((await client.get(`/v1/sessions/${next.id}`)).message_count).toBe(count + 2);
  });

  test.each([1, 0])(
    'its transcript goes on where it was, not in the branch that was made of it (%i gone)',
    async gone => {
      const client = await SessionsClient.start();
      const held = await holdStory(client, { model, turns: 2 });
      const { id } = await client.must('POST', `/v1/sessions/${held.id}/fork`, {
        message_count: held.messages.length - gone,
      });
      const messages = [...held.messages, user('And c.txt?')];
      const next = await client.turn({ model, messages, tools }, sayText('Which?'));
      expect({ id: next.id, state: next.state }).toEqual({ id: held.id, state: 'continued' });
      expect((await client.get(`/v1/sessions/${id}`)).message_count).toBe(held.messages.length - gone);
    },
  );

  test('is found by its transcript once it has said something of its own, also where its parent is gone', async () => {
    const client = await SessionsClient.start();
    const held = await holdStory(client, { model });
    const { id } = await client.must('POST', `/v1/sessions/${held.id}/fork`);
    const asked = user('All three in one word?');
    const own = await client.turn({ model, sessionId: id, messages: [asked] }, sayText('PINEAPPLETREE'));
    expect(own.id).toBe(id);
    const messages = [
      ...held.messages,
      asked,
      { role: 'assistant', content: 'PINEAPPLETREE' },
      user('Sure?'),
    ];
    const next = await client.turn({ model, messages, tools }, sayText('Sure.'));
    expect({ id: next.id, state: next.state }).toEqual({ id, state: 'continued' });
    expect(heardAnswers(next.heard).slice(0, 4)).toEqual(natives(0, 1, 2, 3));
    await client.must('DELETE', `/v1/sessions/${held.id}`);
    const more = [...messages, { role: 'assistant', content: 'Sure.' }, user('Really?')];
    const last = await client.turn({ model, messages: more, tools }, sayText('Really.'));
    expect({ id: last.id, state: last.state }).toEqual({ id, state: 'continued' });
  });

  test('of a fork is of the same family', async () => {
    const client = await startWithTrip();
    const { id } = await client.must('POST', '/v1/sessions/trip/fork', { message_count: 2 });
    const second = await client.must('POST', `/v1/sessions/${id}/fork`);
    expect(second.parent_id).toBe(id);
    const { data } = await client.get('/v1/sessions');
    expect(data.map(session => session.id)).toEqual([second.id]);
  });

  test('has the time of its own that its parent has', async () => {
    const client = await startWithTrip();
    const expires_after = { anchor: 'last_active_at', seconds: 600 };
    await client.must('POST', '/v1/sessions/trip', { expires_after });
    const fork = await client.must('POST', '/v1/sessions/trip/fork');
    expect(fork.expires_after).toEqual(expires_after);
    expect(fork.expires_at - fork.updated_at).toBe(600);
  });
});

describe('what cannot be forked', () => {
  test('a name that is taken; free where another user has it', async () => {
    const client = await startWithTrip();
    await client.say('other', 'one');
    const taken = await client.ask('POST', '/v1/sessions/trip/fork', { session_id: 'other' });
    expect(taken.status).toBe(409);
    expect(taken.body.error).toMatchObject({ code: 'session_conflict', param: 'session_id' });
    expect(taken.headers.get('x-should-retry')).toBe('false');
    expect(await client.code('POST', '/v1/sessions/trip/fork', { session_id: 'trip' })).toMatch(/^409/);
    await client.say('elsewhere', 'one', { user: 'ada' });
    expect(await client.code('POST', '/v1/sessions/trip/fork', { session_id: 'elsewhere' })).toBe('works');
  });

  test.each<[object, string]>([
    [{ message_count: 5 }, '400 invalid_value message_count'],
    [{ message_count: 0 }, '400 invalid_value message_count'],
    [{ message_count: 1.5 }, '400 invalid_type message_count'],
    [{ message_count: '1' }, '400 invalid_type message_count'],
    [{ session_id: 'a b' }, '400 invalid_value session_id'],
    [{ session_id: 'sess_mine' }, '400 invalid_value session_id'],
    [{ label: '' }, '400 invalid_value label'],
    [{ label: 'a b' }, '400 invalid_value label'],
    [{ model: 'x' }, '400 unsupported_parameter model'],
    [[], '400 invalid_type body'],
  ])('%j: %s', async (body, told) => {
    const client = await startWithTrip();
    expect(await client.code('POST', '/v1/sessions/trip/fork', body)).toBe(told);
    expect(await client.ids()).toEqual(['trip']);
  });

  test('one that is not there', async () => {
    const client = await SessionsClient.start();
    expect(await client.code('POST', '/v1/sessions/trip/fork')).toBe('404 session_not_found sessionId');
  });
});

test('with an Idempotency-Key it is forked once', async () => {
  const client = await startWithTrip();
  const key = { 'idempotency-key': 'k1' };
  const first = await client.ask('POST', '/v1/sessions/trip/fork', { message_count: 2 }, key);
  const again = await client.ask('POST', '/v1/sessions/trip/fork', { message_count: 2 }, key);
  expect(again.body).toEqual(first.body);
  expect(first.headers.get('idempotent-replayed')).toBeNull();
  expect(again.headers.get('idempotent-replayed')).toBe('true');
  expect(await client.ids()).toHaveLength(2);
  const other = await client.ask('POST', '/v1/sessions/trip/fork', { message_count: 3 }, key);
  expect(`${other.status} ${other.body.error.code}`).toBe('422 idempotency_key_reused');
  const elsewhere = await client.ask('DELETE', '/v1/sessions/trip', undefined, key);
  expect(`${elsewhere.status} ${elsewhere.body.error.code}`).toBe('422 idempotency_key_reused');
});
