import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { countFromScratch, describedFor, meterWith, user } from '../../test/tokens/described-prompt.ts';
import { History } from '../conversation/history.ts';
import type { Message } from '../conversation/message.ts';
import { Passage } from '../conversation/passage.ts';
import { TokenMeter } from './meter.ts';

const call = (json: string): Message => ({
  role: 'assistant',
  toolCalls: [{ id: 'call_1', name: 'read', arguments: json }],
});
const result = (data: string): Message => ({
  role: 'tool',
  toolCallId: 'call_1',
  content: [{ type: 'document', data: { data } }],
});
const long = 'the letter '.repeat(20_000);
const parts = Array.from({ length: 30 }, () => ({
  type: 'text' as const,
  text: 'the letter '.repeat(1_500),
}));
const history = (...messages: Message[]) =>
  new Passage({ lead: [], history: History.of(messages), rest: [user('Go on.')] });

// Each step of the work takes some time, so that pauses do not depend on the machine.
let clock = 0;
let sinceTurn = 0;
let mostWithoutTurn = 0;
let turns = 0;
let watching: NodeJS.Immediate | undefined;

beforeEach(() => {
  [clock, sinceTurn, mostWithoutTurn, turns] = [0, 0, 0, 0];
  vi.spyOn(performance, 'now').mockImplementation(() => {
    clock += 4;
    sinceTurn += 1;
    mostWithoutTurn = Math.max(mostWithoutTurn, sinceTurn);
    return clock;
  });
  const watch = () => {
    sinceTurn = 0;
    turns += 1;
    watching = setImmediate(watch);
  };
  watching = setImmediate(watch);
});

afterEach(() => {
  clearImmediate(watching);
  vi.restoreAllMocks();
});

const places: [string, Passage][] = [
  ['in what the user says', history(user(long))],
  ['in many parts of one message', history({ role: 'user', content: parts })],
  [
    'in the system text',
    new Passage({ lead: [{ role: 'system', content: long }], history: History.empty, rest: [user('a')] }),
  ],
  ['in what is new', Passage.of([user('a'), call('{}'), result(long), user('b')])],
  ['in what is written by a tool call', history(user('a'), call(JSON.stringify({ long })), result('done'))],
  ['in a document of a result', history(user('a'), call('{}'), result(long))],
  [
    'in a plan',
    history(
      { role: 'assistant', toolPlan: long, toolCalls: [{ id: 'call_1', name: 'read', arguments: '{}' }] },
      result('done'),
    ),
  ],
  ['1 MB of one character', history(user('a'.repeat(2 ** 20)))],
  ['1 MB of spaces', history(user(' '.repeat(2 ** 20)))],
  ['1 MB of Han', history(user('你'.repeat(2 ** 20 / 3)))],
  ['1 MB of half characters', history(user('\ud83d'.repeat(2 ** 20 / 3)))],
  ['many short messages', history(...Array.from({ length: 5_000 }, (_, at) => user(`the letter ${at}`)))],
];

test.each(places)('%s: exact once prepared, and others have their turn meanwhile', async (_, passage) => {
  const formatted: Message[] = [];
  const described = describedFor(passage, { onFormat: message => formatted.push(message) });
  const measured = meterWith().measure(described, passage);
  const preparing = measured.prepare();
  expect(preparing).toBeInstanceOf(Promise);
  await preparing;
  expect(turns).toBeGreaterThanOrEqual(5);
  // Of 4 ms each.
  expect(mostWithoutTurn).toBeLessThanOrEqual(10);
  formatted.splice(0);
  const total = measured.total(passage);
  expect(formatted).toEqual([]);
  expect(total).toBe(countFromScratch(passage));
  expect(measured.prepare()).toBeUndefined();
});

test('long texts are estimated where nobody prepared, and where there is no vocabulary', async () => {
  const passage = history(user(long));
  const exact = countFromScratch(passage);
  const estimate = meterWith().measure(describedFor(passage), passage).total(passage);
  expect(estimate).not.toBe(exact);
  const without = new TokenMeter().measure(describedFor(passage), passage);
  await without.prepare();
  expect(without.isExact).toBe(false);
  expect(without.total(passage)).toBeGreaterThan(10_000);
});
