// Several sessions hold what a transcript begins with: which of them is meant.
import { describe, expect, it } from 'vitest';
import { startPair } from '../support/start.ts';
import { system, user } from './agent-story.ts';
import { planning as model, sayText } from './native-answer.ts';
import { TranscriptClient, type WireMessage } from './transcript-client.ts';

const labelled = (label: string) => ({ 'x-session-id': label });
const opening = [system, user('Hello')];
const more = (word: string): WireMessage[] => [...opening, { role: 'assistant', content: 'Hi.' }, user(word)];

/** So that the one used last is told by the clock, too. */
async function tick(): Promise<void> {
  const now = Date.now();
  await expect.poll(Date.now, { interval: 1 }).toBeGreaterThan(now);
}

describe('among equals', () => {
  it('one with the same label', async () => {
    const client = new TranscriptClient(await startPair());
    const begin = (label: string) =>
      client.turn({ model, messages: opening }, sayText('Hi.'), labelled(label));
    const chats = { ses_a: await begin('ses_a'), ses_b: await begin('ses_b') };
    expect(chats.ses_b.id).not.toBe(chats.ses_a.id);
    for (const [label, chat] of Object.entries(chats)) {
      const later = await client.turn({ model, messages: more('More') }, sayText('More.'), labelled(label));
      expect({ id: later.id, state: later.state }).toEqual({ id: chat.id, state: 'continued' });
    }
  });

  it('then one with the same system text, although another was used last', async () => {
    const client = new TranscriptClient(await startPair());
    const under = (content: string) => [{ role: 'system', content }, ...more('More').slice(1)];
    const ask = (messages: readonly WireMessage[]) =>
      client.turn({ model, messages }, sayText('Hi.'), labelled('ses_a'));
    const planner = await ask(under('You only plan.').slice(0, 2));
    const writer = await ask(under('You only write.').slice(0, 2));
    expect(writer.id).not.toBe(planner.id);
    const later = await ask(under('You only plan.'));
    expect({ id: later.id, state: later.state }).toEqual({ id: planner.id, state: 'continued' });
  });

  it('then one that ends there, then the one that was used last', async () => {
    const client = new TranscriptClient(await startPair());
    const ask = async (messages: readonly WireMessage[]) => {
      await tick();
      return client.turn({ model, messages }, sayText('Hi.'));
    };
    const first = await ask(opening);
    const second = await ask(opening);
    expect(second.id).not.toBe(first.id);
    const one = await ask(more('One'));
    expect({ id: one.id, state: one.state }).toEqual({ id: second.id, state: 'continued' });
    const two = await ask(more('Two'));
    expect({ id: two.id, state: two.state }).toEqual({ id: first.id, state: 'continued' });
    const three = await ask(more('Three'));
    expect(three.state).toBe('forked');
    expect((await client.session(three.id)).parent_id).toBe(first.id);
  });
});
