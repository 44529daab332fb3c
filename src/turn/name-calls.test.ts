import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromSeed } from '../../test/properties/from-seed.ts';
import type { Message } from '../conversation/message.ts';
import type { TurnEvent } from '../conversation/turn-event.ts';
import { CallNamer } from './name-calls.ts';

const start = (index: number, id: string): TurnEvent => ({
  type: 'tool-call-start',
  index,
  id,
  name: 'look',
});
const delta = (index: number): TurnEvent => ({ type: 'tool-call-delta', index, arguments: '{}' });
const end = (index: number): TurnEvent => ({ type: 'tool-call-end', index });
const text: TurnEvent = { type: 'text-delta', index: 0, text: 'a' };

function namerOf({ history = [], onlyFirst = false }: { history?: Message[]; onlyFirst?: boolean } = {}) {
  let made = 0;
  const makeId = () => {
    made += 1;
    return `call_${made}`;
  };
  const ids = history.flatMap(message => (message.role === 'assistant' ? (message.toolCalls ?? []) : []));
  return new CallNamer({ isTaken: id => ids.some(call => call.id === id), onlyFirst, makeId });
}

const called = (...ids: string[]): Message => ({
  role: 'assistant',
  toolCalls: ids.map(id => ({ id, name: 'look', arguments: '{}' })),
});

describe('ids', () => {
  test.each(['a', 'look_e8p4pn45zt0t', 'A-Z_09', 'x'.repeat(64), '123e4567-e89b-42d3-a456-426614174000'])(
    '%j stays',
    id => {
      const event = start(0, id);
      expect(namerOf().name([event])[0]).toBe(event);
    },
  );

  test.each(['a b', 'a:0', 'ä', 'x'.repeat(65), 'a\n', 'a.b'])('%j becomes ours, and is kept', id => {
    expect(namerOf().name([start(0, id)])).toEqual([{ ...start(0, 'call_1'), nativeId: id }]);
  });

  test('where there is none we make one, and there is nothing to keep', () => {
    expect(namerOf().name([start(0, '')])).toEqual([start(0, 'call_1')]);
  });

  test('that the session knows become ours', () => {
    const history: Message[] = [called('a', 'b'), { role: 'tool', toolCallId: 'a', content: '' }];
    expect(namerOf({ history }).name([start(0, 'b'), start(1, 'c')])).toEqual([
      { ...start(0, 'call_1'), nativeId: 'b' },
      start(1, 'c'),
    ]);
  });

  test('that come twice in one answer are told apart, also over batches', () => {
    const namer = namerOf();
    expect(namer.name([start(0, 'a')])).toEqual([start(0, 'a')]);
    expect(namer.name([start(1, 'a')])).toEqual([{ ...start(1, 'call_1'), nativeId: 'a' }]);
  });
});

test('a batch without calls is passed on as it is', () => {
  const batch = [text, { type: 'tool-plan-delta', text: 'p' }] as const;
  expect(namerOf({ onlyFirst: true }).name(batch)).toBe(batch);
});

describe('only the first call', () => {
  test('of several, however their events are mixed', () => {
    const namer = namerOf({ onlyFirst: true });
    expect(namer.name([text, start(0, 'a'), start(1, 'b'), delta(1), delta(0)])).toEqual([
      text,
      start(0, 'a'),
      delta(0),
    ]);
    expect(namer.name([end(1), end(0), text])).toEqual([end(0), text]);
  });

  test('is the one that came first, whatever its number', () => {
    expect(namerOf({ onlyFirst: true }).name([start(2, 'a'), start(0, 'b'), delta(2)])).toEqual([
      start(2, 'a'),
      delta(2),
    ]);
  });
});

test('every id that is given out can be used everywhere and is unique in the session', () => {
  const id = fc.oneof(fc.constantFrom('a', 'b', '', 'a b'), fc.string({ maxLength: 70 }));
  fc.assert(
    fc.property(fc.array(id), fc.array(id), (before, now) => {
      const events = now.map((native, index) => start(index, native));
      const given = namerOf({ history: [called(...before)] })
        .name(events)
        .flatMap(event => (event.type === 'tool-call-start' ? event : []));
      expect(given.length).toBe(now.length);
      expect(new Set(given.map(event => event.id)).size).toBe(now.length);
      for (const [index, event] of given.entries()) {
        expect(event.id).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
        expect(before).not.toContain(event.id);
        expect(event.nativeId ?? event.id).toBe(now[index] === '' ? event.id : now[index]);
      }
    }),
    fromSeed('call ids'),
  );
});
