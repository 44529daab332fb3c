import { expect, test } from 'vitest';
import { isNearly } from './near-name.ts';

test.each([
  'message',
  'mesage',
  'messsage',
  'massage',
  'emssage',
  'messaeg',
  'Message',
  'MESSAGE',
  'messag',
  'messages',
  'mess_age',
])('%s is nearly message', name => {
  expect(isNearly(name, 'message')).toBe(true);
});

test.each(['', 'm', 'msg', 'massages', 'model', 'text', 'message'.repeat(100_000)])('%.12s is not', name => {
  expect(isNearly(name, 'message')).toBe(false);
});
