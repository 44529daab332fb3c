// The store is there and does not work. A transcript is answered completely and carries its answer instead; whoever
// counts on a session is told, and nothing is given out that could be taken for a stored answer.
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ProxyError } from '../../src/conversation/errors.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { answers, dropReasoning, holdStory, said, system, tools, user } from '../clients/agent-story.ts';
import { heardAnswers, heardAs, planning as model, sayNative, sayText } from '../clients/native-answer.ts';
import { readTurn, type WireMessage } from '../clients/transcript-client.ts';
import { streamAnswer } from '../support/cohere-answer.ts';
import { Gate } from '../support/gate.ts';
import { expectError, readBrokenStream } from '../support/read-reply.ts';
import { type Pair, startPair } from '../support/start.ts';
import { chunk, end as endOfBody, gate, head } from '../support/upstream-script.ts';
import {
  CarrierClient,
  keepDetails,
  keptOf,
  proxySecret,
  readCarried,
  withCarried,
} from './carrier-client.ts';

const all = ['findIdsByAnchors', 'findByCallIds', 'read', 'hold', 'append', 'recall', 'claim'] as const;
type Method = (typeof all)[number];

/** From now on. @returns how it works again. */
function breakStore(...methods: readonly Method[]): () => void {
  const spies = methods.map(method =>
    vi.spyOn(MemoryStore.prototype, method).mockImplementation(async () => {
      throw new ProxyError('store_unavailable', 'The session store does not answer.');
    }),
  );
  const mend = () => {
    for (const spy of spies) spy.mockRestore();
  };
  onTestFinished(mend);
  return mend;
}

const start = () => startPair({ proxySecret });
const native = (turn: number) => answers(model)[turn] ?? sayText('');
const natives = (...turns: readonly number[]) => turns.flatMap(turn => heardAs(native(turn), model));
const question = user('All three in one word?');
const none = { id: 'none', state: 'none', sessionId: null };

describe.each([false, true])('no session can be looked for, stream %s', stream => {
  const body = { model, tools, stream };

  it.each<[string, readonly Method[]]>([
    ['findIdsByAnchors', ['findIdsByAnchors']],
    ['read', ['read']],
    ['hold', ['hold']],
    ['all of it', all],
  ])('a known transcript is answered without its session: %s', async (_, methods) => {
    const pair = await start();
    const client = new CarrierClient(pair);
    const held = await holdStory(client, { model, turns: 2 });
    const messages = [...held.messages, ...(said[2] ?? [])];

    const mend = breakStore(...methods);
    const turned = await client.turn({ ...body, messages }, native(2));
    const { id, state, sessionId, details } = turned;
    expect({ id, state, sessionId }).toEqual(none);
    expect(details).toHaveLength(1);
    // Of what is stored nothing is known; the client's own words are complete.
    const told = heardAnswers(turned.heard);
    expect(told.map(answer => 'tool_calls' in answer)).toEqual([true, false]);
    expect(told).not.toEqual(natives(0, 1));

    mend();
    const later = [...messages, keptOf(turned.message), ...(said[3] ?? [])];
    const next = await client.turn({ ...body, messages: later }, native(3));
    expect({ id: next.id, state: next.state }).toEqual({ id: held.id, state: 'continued' });
    expect(next.details).toBeUndefined();
    expect(heardAnswers(next.heard)).toEqual(natives(0, 1, 2));
    await client.expectSessions({ [held.id]: { message_count: later.length + 1 } });
  });

  it('a transcript that is known by its calls alone is answered without them', async () => {
    const client = new CarrierClient(await start());
    const { messages, id } = await holdStory(client, { model });
    const condensed = [system, user('Summary: two files were read.'), ...messages.slice(8), question];
    breakStore('findByCallIds');
    const turned = await client.turn({ ...body, messages: condensed }, native(4));
    expect({ id: turned.id, state: turned.state, sessionId: turned.sessionId }).toEqual(none);
    expect(turned.details).toHaveLength(1);
    expect(heardAnswers(turned.heard)).not.toEqual(natives(2, 3));
    await client.expectSessions({ [id]: { message_count: messages.length } });
  });

  it('a whole conversation loses nothing: what it carries is opened', async () => {
    const client = new CarrierClient(await start());
    breakStore(...all);
    const held = await holdStory(client, {
      model,
      turns: said.length,
      habit: keepDetails,
      body: () => ({ stream }),
    });
    for (const [turn, { heard, id, state, message }] of held.turns.entries()) {
      expect(heardAnswers(heard)).toEqual(natives(...Array(turn).keys()));
      expect({ id, state }).toEqual({ id: 'none', state: 'none' });
      expect(message.reasoning_details).toHaveLength(1);
    }
  });
});

