import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromSeed } from '../../test/properties/from-seed.ts';
import { ProxyError } from './errors.ts';
import { History } from './history.ts';
import { type Message, textOf } from './message.ts';
import { checkNewMessages, repairTranscript, splitLeadingSystem } from './transcript.ts';

const user = (content = 'u'): Message => ({ role: 'user', content });
const says = (content = 'a'): Message => ({ role: 'assistant', content });
const calls = (...ids: string[]): Message => ({
  role: 'assistant',
  toolCalls: ids.map(id => ({ id, name: 'look', arguments: '{}' })),
});
const result = (toolCallId: string, content = `of ${toolCallId}`): Message => ({
  role: 'tool',
  toolCallId,
  content,
});
const system = (content = 's'): Message => ({ role: 'system', content });

/** In short: `u`, `a`, `s`, `call x y`, `x=content`. */
const brief = (message: Message) => {
  switch (message.role) {
    case 'tool':
      return `${message.toolCallId}=${textOf(message)}`;
    case 'assistant':
      return message.toolCalls ? `call ${message.toolCalls.map(({ id }) => id).join(' ')}` : textOf(message);
    default:
      return textOf(message);
  }
};

describe('the leading system messages', () => {
  test.each<[string, Message[], number]>([
    ['none', [user(), system()], 0],
    ['two, and one later', [system(), system(), user(), system()], 2],
    ['nothing else', [system()], 1],
    ['nothing', [], 0],
  ])('%s', (_, messages, count) => {
    const { system: leading, rest } = splitLeadingSystem(messages);
    expect(leading).toEqual(messages.slice(0, count));
    expect(rest).toEqual(messages.slice(count));
  });
});

describe('new messages of a session', () => {
  const refusedParam = (history: Message[], added: Message[]) => {
    try {
      checkNewMessages(History.of(history), added);
      return undefined;
    } catch (error) {
      if (error instanceof ProxyError && error.code === 'invalid_value') return error.param;
      throw error;
    }
  };

  test.each<[string, Message[], Message[], string | undefined]>([
    ['a message', [], [user()], undefined],
    ['a result of an open call', [user(), calls('x')], [result('x')], undefined],
    ['results in any order', [calls('x', 'y')], [result('y'), result('x')], undefined],
    ['one of two results, the other was there', [calls('x', 'y'), result('x')], [result('y')], undefined],
    ['its own call', [], [user(), calls('x'), result('x')], undefined],
    ['a result of nothing', [], [result('x')], 'messages[0].tool_call_id'],
    ['a result of another call', [calls('x')], [user(), result('y')], 'messages[1].tool_call_id'],
    ['a result that was there', [calls('x'), result('x')], [result('x')], 'messages[0].tool_call_id'],
    ['a result twice', [calls('x')], [result('x'), result('x')], 'messages[1].tool_call_id'],
    [
      'a result of a step that is over',
      [calls('x'), result('x'), calls('y')],
      [result('x')],
      'messages[0].tool_call_id',
    ],
    ['a result of an older open call', [calls('x'), calls('y')], [result('x')], 'messages[0].tool_call_id'],
  ])('%s', (_, history, added, param) => {
    expect(refusedParam(history, added)).toBe(param);
  });
});

