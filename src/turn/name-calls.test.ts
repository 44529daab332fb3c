import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromSeed } from '../../test/properties/from-seed.ts';
import type { TurnEvent } from '../conversation/turn-event.ts';
import { CallNamer } from './name-calls.ts';

const start = (index: number, id: string): TurnEvent => ({
  type: 'tool-call-start',
  index,
  id,
  name: 'look',
});
const named = (index: number, id: string, nativeId: string) => ({ ...start(index, id), nativeId });
const delta = (index: number): TurnEvent => ({ type: 'tool-call-delta', index, arguments: '{}' });
const end = (index: number): TurnEvent => ({ type: 'tool-call-end', index });
const text: TurnEvent = { type: 'text-delta', index: 0, text: 'a' };

function namerOf({ onlyFirst = false }: { onlyFirst?: boolean } = {}) {
  let made = 0;
  const makeId = () => {
    made += 1;
    return `call_${made}`;
  };
  return new CallNamer({ onlyFirst, makeId });
}

describe('ids', () => {
  test.each(['a', 'look_e8p4pn45zt0t', 'a:0', 'ä', 'x'.repeat(65)])(
    "%j: ours, with Cohere's beside it",
    id => {
      expect(namerOf().name([start(0, id)])).toEqual([named(0, 'call_1', id)]);
    },
  );

  test('where there is none there is nothing to keep', () => {
    expect(namerOf().name([start(0, '')])).toEqual([start(0, 'call_1')]);
  });

  test('that come twice are two, also over batches', () => {
    const namer = namerOf();
    expect(namer.name([start(0, 'a')])).toEqual([named(0, 'call_1', 'a')]);
    expect(namer.name([start(1, 'a')])).toEqual([named(1, 'call_2', 'a')]);
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
      named(0, 'call_1', 'a'),
      delta(0),
    ]);
    expect(namer.name([end(1), end(0), text])).toEqual([end(0), text]);
  });

  test('is the one that came first, whatever its number', () => {
    expect(namerOf({ onlyFirst: true }).name([start(2, 'a'), start(0, 'b'), delta(2)])).toEqual([
      named(2, 'call_1', 'a'),
      delta(2),
    ]);
  });
});

test('each call is given out once under an id of its own', () => {
  const id = fc.oneof(fc.constantFrom('a', 'b', '', 'a b'), fc.string({ maxLength: 70 }));
  fc.assert(
    fc.property(fc.array(id), now => {
      const given = namerOf()
        .name(now.map((native, index) => start(index, native)))
        .flatMap(event => (event.type === 'tool-call-start' ? event : []));
      expect(new Set(given.map(event => event.id)).size).toBe(now.length);
      expect(given.map(event => event.nativeId ?? '')).toEqual(now);
    }),
    fromSeed('call ids'),
  );
});
