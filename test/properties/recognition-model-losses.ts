// How a client writes down a conversation when it sends it: each time with other losses, meaning nothing by them.
import type { WireCall, WireMessage } from '../clients/transcript-client.ts';
import type { Answer, Said } from './recognition-model-said.ts';
import type { Pick } from './transcript-losses.ts';

interface Written {
  readonly messages: readonly WireMessage[];
  /** The texts of its system messages, in order. */
  readonly systems: readonly string[];
}

export function writeTranscript(system: string, said: readonly Said[], pick: Pick): Written {
  const leading = writeSystem(system, pick);
  const messages = shuffled(said, pick).flatMap((one, place) => [
    ...(place === 0 ? [] : between(one, pick)),
    writeSaid(one, pick),
  ]);
  const all = [...leading, ...messages];
  return { messages: all, systems: all.flatMap(one => (isSystem(one) ? [textOf(one)] : [])) };
}

function isSystem({ role }: WireMessage): boolean {
  return role === 'system' || role === 'developer';
}

export function textOf({ content }: { readonly content?: unknown }): string {
  if (typeof content === 'string') return content;
  const parts = Array.isArray(content) ? content : [];
  return parts.flatMap(({ text }) => (typeof text === 'string' ? [text] : [])).join('\n');
}

/** A text without what clients put around it. */
export function spoken(message: { readonly content?: unknown }): string {
  return textOf(message)
    .trim()
    .replace(/^(?:<think>[\s\S]*<\/think>)?\s*/, '')
    .replace(/(?:\s*\[Response interrupted[^\]]*\])*$/, '');
}

/** In one message, or one for each line. */
function writeSystem(system: string, pick: Pick): WireMessage[] {
  if (system === '') return [];
  const role = pick('system', 'developer');
  const texts = pick([system], [system], system.split('\n'));
  return texts.map(text => ({ role, content: divided(text, pick) }));
}

/** System texts in the middle. */
export const reminders = ['Remember to be brief.', 'Today is Monday.'];

const often = Array(12).fill('nothing');

/** What says nothing, and reminders that come and go. */
function between({ role }: Said, pick: Pick): WireMessage[] {
  switch (pick(...often, 'reminder', 'empty', 'null', 'thought', 'interrupted')) {
    case 'reminder':
      // Between two answers it would be something to answer.
      return role === 'assistant' ? [] : [{ role: 'system', content: pick(...reminders) }];
    case 'empty':
      return [{ role: 'assistant', content: '' }];
    case 'null':
      return [{ role: 'assistant', content: null, tool_calls: [] }];
    case 'thought':
      return [{ role: 'assistant', content: '', reasoning_content: 'Hm.' }];
    case 'interrupted':
      return [{ role: 'assistant', content: '[Response interrupted by user]' }];
    default:
      return [];
  }
}

/** The results of one step in any order. */
function shuffled(said: readonly Said[], pick: Pick): Said[] {
  const all: Said[] = [];
  let start = 0;
  for (const one of said) {
    if (one.role !== 'tool') {
      all.push(one);
      start = all.length;
    } else
      all.splice(
        pick(all.length, ...Array.from({ length: all.length - start }, (_, at) => start + at)),
        0,
        one,
      );
  }
  return all;
}

function writeSaid(said: Said, pick: Pick): WireMessage {
  switch (said.role) {
    case 'user':
      return { role: 'user', content: divided(said.text, pick), ...pick({}, { name: 'ada' }) };
    case 'tool': {
      const content = divided(said.text, pick);
      return { role: 'tool', tool_call_id: said.callId, content, ...pick({}, { name: 'read' }) };
    }
    case 'assistant':
      return { role: 'assistant', ...besides(said, pick), ...contentOf(said, pick), ...callsOf(said, pick) };
    default:
      return said satisfies never;
  }
}

/** One text, or a part for each line. */
function divided(text: string, pick: Pick): unknown {
  const whole = { type: 'text', text, ...pick({}, { cache_control: { type: 'ephemeral' } }) };
  return pick<unknown>(
    text,
    text,
    [whole],
    text.split('\n').map(line => ({ type: 'text', text: line })),
  );
}

/** A client sends it back, drops it, or says it in other words: each time the same. */
function besides({ text, reasoning, calls }: Answer, pick: Pick): object {
  const shown = reasoning === '' ? {} : { reasoning_content: reasoning };
  // Beside a text alone, other reasoning says that it is another answer.
  const reworded = calls.length > 0 ? { reasoning: 'As I said.' } : {};
  const [brought = {}] = [shown, {}, {}, reworded].slice(text.length % 4);
  return {
    ...brought,
    ...pick({}, { refusal: null, annotations: [] }),
  };
}

function contentOf({ text, calls }: Answer, pick: Pick): object {
  if (text === '' && calls.length > 0)
    return pick<object>(
      { content: null },
      { content: '' },
      {},
      { content: [] },
      { content: '[Response interrupted by a tool use result. Only one at a time.]' },
      { content: '<think>\nHm.\n</think>\n' },
    );
  const plain = pick(text, text, text, text.trim(), `\n${text} `);
  const marked = `${plain}${pick('', '', '', '', '\n\n[Response interrupted by user]')}`;
  const written = `${pick('', '', '', '', '<think>Hm.</think>\n\n')}${marked}`;
  return { content: pick<unknown>(written, written, [{ type: 'text', text: written, refusal: null }]) };
}

function callsOf({ calls }: Answer, pick: Pick): object {
  if (calls.length === 0) return pick<object>({}, {}, { tool_calls: [] });
  return { tool_calls: calls.map(call => writeCall(call, pick)) };
}

function writeCall({ id, function: { name, arguments: text } }: WireCall, pick: Pick): object {
  const all = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const { unasked: _, ...asked } = all;
  // A client drops what it does not know always, or never.
  const fields = id.length % 2 === 0 ? all : asked;
  const written = pick<unknown>(
    ...(fields === all ? [text] : []),
    JSON.stringify(fields),
    JSON.stringify(Object.fromEntries(Object.entries(fields).reverse()), null, 2),
    JSON.stringify(fields, (_, value) => value ?? undefined),
    fields,
    ...(text === '{}' ? [''] : []),
  );
  return pick<object>(
    { id, type: 'function', function: { name, arguments: written } },
    { index: 0, function: { arguments: written, name }, type: 'function', id },
  );
}
