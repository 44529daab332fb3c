import { expect, test } from 'vitest';
import { readLabel } from './read-label.ts';

test.each([
  'x-session-id',
  'x-session-affinity',
  'x-zoo-session-id',
  'session-id',
  'session_id',
  'x-claude-code-session-id',
  'x-openwebui-chat-id',
  'x-opencode-session',
])('%s is a label', name => {
  expect(readLabel({ [name]: 'chat-1' }, [])).toBe('chat-1');
});

test('other headers are none unless they are configured', () => {
  const headers = { 'x-my-chat': 'mine', 'x-request-id': 'request', 'thread-id': 'thread' };
  expect(readLabel(headers, [])).toBeUndefined();
  expect(readLabel(headers, ['x-other', 'x-my-chat'])).toBe('mine');
  expect(readLabel({}, ['x-my-chat'])).toBeUndefined();
});

test('configured headers go before known ones, these in the order of trust', () => {
  const headers = {
    'x-opencode-session': 'd',
    session_id: 'c',
    'x-session-affinity': 'b',
    'x-session-id': 'a',
    'x-my-chat': 'mine',
  };
  expect(readLabel(headers, ['x-my-chat'])).toBe('mine');
  expect(readLabel(headers, ['session_id'])).toBe('c');
  expect(readLabel(headers, [])).toBe('a');
});

test('an id of ours that comes back is no label, the next header is', () => {
  expect(readLabel({ 'x-session-id': 'sess_AAAAAAAAAAAAAAAAAAAAAA' }, [])).toBeUndefined();
  expect(readLabel({ 'x-session-id': 'sess_x', session_id: 'theirs' }, [])).toBe('theirs');
  expect(readLabel({ 'x-my-chat': 'sess_x', 'x-session-id': 'theirs' }, ['x-my-chat'])).toBe('theirs');
});

test.each([
  ['!', true],
  ['6f1c9b1e-5a0c-4f0e-9a53-0c8f6f6a2b11', true],
  ['ses_0123:~/#"', true],
  ['x'.repeat(128), true],
  ['x'.repeat(129), false],
  ['', false],
  ['a b', false],
  // Node joins a header that comes twice.
  ['one, two', false],
  ['schlüssel', false],
  ['a\u0000', false],
  ['a\u007f', false],
  ['a\n', false],
])('case %#: 1 to 128 visible ASCII characters', (value, isLabel) => {
  expect(readLabel({ 'x-session-id': value, session_id: 'next' }, [])).toBe(isLabel ? value : 'next');
});

test('several values are none', () => {
  expect(readLabel({ 'x-session-id': ['a', 'b'] as unknown as string }, [])).toBeUndefined();
});
