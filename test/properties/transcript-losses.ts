// Conversations as they are stored, and what clients make of them: random, for properties.
import fc from 'fast-check';
import { answerText, isCompared, spokenText } from '../../src/conversation/canonical-form.ts';
import type {
  AssistantMessage,
  Message,
  TextPart,
  ToolMessage,
  UserMessage,
} from '../../src/conversation/message.ts';
import { randomSource } from '../support/seed.ts';

/** Short, alike, and full of what the canonical form looks at. */
const word = fc.constantFrom(
  ...['a', 'b', 'é', '😀', '\ud83d', '\ude00', ' ', '\n', '1:', ',', '[1]', ']', '[', '<think>', '</think>'],
  ...['[Response interrupted', '[Response interrupted by user]', 'u1:a', '{"a":1}'],
);
const someText = fc.array(word, { maxLength: 4 }).map(words => words.join(''));
const id = fc.constantFrom('x', 'y', 'z', 'xy');
const textPart = someText.map((text): TextPart => ({ type: 'text', text }));

const user: fc.Arbitrary<UserMessage> = fc.record({
  role: fc.constant('user'),
  content: fc.oneof(
    someText,
    fc.array(
      fc.oneof(
        { weight: 3, arbitrary: textPart },
        fc.record({ type: fc.constant('image'), url: fc.constantFrom('u:1', 'u:2') }),
      ),
      { maxLength: 3 },
    ),
  ),
});

const document = fc.record({
  type: fc.constant('document'),
  data: fc.oneof(someText, fc.record({ a: someText })),
});

const result: fc.Arbitrary<ToolMessage> = fc.record({
  role: fc.constant('tool'),
  toolCallId: id,
  content: fc.oneof(someText, fc.array(fc.oneof(textPart, document), { maxLength: 3 })),
});

/** A native one: with all that a client loses. */
const reply: fc.Arbitrary<AssistantMessage> = fc.record(
  {
    role: fc.constant('assistant'),
    origin: fc.constant('reply'),
    content: fc.oneof(
      someText,
      fc.array(fc.oneof(textPart, fc.record({ type: fc.constant('reasoning'), text: someText })), {
        maxLength: 3,
      }),
    ),
    toolPlan: someText,
    toolCalls: fc.array(
      fc.record({
        id,
        name: fc.constantFrom('read', 'write'),
        arguments: fc.constantFrom('', '{"a": null}'),
      }),
      { maxLength: 3 },
    ),
  },
  { requiredKeys: ['role', 'origin'] },
);

const system: fc.Arbitrary<Message> = fc.record({ role: fc.constant('system'), content: someText });

export const conversation: fc.Arbitrary<Message[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: user },
    { weight: 5, arbitrary: reply },
    { weight: 4, arbitrary: result },
    { weight: 1, arbitrary: system },
  ),
  { maxLength: 10 },
);

/** One of these, at random. */
export type Pick = <Value>(...values: readonly Value[]) => Value;

/** Many small choices, which are cheaper made here than by fast-check. */
export const picks: fc.Arbitrary<Pick> = fc.nat().map(number => {
  const random = randomSource(`picks ${number}`);
  return <Value>(...values: readonly Value[]) => values[Math.floor(random() * values.length)] as Value;
});

/** What a client sends of a message, and the place of that among the stored ones; -1: of none. */
export interface Sent {
  readonly message: Message;
  readonly place: number;
}

/** The same conversation after whatever clients are known to lose and add. */
export function loseSome(messages: readonly Message[], pick: Pick): Sent[] {
  const kept = messages.flatMap((message, place) => (isCompared(message) ? [{ message, place }] : []));
  return shuffleSteps(kept, pick).flatMap(({ message, place }): Sent[] => {
    const sent = { message: loseIn(message, pick), place };
    const before = pick(undefined, undefined, undefined, ...extras);
    return before ? [{ message: before, place: -1 }, sent] : [sent];
  });
}

/** What does not count. */
const extras: readonly Message[] = [
  { role: 'system', content: 'a' },
  { role: 'assistant' },
  { role: 'assistant', content: ' \n' },
  { role: 'assistant', content: [{ type: 'reasoning', text: 'a' }], toolCalls: [] },
  { role: 'assistant', content: '<think>a</think>\n\n[Response interrupted by user]' },
];

function shuffleSteps(sent: readonly Sent[], pick: Pick): Sent[] {
  const shuffled: Sent[] = [];
  let start = 0;
  for (const item of sent) {
    if (item.message.role !== 'tool') {
      shuffled.push(item);
      start = shuffled.length;
    } else shuffled.splice(start + pick(...Array(shuffled.length - start + 1).keys()), 0, item);
  }
  return shuffled;
}

function loseIn(message: Message, pick: Pick): Message {
  switch (message.role) {
    case 'user':
      return { ...message, content: divide(message.content, pick) };
    case 'tool':
      return { ...message, content: divide(message.content, pick) };
    case 'assistant':
      return loseInReply(message, pick);
    default:
      return message;
  }
}

/** Texts as one string where there is nothing else, or in as many parts as they have lines. */
function divide<Part extends { readonly type: string }>(
  content: string | readonly (Part | TextPart)[],
  pick: Pick,
): string | (Part | TextPart)[] {
  const parts = typeof content === 'string' ? [{ type: 'text', text: content } as const] : content;
  const texts = parts.flatMap(part => ('text' in part ? [part.text] : []));
  if (texts.length === parts.length && pick(true, false)) return texts.join('\n');
  return parts.flatMap((part): (Part | TextPart)[] =>
    'text' in part && pick(true, false)
      ? part.text.split('\n').map((text): TextPart => ({ type: 'text', text }))
      : [part],
  );
}

function loseInReply({ content = '', toolCalls = [] }: AssistantMessage, pick: Pick): AssistantMessage {
  const shown =
    typeof content === 'string'
      ? content
      : content.map(part => (part.type === 'text' ? part.text : '')).join('');
  const start = pick('', '', ' \n', '<think></think>', '\n<think>[a]\n</think>\n');
  const end = pick(
    '',
    '',
    ' ',
    '\n\n[Response interrupted by user]',
    '[Response interrupted by API Error]\n',
  );
  const text = `${start}${shown}${end}`;
  const calls = toolCalls.map(({ id: callId, name }) => ({ id: callId, name, arguments: '{}' }));
  return {
    role: 'assistant',
    ...(text === '' && pick(true, false)
      ? {}
      : { content: pick<string | TextPart[]>(text, [{ type: 'text', text }]) }),
    ...(calls.length === 0 && pick(true, false) ? {} : { toolCalls: calls }),
  };
}

/** What was said there is something else now. */
export function change(message: Message, pick: Pick): Message {
  switch (message.role) {
    case 'user': {
      const content = `z${spokenText(message)}`;
      return pick<Message>({ role: 'user', content }, { role: 'assistant', content });
    }
    case 'tool': {
      const other = { ...message, content: `z${spokenText(message)}` };
      return pick<Message>(other, { ...message, toolCallId: `z${message.toolCallId}` });
    }
    case 'assistant': {
      const { toolCalls = [] } = message;
      const content = `z${answerText(message)}`;
      const [first, ...more] = toolCalls;
      const call = { id: 'other', name: 'read', arguments: '{}' };
      return pick<Message>(
        { role: 'user', content },
        { ...message, content },
        { ...message, toolCalls: [...toolCalls, call] },
        { ...message, toolCalls: [{ ...call, ...first, name: 'other' }, ...more] },
        { ...message, toolCalls: [{ ...call, ...first, id: 'other' }, ...more] },
      );
    }
    default:
      return message;
  }
}
