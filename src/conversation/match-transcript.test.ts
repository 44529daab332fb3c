import { describe, expect, test } from 'vitest';
import { History } from './history.ts';
import { matchTranscript, storedPlaceOf } from './match-transcript.ts';
import type { Message } from './message.ts';

/** `u:`, `a:`, `s:` and a text; `c:` and call ids; `t:`, a call id, `=` and a result; `a:` alone says nothing. */
function talk(line: string): Message[] {
  return line.split(' ').flatMap((word): Message[] => {
    const [kind = '', rest = ''] = word.split(':');
    switch (kind) {
      case 'u':
        return [{ role: 'user', content: rest }];
      case 'a':
        return [{ role: 'assistant', content: rest }];
      case 's':
        return [{ role: 'system', content: rest }];
      case 'c': {
        const toolCalls = rest.split(',').map(id => ({ id, name: 'read', arguments: '{}' }));
        return [{ role: 'assistant', toolCalls, origin: 'reply' }];
      }
      case 't': {
        const [toolCallId = '', content = ''] = rest.split('=');
        return [{ role: 'tool', toolCallId, content }];
      }
      default:
        return [];
    }
  });
}

const rows: [what: string, stored: string, sent: string, match: Match | undefined][] = [
  ['goes on', 'u:1 a:2', 'u:1 a:2 u:3', { reply: [2, 2], reachesEnd: true }],
  ['is the same', 'u:1 a:2', 'u:1 a:2', { reply: [2, 2], reachesEnd: true }],
  ['goes on earlier', 'u:1 a:2 u:3 a:4', 'u:1 a:2 u:5', { reply: [2, 2], reachesEnd: false }],
  ['asks again', 'u:1 a:2 u:3 a:4', 'u:1 a:2 u:3', { reply: [2, 2], reachesEnd: false }],
  ['asks the first again', 'u:1 a:2', 'u:1', { opening: [1, 1], reachesEnd: false }],
  ['has another first reply', 'u:1 a:2', 'u:1 a:3 u:4', { opening: [1, 1], reachesEnd: false }],
  ['is not answered yet', 'u:1 u:2', 'u:1 u:2 a:3 u:4', { opening: [2, 2], reachesEnd: true }],
  ['begins otherwise', 'u:1 a:2', 'u:0 a:2 u:3', undefined],
  ['asks more at first', 'u:1 a:2', 'u:1 u:2', undefined],
  ['asks less at first', 'u:1 u:2 a:3', 'u:1', undefined],
  ['is empty', 'u:1 a:2', '', undefined],
  ['meets nothing', '', 'u:1 a:2', undefined],
  ['begins with a reply', 'a:0 u:1 a:2', 'a:0 u:1 a:2 u:3', { reply: [3, 3], reachesEnd: true }],
  ['begins with another reply', 'a:0 u:1 a:2', 'a:9 u:1 a:2 u:3', undefined],
  [
    'brings results',
    'u:1 c:x,y',
    'u:1 c:x,y t:x=1 t:y=2',
    { reply: [2, 2], reachesEnd: true, holdsOwnCall: true },
  ],
  [
    'has results in another order',
    'u:1 c:x,y,z t:x=1 t:y=2 t:z=3 a:4',
    'u:1 c:x,y,z t:x=1 t:z=3 t:y=2 a:4 u:5',
    { reply: [6, 6], reachesEnd: true, holdsOwnCall: true, places: [0, 1, 2, 4, 3, 5] },
  ],
  [
    'has results in another order, the last where it was',
    'u:1 c:x,y,z t:y=2 t:z=3 t:x=1 a:4',
    'u:1 c:x,y,z t:z=3 t:y=2 t:x=1 a:4 u:5',
    { reply: [6, 6], reachesEnd: true, holdsOwnCall: true, places: [0, 1, 3, 2, 4, 5] },
  ],
  [
    'has another result',
    'u:1 c:x,y t:x=1 t:y=2 a:3',
    'u:1 c:x,y t:y=2 t:x=9 a:3',
    { reply: [2, 2], reachesEnd: false, holdsOwnCall: true },
  ],
  [
    'brings another part of the results',
    'u:1 c:x,y t:x=1 a:3',
    'u:1 c:x,y t:y=2 t:x=1 a:3',
    { reply: [2, 2], reachesEnd: false, holdsOwnCall: true },
  ],
  [
    'brings a result more',
    'u:1 c:x,y t:x=1 a:3',
    'u:1 c:x,y t:x=1 t:y=2 a:3',
    { reply: [2, 2], reachesEnd: false, holdsOwnCall: true },
  ],
  [
    'brings a result twice, as before',
    'u:1 c:x t:x=1 t:x=2 a:3',
    'u:1 c:x t:x=2 t:x=1 a:3',
    { reply: [5, 5], reachesEnd: true, holdsOwnCall: true, places: [0, 1, 3, 2, 4] },
  ],
  [
    'brings a result twice, unlike before',
    'u:1 c:x t:x=1 a:3',
    'u:1 c:x t:x=1 t:x=1 a:3',
    { reply: [2, 2], reachesEnd: false, holdsOwnCall: true },
  ],
  [
    'has results with a word between, which parts them',
    'u:1 c:x,y t:x=1 u:2 t:y=3 a:4',
    'u:1 c:x,y t:y=3 u:2 t:x=1 a:4',
    { reply: [2, 2], reachesEnd: false, holdsOwnCall: true },
  ],
  [
    'has other system messages',
    'u:1 s:x a:2 u:3 s:y a:4',
    'u:1 a:2 s:z u:3 a:4 u:5',
    { reply: [6, 5], reachesEnd: true, places: [0, 2, -1, 3, 5] },
  ],
  ['has them in the same places', 'u:1 s:x a:2', 'u:1 s:y a:2 u:3', { reply: [3, 3], reachesEnd: true }],
  ['has one after the opening', 'u:1 s:x a:2', 'u:1 s:x', { opening: [1, 1], reachesEnd: false }],
  [
    'has none where the stored one ends with one',
    'u:1 a:2 s:x',
    'u:1 a:2',
    { reply: [2, 2], reachesEnd: true },
  ],
  [
    'has lost empty replies',
    'u:1 a: u:2 a:3',
    'u:1 u:2 a:3 u:4',
    { reply: [4, 3], reachesEnd: true, places: [0, 2, 3] },
  ],
  [
    'has an empty reply for a system message',
    'u:1 s:x a:3',
    'u:1 a: a:3 u:4',
    { reply: [3, 3], reachesEnd: true, places: [0, -1, 2] },
  ],
  [
    'has an empty reply between results',
    'u:1 c:x,y t:x=1 t:y=2 a:3',
    'u:1 c:x,y t:y=2 a: t:x=1 a:3',
    { reply: [5, 6], reachesEnd: true, holdsOwnCall: true, places: [0, 1, 3, -1, 2, 4] },
  ],
];

