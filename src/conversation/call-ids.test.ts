import { describe, expect, test } from 'vitest';
import { callIdsOf, nativeByCallIds } from './call-ids.ts';
import type { AssistantMessage, Message } from './message.ts';

const calls = (...ids: string[]): Message => ({
  role: 'assistant',
  toolCalls: ids.map(id => ({ id, name: 'read', arguments: '{}' })),
});

describe('callIdsOf', () => {
  test('the newest first, each once', () => {
    const messages: Message[] = [
      { role: 'user', content: '1' },
      calls('a', 'b'),
      { role: 'tool', toolCallId: 'a', content: '2' },
      { role: 'tool', toolCallId: 'of a call that was cut away', content: '3' },
      calls('c', 'a'),
      { role: 'assistant', content: '4' },
    ];
    expect(callIdsOf(messages)).toEqual(['a', 'c', 'b']);
  });

  test('no more than asked for', () => {
    const messages = Array.from({ length: 100 }, (_, index) => calls(`x${index}`, `y${index}`));
    expect(callIdsOf(messages, 3)).toEqual(['y99', 'x99', 'y98']);
    expect(callIdsOf(messages)).toHaveLength(64);
    expect(callIdsOf([])).toEqual([]);
  });
});

describe('nativeByCallIds', () => {
  const stored: AssistantMessage = {
    role: 'assistant',
    content: [
      { type: 'reasoning', text: 'hm' },
      { type: 'text', text: 'I look.' },
    ],
    toolPlan: 'Look.',
    toolCalls: [{ id: 'a', nativeId: 'a:1', name: 'read', arguments: '{"b": null}' }],
  };
  const toolCalls = [{ id: 'a', name: 'read', arguments: '{}' }];

  test.each<[string, AssistantMessage, boolean]>([
    ['the calls and the text', { role: 'assistant', content: 'I look.', toolCalls }, true],
    ['the calls, but another text', { role: 'assistant', content: 'I write.', toolCalls }, false],
    ['the calls, but no text', { role: 'assistant', toolCalls }, false],
    [
      'another tool',
      { role: 'assistant', content: 'I look.', toolCalls: [{ id: 'a', name: 'write', arguments: '{}' }] },
      false,
    ],
    [
      'another call, too',
      {
        role: 'assistant',
        content: 'I look.',
        toolCalls: [...toolCalls, { id: 'b', name: 'read', arguments: '{}' }],
      },
      false,
    ],
    ['no calls', { role: 'assistant', content: 'I look.' }, false],
  ])('%s', (_, sent, isNative) => {
    expect(nativeByCallIds(sent, stored)).toBe(isNative ? stored : sent);
  });

  test('a text alone finds nothing', () => {
    const sent: AssistantMessage = { role: 'assistant', content: 'yes' };
    expect(nativeByCallIds(sent, { role: 'assistant', content: 'yes' })).toBe(sent);
  });
});