describe('the turn cannot be stored', () => {
  const messages: readonly WireMessage[] = said[0] ?? [];
  const conflict = () => {
    const spy = vi.spyOn(MemoryStore.prototype, 'append').mockResolvedValue({ status: 'conflict' });
    onTestFinished(() => spy.mockRestore());
    return () => spy.mockRestore();
  };
  const breaks: readonly (readonly [string, () => () => void])[] = [
    ['it does not answer', () => breakStore('append')],
    ['somebody else was faster', conflict],
  ];

  it.each(breaks)('whole: no session is named, and the answer is carried; %s', async (_, breakIt) => {
    const client = new CarrierClient(await start());
    breakIt();
    const turned = await client.turn({ model, tools, messages }, native(0));
    const { id, state, sessionId, details } = turned;
    expect({ id, state, sessionId }).toEqual(none);
    expect(details).toHaveLength(1);
    await client.expectSessions({});
  });

  it.each(breaks)('streamed, all at once: nothing was announced yet; %s', async (_, breakIt) => {
    const client = new CarrierClient(await start());
    breakIt();
    const turned = await client.turn({ model, tools, messages, stream: true }, native(0));
    const { id, state, sessionId, details } = turned;
    expect({ id, state, sessionId }).toEqual(none);
    expect(details).toHaveLength(1);
  });

  it.each(breaks)('streamed: the end takes back what the head announced; %s', async (_, breakIt) => {
    const pair = await start();
    const client = new CarrierClient(pair);
    const mend = breakIt();
    const response = await streamSlowly(pair, { model, tools, messages });
    const [told, answer] = await Promise.all([readTurn(response.clone(), true), response.text()]);
    const turned = withCarried(told, readCarried(answer, true));
    expect(turned).toMatchObject({ id: expect.stringMatching(/^sess_/), state: 'new', sessionId: null });
    const choices = turned.frames.flatMap(frame => frame.choices ?? []);
    expect(choices.slice(-2)).toMatchObject([
      { delta: { reasoning_details: [{ type: 'reasoning.encrypted' }] }, finish_reason: null },
      { delta: {}, finish_reason: 'tool_calls' },
    ]);
    await client.expectSessions({});

    mend();
    const later = [...messages, keptOf(turned.message), ...(said[1] ?? [])];
    const next = await client.turn({ model, tools, messages: later }, native(1));
    expect(next.state).toBe('new');
    expect(next.id).not.toBe(turned.id);
    expect(heardAnswers(next.heard)).toEqual(natives(0));
  });

  it('a session that was there stays as it was, and takes both turns with the next', async () => {
    const client = new CarrierClient(await start());
    const held = await holdStory(client, { model, turns: 2 });
    const before = await client.session(held.id);
    const asked = [...held.messages, ...(said[2] ?? [])];
    const mend = breakStore('append');
    const turned = await client.turn({ model, tools, messages: asked }, native(2));
    expect({ id: turned.id, state: turned.state, sessionId: turned.sessionId }).toEqual(none);
    // It could be read, so Cohere hears its own words.
    expect(heardAnswers(turned.heard)).toEqual(natives(0, 1));
    expect(await client.session(held.id)).toEqual(before);

    mend();
    const later = [...asked, keptOf(turned.message), ...(said[3] ?? [])];
    const next = await client.turn({ model, tools, messages: later }, native(3));
    expect({ id: next.id, state: next.state }).toEqual({ id: held.id, state: 'continued' });
    expect(heardAnswers(next.heard)).toEqual(natives(0, 1, 2));
  });

  it('the history that comes with the answer carries it, too', async () => {
    const client = new CarrierClient(await start());
    breakStore('append');
    const turned = await client.turn({ model, tools, messages, include_messages: true }, native(0));
    expect(turned.messages?.at(-1)?.reasoning_details).toEqual(turned.details);
  });

  it('a plain text has nothing to carry, and is answered as well', async () => {
    const client = new CarrierClient(await start());
    breakStore('append');
    const turned = await client.turn({ model, messages }, sayText('It says PINE.'));
    expect({ id: turned.id, state: turned.state, sessionId: turned.sessionId }).toEqual(none);
    expect(turned.details).toBeUndefined();
  });
});

