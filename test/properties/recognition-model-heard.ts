// What Cohere must hear of a conversation: its own words as it said them, in the form that the model takes; all else
// as the client means it.
import { expect } from 'vitest';
import { heardAs, type NativeMessage } from '../clients/native-answer.ts';
import { cohereComplaints } from '../support/cohere-schema.ts';
import type { UpstreamRequest } from '../support/fake-cohere.ts';
import { reminders, spoken, textOf } from './recognition-model-losses.ts';
import { type Answer, keyOf, ownWord, type Said, withSortedResults } from './recognition-model-said.ts';

interface Heard {
  readonly role: string;
  readonly content?: unknown;
  readonly tool_plan?: string;
  readonly tool_calls?: NativeMessage['tool_calls'];
  readonly tool_call_id?: string;
}

interface Expected {
  readonly model: string;
  readonly said: readonly Said[];
  /** Also those that the client sends in the middle; of a session that is only named, who knows. */
  readonly systems: readonly string[];
  readonly isNamed: boolean;
  /** The one client whose words these are. */
  readonly client: number;
}

export function expectHeard(
  request: UpstreamRequest,
  { model, said, systems, isNamed, client }: Expected,
): void {
  expect(cohereComplaints(request.json)).toEqual([]);
  expectOwnWords(request.json, client);
  const { messages = [] } = request.json as { messages?: readonly Heard[] };
  const heard = messages.filter(message => message.role !== 'system' && !isFiller(message));
  const expected = inCallOrder(strayAsUser(said)).flatMap(one => heardOf(one, model, idsOf(said)));
  // Where the client's own words are heard it is enough that they say the same.
  const shown = inOrder(heard).map((message, place) =>
    expected[place]?.isNative ? exact(message) : plain(message),
  );
  expect(shown).toEqual(
    expected.map(({ message, isNative }) => (isNative ? exact(message) : plain(message))),
  );
  const texts = messages.filter(({ role }) => role === 'system').map(textOf);
  expect(texts.filter(one => !isNamed || !reminders.includes(one)).join('\n')).toBe(systems.join('\n'));
}

/** Nothing that another client said, or that was answered to it. */
export function expectOwnWords(value: unknown, client: number): void {
  const foreign = [...JSON.stringify(value).matchAll(ownWord)].filter(
    ([, number]) => Number(number) !== client,
  );
  expect(foreign.map(([word]) => word)).toEqual([]);
}

/** What stands for a result that never came, and answers of the client's that say nothing. */
function isFiller(message: Heard): boolean {
  if (message.role === 'tool') return textOf(message) === 'No result: the tool call was not answered.';
  return message.role === 'assistant' && !message.tool_calls && plain(message).text === '';
}

/** A result that belongs to no call is told all the same, behind those that do. */
function strayAsUser(said: readonly Said[]): Said[] {
  return said.map(one =>
    one.role === 'tool' && one.callId.startsWith('stray')
      ? { role: 'user', text: `Result of an earlier tool call:\n${one.text}` }
      : one,
  );
}

function inOrder(heard: readonly Heard[]): Heard[] {
  return withSortedResults(heard, ({ tool_call_id = '' }) => tool_call_id);
}

function inCallOrder(said: readonly Said[]): Said[] {
  const ids = idsOf(said);
  return withSortedResults(said, one =>
    one.role === 'tool' ? (ids.get(one.callId) ?? one.callId) : keyOf(one),
  );
}

interface Part {
  readonly message: Heard;
  readonly isNative: boolean;
}

function heardOf(said: Said, model: string, ids: ReadonlyMap<string, string>): Part[] {
  switch (said.role) {
    case 'user':
      return [{ message: { role: 'user', content: said.text }, isNative: false }];
    case 'tool': {
      const tool_call_id = ids.get(said.callId) ?? said.callId;
      return [{ message: { role: 'tool', tool_call_id, content: said.text || '(empty)' }, isNative: false }];
    }
    case 'assistant': {
      const isNative = said.native !== undefined;
      return heardAs(nativeOf(said, ids), model).map(message => ({ message: message as Heard, isNative }));
    }
    default:
      return said satisfies never;
  }
}

function nativeOf({ native, text, calls }: Answer, ids: ReadonlyMap<string, string>): NativeMessage {
  const tool_calls = calls.map(call => ({ ...call, id: ids.get(call.id) ?? call.id }));
  const base: NativeMessage = native ?? {
    role: 'assistant',
    ...(text.trim() === '' ? {} : { content: [{ type: 'text', text }] }),
  };
  return tool_calls.length > 0 ? { ...base, tool_calls } : base;
}

/** Cohere's own ids, where these were not given to the client: each but once, as Cohere demands. */
function idsOf(said: readonly Said[]): ReadonlyMap<string, string> {
  const answers = said.filter(one => one.role === 'assistant');
  const taken = new Set(answers.flatMap(({ calls }) => calls.map(({ id }) => id)));
  const ids = new Map<string, string>();
  for (const { calls, native } of answers) {
    for (const [place, { id }] of calls.entries()) {
      const own = native?.tool_calls?.[place]?.id ?? id;
      if (taken.has(own)) continue;
      taken.add(own);
      ids.set(id, own);
    }
  }
  return ids;
}

/** Cohere takes a text and a list of one text block for the same. */
function exact(message: Heard): object {
  const { content } = message;
  const [block, ...others] = Array.isArray(content) ? content : [];
  return block?.type === 'text' && others.length === 0 ? { ...message, content: block.text } : message;
}

function plain(message: Heard) {
  const { role, tool_plan = '', tool_calls = [], tool_call_id } = message;
  if (role !== 'assistant') return { role, text: textOf(message), tool_call_id };
  const text = spoken({ content: `${tool_plan}${textOf(message)}` });
  return { role, text, calls: tool_calls.map(({ id, function: { name } }) => [id, name]) };
}
