// Sessions out of one proxy and into another, or back into the same: nothing is lost on the way.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { answers, type Held, holdStory, system, tools, user } from '../clients/agent-story.ts';
import { heardAnswers, heardAs, type Model, models, planning, sayText } from '../clients/native-answer.ts';
import { linesOf, SessionsClient } from './sessions-client.ts';

const natives = (model: Model, ...turns: readonly number[]) =>
  turns.flatMap(turn => heardAs(answers(model)[turn] ?? sayText(''), model));

/** What is the same after an import; it begins anew, so that times and version are not. */
async function read(client: SessionsClient, id: string, query = ''): Promise<object> {
  const native = await client.get(`/v1/sessions/${id}?format=native${query}`);
  const plain = await client.get(`/v1/sessions/${id}?format=openai${query}`);
  const { created_at, updated_at, expires_at, version, ...rest } = native;
  return { ...rest, openai: plain.messages };
}

/** A story, a branch of it with a turn of its own, and a branch of that. */
async function tellStories(client: SessionsClient, model: Model): Promise<{ held: Held; ids: string[] }> {
  const held = await holdStory(client, { model, headers: { 'x-session-id': 'chat-1' } });
  const { id } = await client.must('POST', `/v1/sessions/${held.id}/fork`, { message_count: 7 });
  await client.turn({ model, sessionId: id, messages: [user('Stop.')] }, sayText('Stopped.'));
  const last = await client.must('POST', `/v1/sessions/${id}/fork`, { label: 'chat-2' });
  await client.must('POST', `/v1/sessions/${last.id}`, {
    expires_after: { anchor: 'last_active_at', seconds: 86_400 },
  });
  return { held, ids: [held.id, id, last.id] };
}

const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);

describe.each(models)('export, delete, import: %s', model => {
  test('the same is read, and the model hears its own words', async () => {
    const client = await SessionsClient.start();
    const { held, ids } = await tellStories(client, model);
    await client.say('mine', 'of ada', { user: 'ada' });
    const before = await Promise.all(ids.map(id => read(client, id)));
    const ofAda = await read(client, 'mine', '&user=ada');
    const exported = await client.export();
    expect(linesOf(exported).map(({ object, format }) => [object, format])).toEqual(
      Array(4).fill(['session.export', 1]),
    );
    await client.must('DELETE', '/v1/sessions?all=true');

    expect((await client.import(exported)).body).toEqual({
      object: 'session.import',
      imported: 4,
      unchanged: 0,
      made: [],
      skipped: [],
    });
    expect(await Promise.all(ids.map(id => read(client, id)))).toEqual(before);
    expect(await read(client, 'mine', '&user=ada')).toEqual(ofAda);
    expect((await client.get('/v1/sessions?user=')).data).toHaveLength(1);

    const messages = [...held.messages, user('All three in one word?')];
    const next = await client.turn({ model, messages, tools }, sayText('One.'), { 'x-session-id': 'chat-1' });
    expect({ id: next.id, state: next.state }).toEqual({ id: held.id, state: 'continued' });
    expect(heardAnswers(next.heard)).toEqual(natives(model, 0, 1, 2, 3));
  });

  test('from memory to disk and back, line for line', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'sessions-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const memory = await SessionsClient.start();
    await tellStories(memory, model);
    const exported = linesOf(await memory.export());
    const disk = await SessionsClient.start({ sessionStore: `sqlite:${join(directory, 'sessions.db')}` });
    expect((await disk.import(exported)).body).toMatchObject({ imported: 3, skipped: [] });
    const again = linesOf(await disk.export());
    expect((await memory.import(again)).body).toMatchObject({ imported: 0, unchanged: 3, skipped: [] });
    const begunAnew = { created_at: 0, updated_at: 0, version: 1 };
    expect(again.map(line => ({ ...line, ...begunAnew })).toSorted(byId)).toEqual(
      exported.map(line => ({ ...line, ...begunAnew })).toSorted(byId),
    );
  });

  test('a condensed transcript is known by its calls', async () => {
    const client = await SessionsClient.start();
    const { messages, id } = await holdStory(client, { model });
    const exported = await client.export();
    await client.must('DELETE', '/v1/sessions?all=true');
    await client.import(exported);
    const condensed = [system, user('Summary: two files.'), ...messages.slice(8), user('And now?')];
    const next = await client.turn({ model, messages: condensed, tools }, sayText('Now.'));
    expect(heardAnswers(next.heard)[0]).toEqual(natives(model, 2)[0]);
    expect((await client.session(next.id)).parent_id).toBe(id);
  });
});