describe('repair', () => {
  const none = 'No result: the tool call was not answered.';
  const orphan = (text: string) => `Result of an earlier tool call:\n${text}`;

  test.each<[string, Message[], string[]]>([
    ['a call without result gets one', [user(), calls('x'), user('v')], ['u', 'call x', `x=${none}`, 'v']],
    ['also at the end', [user(), calls('x')], ['u', 'call x', `x=${none}`]],
    [
      'only the missing one',
      [calls('x', 'y', 'z'), result('y')],
      ['call x y z', `x=${none}`, 'y=of y', `z=${none}`],
    ],
    [
      "results come in the calls' order",
      [calls('x', 'y'), result('y'), result('x')],
      ['call x y', 'x=of x', 'y=of y'],
    ],
    [
      'what stands between calls and results comes after',
      [calls('x'), user('v'), says(), result('x')],
      ['call x', 'x=of x', 'v', 'a'],
    ],
    ['a result without call becomes words', [result('x'), user()], [orphan('of x'), 'u']],
    [
      'so does a second result',
      [calls('x'), result('x'), result('x', 'again')],
      ['call x', 'x=of x', orphan('again')],
    ],
    [
      'so does one of an earlier step that another step has followed',
      [calls('x'), calls('y'), result('x'), result('y')],
      ['call x', `x=${none}`, 'call y', 'y=of y', orphan('of x')],
    ],
    [
      'an id used again is told apart',
      [calls('x'), result('x', '1'), calls('x'), result('x', '2')],
      ['call x', 'x=1', 'call x_2', 'x_2=2'],
    ],
    [
      'an id used twice in one step too',
      [calls('x', 'x'), result('x', '1'), result('x', '2')],
      ['call x x_2', 'x=1', 'x_2=2'],
    ],
    [
      'also where the suffix is taken',
      [calls('x', 'x', 'x_2'), result('x', '1'), result('x', '2'), result('x_2', '3')],
      ['call x x_2 x_2_2', 'x=1', 'x_2=2', 'x_2_2=3'],
    ],
    ['an answer without id', [calls(''), result('', 'r')], ['call ', '=r']],
    [
      '[XB7] two steps whose results come after both',
      [calls(''), calls('x'), result('', '1'), result('x', '2')],
      ['call ', `=${none}`, 'call x', 'x=2', orphan('1')],
    ],
    [
      '[XB7] also in the other order, and with one id',
      [calls('x'), calls('x'), result('x', '1'), result('x', '2')],
      ['call x', `x=${none}`, 'call x_2', 'x_2=1', orphan('2')],
    ],
    [
      '[XB7] what the first step lacks does not come out of the second',
      [calls('', 'y'), result('y', '1'), calls('y'), result('', '2'), result('y', '3')],
      ['call  y', `=${none}`, 'y=1', 'call y_2', 'y_2=3', orphan('2')],
    ],
  ])('%s', (_, messages, expected) => {
    const repaired = repairTranscript(messages);
    expect(repaired.map(brief)).toEqual(expected);
    expect(isLegal(repaired)).toBe(true);
    expect(repairTranscript(repaired)).toBe(repaired);
  });

  test('documents of a result without call are not lost', () => {
    const lost: Message = {
      role: 'tool',
      toolCallId: 'x',
      content: [
        { type: 'document', data: { depth: 3 } },
        { type: 'text', text: 'deep' },
      ],
    };
    expect(repairTranscript([lost]).map(brief)).toEqual([orphan('deep\n{"depth":3}')]);
  });

  test('what is in order is passed on as it is', () => {
    const messages = [system(), user(), calls('x', 'y'), result('x'), result('y'), says(), user(), user()];
    expect(repairTranscript(messages)).toBe(messages);
  });

  test('a call keeps everything else where its id is changed', () => {
    const call = { id: 'x', nativeId: 'n', name: 'look', arguments: '{"a": 1}' };
    const said: Message = { role: 'assistant', content: 'a', toolPlan: 'p', toolCalls: [call] };
    expect(repairTranscript([calls('x'), result('x'), said])[2]).toEqual({
      ...said,
      toolCalls: [{ ...call, id: 'x_2' }],
    });
  });
});

/** Cohere's rules, written apart: behind the calls of a message stand their results, in order; no id twice. */
function isLegal(messages: readonly Message[]): boolean {
  const ids = new Set<string>();
  for (let at = 0; at < messages.length; at += 1) {
    const message = messages[at];
    if (message?.role === 'tool') return false;
    if (message?.role !== 'assistant') continue;
    for (const { id } of message.toolCalls ?? []) {
      at += 1;
      const answer = messages[at];
      if (ids.has(id) || answer?.role !== 'tool' || answer.toolCallId !== id) return false;
      ids.add(id);
    }
  }
  return true;
}

const id = fc.constantFrom('x', 'y', 'x_2', '');
const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  fc.constantFrom('u', 'v').map(user),
  fc.constantFrom('s').map(system),
  fc.constantFrom('a', '').map(says),
  fc.array(id, { maxLength: 3 }).map(ids => calls(...ids)),
  { arbitrary: fc.tuple(id, fc.constantFrom('1', '2')).map(([to, text]) => result(to, text)), weight: 3 },
);
// Fresh objects, as they come from JSON.
const conversation = fc.array(anyMessage, { maxLength: 12 }).map(messages => structuredClone(messages));

test('P4 whatever comes, the result is legal', () => {
  fc.assert(
    fc.property(conversation, messages => {
      expect(isLegal(repairTranscript(messages))).toBe(true);
    }),
    fromSeed('repair', 3000),
  );
});

test('P4 nothing that was said is lost, nothing is said twice, and the rest keeps its order', () => {
  const words = (messages: readonly Message[]) =>
    messages.map(textOf).map(text => text.replace('Result of an earlier tool call:\n', ''));
  const others = (messages: readonly Message[]) => messages.filter(({ role }) => role !== 'tool').map(brief);
  fc.assert(
    fc.property(conversation, messages => {
      const repaired = repairTranscript(messages);
      const added = repaired.filter(message => textOf(message).startsWith('No result:'));
      expect(words(repaired.filter(message => !added.includes(message))).toSorted()).toEqual(
        words(messages).toSorted(),
      );
      const kept = new Set(others(repaired).filter(text => /^[uvsa]$/.test(text)));
      const order = (list: readonly Message[]) => others(list).filter(text => kept.has(text));
      expect(order(repaired)).toEqual(order(messages));
    }),
    fromSeed('repair keeps'),
  );
});

test('P4 a second repair changes nothing, and what needs no mending is the same object', () => {
  fc.assert(
    fc.property(conversation, messages => {
      const repaired = repairTranscript(messages);
      expect(repairTranscript(repaired)).toBe(repaired);
      if (isLegal(messages)) expect(repaired).toBe(messages);
      const known = new Set(messages);
      for (const message of repaired) {
        if (message.role === 'system' || (message.role === 'assistant' && !message.toolCalls?.length))
          expect(known.has(message)).toBe(true);
      }
    }),
    fromSeed('repair again'),
  );
});
