import { describe, expect, test } from 'vitest';
import { callIdsOf } from './call-ids.ts';
import type { Message } from './message.ts';

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