describe('what an import finds', () => {
  test('the same is left alone, another of that name as well', async () => {
    const client = await SessionsClient.start();
    const { ids } = await tellStories(client, planning);
    const exported = await client.export();
    expect((await client.import(exported)).body).toMatchObject({ imported: 0, unchanged: 3, skipped: [] });
    await client.say(ids[1], 'More.');
    await client.must('DELETE', `/v1/sessions/${ids[2]}`);
    const line = 1 + linesOf(exported).findIndex(({ id }) => id === ids[1]);
    const { body } = await client.import(exported);
    expect(body).toMatchObject({ imported: 1, unchanged: 1 });
    expect(body.skipped).toEqual([
      { line, id: ids[1], code: 'session_conflict', message: expect.stringContaining(String(ids[1])) },
    ]);
    expect((await client.get(`/v1/sessions/${ids[1]}`)).message_count).toBe(11);
  });

  test('branches share what they began with, whatever the order of the lines', async () => {
    const client = await SessionsClient.start({ limits: { sessionStoreBytes: 400_000 } });
    const words = 'w'.repeat(100_000);
    await client.say('trip', words);
    for (const session_id of ['a', 'b', 'c', 'd', 'e', 'f'])
      await client.must('POST', '/v1/sessions/trip/fork', { session_id });
    const lines = linesOf(await client.export());
    await client.must('DELETE', '/v1/sessions?all=true');
    // Seven times as much has no room.
    expect((await client.import(lines.toReversed())).body).toMatchObject({ imported: 7, skipped: [] });
    expect(await client.ids()).toHaveLength(7);
  });

  test('a parent that is not there is remembered; two branches of it are a family', async () => {
    const client = await SessionsClient.start();
    await client.say('trip', 'one');
    for (const session_id of ['a', 'b']) await client.must('POST', '/v1/sessions/trip/fork', { session_id });
    const lines = linesOf(await client.export()).filter(({ id }) => id !== 'trip');
    await client.must('DELETE', '/v1/sessions?all=true');
    expect((await client.import(lines)).body.imported).toBe(2);
    expect((await client.get('/v1/sessions/a')).parent_id).toBe('trip');
    expect((await client.get('/v1/sessions')).data).toHaveLength(1);
  });

  test('parents that go in a circle are stored all the same', async () => {
    const client = await SessionsClient.start();
    await client.say('trip', 'one');
    const [line] = linesOf(await client.export());
    const of = (id: string, parent_id: string) => ({ ...line, id, parent_id });
    const { body } = await client.import([of('a', 'b'), of('b', 'a'), of('c', 'c')]);
    expect(body).toMatchObject({ imported: 3, skipped: [] });
  });

  test('one that is too large is left out, the others are not', async () => {
    const client = await SessionsClient.start({ limits: { sessionMessages: 3 } });
    const messages = (count: number) => Array.from({ length: count }, () => user('Hello'));
    const { body } = await client.import([
      { session_id: 'long', messages: messages(4) },
      { session_id: 'short', messages: messages(3) },
    ]);
    expect(body).toMatchObject({ imported: 1, skipped: [{ line: 1, id: 'long', code: 'store_full' }] });
    expect(await client.ids()).toEqual(['short']);
  });

  test('one that has expired comes back', async () => {
    const client = await SessionsClient.start({ limits: { sessionIdleMs: 200 } });
    await client.say('trip', 'one');
    const exported = await client.export();
    await expect.poll(() => client.ids()).toEqual([]);
    expect((await client.import(exported)).body.imported).toBe(1);
    expect((await client.say('trip', 'two')).status).toBe(200);
  });
});
