// With a store nothing is carried. What was carried while there was none is used once, and what it opens to is stored.
import { describe, expect, it } from 'vitest';
import { answers, dropReasoning, holdStory, said, tools, user } from '../clients/agent-story.ts';
import { heardAnswers, heardAs, models, sayText } from '../clients/native-answer.ts';
import { asGivenOut } from '../support/own-call-id.ts';
import { type Pair, startPair } from '../support/start.ts';
import {
  CarrierClient,
  carriedStart,
  keepDetails,
  keptOf,
  proxySecret,
  withoutDetails,
} from './carrier-client.ts';

const stateless = () => startPair({ sessionStore: 'none', proxySecret });
const remembering = () => startPair({ proxySecret });
const question = user('All three in one word?');

describe.each(models)('%s', model => {
  const natives = answers(model)
    .slice(0, 4)
    .flatMap(native => heardAs(native, model));

  it.each([false, true])('nothing is carried; stream %s', async stream => {
    const client = new CarrierClient(await remembering());
    const body = () => ({ stream, include_messages: true });
    const held = await holdStory(client, { model, turns: said.length, habit: keepDetails, body });
    for (const { message, state } of held.turns) {
      expect(message).not.toHaveProperty('reasoning_details');
      expect(state).not.toBe('none');
    }
  });

  it.each<[string, object]>([
    ['as a transcript', {}],
    ['under a name', { sessionId: 'mine' }],
    ['as what is new', { sessionId: 'mine', history: 'append' }],
  ])('what was carried before is used, stored as it opens, and not needed any more: %s', async (_, named) => {
    const { messages } = await holdStory(new CarrierClient(await stateless()), { model, habit: keepDetails });
    const pair = await remembering();
    const client = new CarrierClient(pair);
    const asked = [...messages, question];
    const body = { model, tools, include_messages: true, ...named };
    const first = await client.turn({ ...body, messages: asked }, sayText('PINEAPPLETREE'));
    expect(first.state).toBe('new');
    expect(heardAnswers(first.heard)).toEqual(natives);
    expect(JSON.stringify(first.frames)).not.toContain(carriedStart);

    expect(JSON.stringify(await readAll(pair, first.id))).not.toContain(carriedStart);
    const { messages: stored } = await client.session(first.id);
    const calls = answers(model).flatMap(({ tool_calls }) => (tool_calls ? [asGivenOut(tool_calls)] : []));
    expect(stored.flatMap(({ tool_calls }) => (tool_calls ? [tool_calls] : []))).toEqual(calls);

    const later = [...withoutDetails(asked, 0), keptOf(first.message), user('Thanks.')];
    const second = await client.turn({ model, messages: later, tools }, sayText('Good.'));
    expect(heardAnswers(second.heard).slice(0, natives.length)).toEqual(natives);
  });

  it('what was carried in between goes on in the session that it came from', async () => {
    const pair = await remembering();
    const client = new CarrierClient(pair);
    const held = await holdStory(client, { model });
    const asked = [...held.messages, question];
    const [, native = sayText('')] = answers(model);
    const between = await new CarrierClient(await stateless()).turn(
      { model, messages: asked, tools },
      native,
    );
    const later = [...asked, keptOf(between.message), user('Thanks.')];
    const turned = await client.turn({ model, messages: later, tools }, sayText('Good.'));
    expect({ id: turned.id, state: turned.state }).toEqual({ id: held.id, state: 'continued' });
    expect(heardAnswers(turned.heard)).toEqual([...natives, ...heardAs(native, model)]);
    await client.expectSessions({ [held.id]: { message_count: later.length + 1 } });
  });

  it('what does not open is not stored either', async () => {
    const client = new CarrierClient(await remembering());
    const { messages } = await holdStory(new CarrierClient(await stateless()), { model, habit: keepDetails });
    const foreign = [{ type: 'reasoning.encrypted', data: `${carriedStart}AAAA` }];
    const asked = [
      ...dropReasoning(messages, 0).map(message =>
        message.role === 'assistant' ? { ...message, reasoning_details: foreign } : message,
      ),
      question,
    ];
    const turned = await client.turn({ model, messages: asked, tools }, sayText('PINEAPPLETREE'));
    expect(JSON.stringify(await client.session(turned.id))).not.toContain(carriedStart);
  });
});

/** The session as it can be seen, in every list and by itself. */
async function readAll({ send }: Pair, id: string): Promise<unknown[]> {
  const paths = ['/v1/sessions', '/v1/sessions?branches=true', `/v1/sessions/${id}`];
  return Promise.all(paths.map(async path => (await send('GET', path)).json()));
}
