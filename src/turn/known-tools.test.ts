import { expect, test } from 'vitest';
import type { Tool } from '../conversation/chat-request.ts';
import { KnownTools } from './known-tools.ts';

const tools = (name: string, length = 1): Tool[] => [{ name, description: 'x'.repeat(length) }];

test('equal tools become one object, others do not', () => {
  const known = new KnownTools();
  const first = tools('look');
  expect(known.recognise(first)).toBe(first);
  expect(known.recognise(tools('look'))).toBe(first);
  expect(known.recognise(tools('read'))).toEqual(tools('read'));
});

test('what was not used for long is forgotten, by number and by size', () => {
  const known = new KnownTools();
  const [first, second] = [tools('first'), tools('second')];
  known.recognise(first);
  known.recognise(second);
  for (let index = 0; index < 255; index += 1) {
    known.recognise(tools(`more_${index}`));
    known.recognise(tools('second'));
  }
  expect(known.recognise(tools('second'))).toBe(second);
  expect(known.recognise(tools('first'))).not.toBe(first);

  const large = tools('large', 7_000_000);
  known.recognise(large);
  known.recognise(tools('larger', 7_000_001));
  expect(known.recognise(tools('large', 7_000_000))).not.toBe(large);
});