interface Match {
  readonly reply?: readonly [stored: number, sent: number];
  readonly opening?: readonly [stored: number, sent: number];
  readonly reachesEnd: boolean;
  readonly holdsOwnCall?: boolean;
  /** Absent: the same as in the stored one. */
  readonly places?: readonly number[];
}

describe.each([
  ['an array', (messages: Message[]) => messages],
  ['a history', (messages: Message[]) => History.of(messages)],
])('stored as %s', (_, store) => {
  test.each(rows)('a transcript that %s', (_what, stored, sent, expected) => {
    const match = matchTranscript(store(talk(stored)), talk(sent));
    if (!expected || !match) {
      expect(match).toBe(expected);
      return;
    }
    const { reply, opening, reachesEnd, holdsOwnCall = false, places } = expected;
    const [storedLength, sentLength] = reply ?? opening ?? [];
    const end = reply ? 'reply' : 'opening';
    expect(match).toMatchObject({ end, storedLength, sentLength, reachesEnd, holdsOwnCall });
    expect(match.places === undefined).toBe(places === undefined);
    const found = Array.from({ length: match.sentLength }, (_entry, place) => storedPlaceOf(match, place));
    expect(found).toEqual(places ?? found.map((_entry, place) => place));
    expect(storedPlaceOf(match, match.sentLength)).toBe(-1);
  });
});

test('many results in another order cost no more than sorting them', () => {
  const results = Array.from(
    { length: 50_000 },
    (_, index): Message => ({ role: 'tool', toolCallId: `call_${index}`, content: 'x' }),
  );
  const ask: Message = { role: 'user', content: '1' };
  const reply: Message = { role: 'assistant', content: '2' };
  const match = matchTranscript([ask, ...results, reply], [ask, ...results.toReversed(), reply]);
  expect(match).toMatchObject({ end: 'reply', storedLength: 50_002, sentLength: 50_002 });
});
