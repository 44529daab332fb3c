// Roo Code's recorded flow through OpenRouter's door, with our entry in the place of the one that it was given then.
import { describe, expect, it } from 'vitest';
import { heardAnswers, heardAs } from '../clients/native-answer.ts';
import { nativeAnswer, recordedChats, replay } from '../clients/recorded-conversation.ts';
import type { WireMessage } from '../clients/transcript-client.ts';
import { asGivenOut } from '../support/own-call-id.ts';
import { demandReference, hasReference } from '../support/reference.ts';
import { startPair } from '../support/start.ts';
import { CarrierClient, type Detail, proxySecret } from './carrier-client.ts';

demandReference("Roo Code's reasoning details");

describe.runIf(hasReference)('what Roo Code brings back', () => {
  const chats = recordedChats('roo-code_openrouter-custom-base-url_reasoning-details');
  const [first, second] = chats;

  /** The second request, its answer with other details than were recorded. */
  async function bring(change: (recorded: readonly Detail[], ours: readonly Detail[]) => readonly Detail[]) {
    if (!first || !second) throw new Error('there are two requests');
    const client = new CarrierClient(await startPair({ sessionStore: 'none', proxySecret }));
    const native = nativeAnswer(chats, 0);
    const { details = [], message } = await replay(client, first, native).then(turned => ({
      details: turned.message.reasoning_details as readonly Detail[] | undefined,
      message: turned.message,
    }));
    const place = first.messages.length;
    const recorded = second.messages[place] as WireMessage & { reasoning_details: readonly Detail[] };
    expect(recorded.tool_calls).toHaveLength(message.tool_calls?.length ?? 0);
    const brought = { ...recorded, reasoning_details: change(recorded.reasoning_details, details) };
    const chat = { ...second, messages: second.messages.with(place, brought) };
    const { heard, state } = await replay(client, chat, nativeAnswer(chats, 1));
    expect(state).toBe('none');
    return { heard: heardAnswers(heard), native: heardAs(native, first.model), recorded };
  }

  it.each<[string, Parameters<typeof bring>[0]]>([
    ['alone', (_, ours) => ours],
    [
      'where the opaque one stood',
      (recorded, [ours]) => recorded.map(detail => ('data' in detail ? { ...detail, ...ours } : detail)),
    ],
    ['after both', (recorded, ours) => [...recorded, ...ours]],
  ])('our entry %s: Cohere hears what it said', async (_, change) => {
    const { heard, native } = await bring(change);
    expect(heard).toEqual(native);
  });

  it('theirs alone: Cohere hears what Roo Code says', async () => {
    const { heard, native, recorded } = await bring(theirs => theirs);
    expect(heard).toEqual([{ role: 'assistant', tool_calls: asGivenOut(recorded.tool_calls) }]);
    expect(heard).not.toEqual(native);
  });
});
