import { expect, test } from 'vitest';
import { withoutQuotes } from './without-quotes.ts';

const request = Buffer.from(
  JSON.stringify({
    model: 'command-a',
    tool_choice: 'NONE',
    messages: [
      { role: 'user', content: 'My name is Ada Lovelace, ada@example.org, and "I" was born in 1815.' },
    ],
  }),
);

test.each([
  ['tool_choice is not supported for this model', 'tool_choice is not supported for this model'],
  [
    'invalid request: document at index 0 cannot be empty',
    'invalid request: document at index 0 cannot be empty',
  ],
  ["model 'command-a' not found", 'model … not found'],
  ['cannot read My name is Ada Lovelace, sorry', 'cannot read … … … … … sorry'],
  ['who is ada@example.org?', 'who is …'],
  ['a message of Ada', 'a message of Ada'],
  ['born in 1815. is long ago', '… … … is long ago'],
])('%s', (sentence, logged) => {
  expect(withoutQuotes(sentence, request)).toBe(logged);
});

test('a request that is too large to be looked through is not quoted at all', () => {
  expect(withoutQuotes('words', Buffer.alloc(2 * 1024 * 1024))).toBeUndefined();
});
