// What is stored in the end: each branch once, message by message as it was said, and nothing else.
import { expect } from 'vitest';
import type { TranscriptClient, WireMessage } from '../clients/transcript-client.ts';
import { shownOf } from './recognition-model-answers.ts';
import { spoken, textOf } from './recognition-model-losses.ts';
import { keyOf, type Said, withSortedResults } from './recognition-model-said.ts';
import type { Kept } from './recognition-model-sessions.ts';

export async function expectStored(client: TranscriptClient, all: readonly Kept[]): Promise<void> {
  const listed = await client.sessions();
  expect(Object.keys(listed).sort()).toEqual(all.map(({ id }) => id).sort());
  for (const kept of all) {
    const { id, label, user, system, said, parents } = kept;
    const session = await client.session(id, `?user=${encodeURIComponent(user ?? '')}`);
    expect(session).toMatchObject({ label: label ?? null, user: user ?? null });
    if (parents.length === 0) expect(session.parent_id).toBeNull();
    else expect(parents, `the parent of ${id}`).toContain(session.parent_id);
    const { messages } = session;
    const isSystem = ({ role }: WireMessage) => role === 'system';
    const leading = messages.findIndex(message => !isSystem(message));
    expect(messages.slice(0, leading).map(textOf).join('\n')).toBe(system);
    const stored = messages.filter(message => !isSystem(message) && !isSilent(message));
    const told = withSortedResults(said, keyOf);
    const shown = withSortedResults(stored, shownKey).map((message, place) => show(message, told[place]));
    expect(shown).toEqual(told.map(expectedOf));
  }
}

function shownKey({ role, tool_call_id: callId = '', ...message }: WireMessage): string {
  return role === 'tool' ? keyOf({ role, callId, text: textOf(message) }) : '';
}

/** Answers that say nothing, which a client may send. */
function isSilent(message: WireMessage): boolean {
  return message.role === 'assistant' && !message.tool_calls && spoken(message) === '';
}

/** Cohere's own words to the letter, others in the client's way. */
function show(message: WireMessage, said: Said | undefined): object {
  const { role, tool_call_id, tool_calls = [] } = message;
  if (role !== 'assistant') return { role, text: textOf(message), tool_call_id };
  if (said?.role === 'assistant' && said.native) {
    const { content, reasoning_content = '' } = message;
    return { role, text: content ?? '', reasoning: reasoning_content, calls: tool_calls };
  }
  return { role, text: spoken(message), calls: tool_calls.map(({ id, function: { name } }) => [id, name]) };
}

function expectedOf(said: Said): object {
  switch (said.role) {
    case 'user':
      return { role: 'user', text: said.text };
    case 'tool':
      return { role: 'tool', text: said.text, tool_call_id: said.callId };
    case 'assistant': {
      const { native, text, reasoning, calls } = said;
      if (!native)
        return {
          role: 'assistant',
          text: spoken({ content: text }),
          calls: calls.map(({ id, function: { name } }) => [id, name]),
        };
      const shown = shownOf(native);
      return {
        role: 'assistant',
        text: shown.text,
        reasoning,
        calls: calls.map((call, place) => ({ ...call, function: shown.calls[place] })),
      };
    }
    default:
      return said satisfies never;
  }
}