describe('a session that is counted on', () => {
  const wanting = [
    ['named', { model, sessionId: 'mine', message: 'Hello' }],
    ['named, with a transcript', { model, sessionId: 'mine', messages: dropReasoning(said[0] ?? [], 0) }],
  ] as const;
  const unavailable = { status: 503, code: 'store_unavailable' };

  it.each(wanting.flatMap(([how, body]) => [false, true].map(stream => [how, stream, body] as const)))(
    '%s, cannot be read: 503 before any byte, and Cohere is not asked; stream %s',
    async (_, stream, body) => {
      const pair = await start();
      breakStore('hold');
      const response = await pair.post({ ...body, stream });
      expect(response.headers.get('x-session-id')).toBeNull();
      await expectError(response, unavailable);
      expect(pair.fake.chatRequests).toEqual([]);
    },
  );

  const beginning = [...wanting, ['begun by a message', { model, message: 'Hello' }]] as const;

  it.each(beginning)('%s, cannot be written: 503', async (_, body) => {
    const pair = await start();
    breakStore('append');
    pair.fake.script(...sayNative(native(0), false));
    const response = await pair.post(body);
    expect(response.headers.get('x-session-id')).toBeNull();
    await expectError(response, unavailable);
  });

  it.each(beginning)('%s, cannot be written: an error at the end of the stream', async (_, body) => {
    const pair = await start();
    breakStore('append');
    const { code, chunks } = await readBrokenStream(await streamSlowly(pair, body));
    expect(code).toBe('store_unavailable');
    // Nothing of the kind that says: this is the answer, and you carry it.
    expect(JSON.stringify(chunks)).not.toContain('reasoning_details');
  });
});

/** The end of Cohere's first answer waits until the client has the head of ours. */
async function streamSlowly({ fake, post }: Pair, body: object): Promise<Response> {
  const answer = { id: 'resp', message: native(0), finish_reason: 'TOOL_CALL' };
  const text = streamAnswer(answer);
  const end = text.indexOf('event: message-end');
  const place = new Gate();
  fake.script(head(), chunk(text.slice(0, end)), gate(place), chunk(text.slice(end)), endOfBody());
  const response = await post({ ...body, stream: true });
  place.open();
  return response;
}

describe('what needs no session', () => {
  const messages = [user('One word.')];

  it('a transcript with an idempotency key is answered, and may be answered twice', async () => {
    const pair = await start();
    breakStore(...all);
    for (const _ of [1, 2]) {
      pair.fake.script(...sayNative(sayText('Yes.'), false));
      const response = await pair.post({ model, messages }, { headers: { 'idempotency-key': 'mine' } });
      expect([response.status, response.headers.get('x-session-state')]).toEqual([200, 'none']);
    }
  });

  it('a named session with one is not', async () => {
    const pair = await start();
    breakStore(...all);
    const body = { model, sessionId: 'mine', message: 'One word.' };
    const response = await pair.post(body, { headers: { 'idempotency-key': 'mine' } });
    await expectError(response, { status: 503, code: 'store_unavailable' });
  });

  it('a transcript is counted', async () => {
    const pair = await start();
    breakStore(...all);
    const response = await pair.send('POST', '/v1/chat/completions/input_tokens', {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, messages }),
    });
    expect(response.status).toBe(200);
  });
});
