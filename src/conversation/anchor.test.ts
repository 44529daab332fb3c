import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  type AnchorChain,
  anchorChain,
  anchorsInSteps,
  anchorsOf,
  openingOf,
  replyAnchorsInSteps,
  scopedAnchor,
  scopesOf,
} from './anchor.ts';
import { digestLongTexts } from './canonical-form.ts';
import type { Message } from './message.ts';

const user = (content: string): Message => ({ role: 'user', content });
const says = (content: string): Message => ({ role: 'assistant', content });
const calls = (...ids: string[]): Message => ({
  role: 'assistant',
  toolCalls: ids.map(id => ({ id, name: 'read', arguments: '{}' })),
});
const result = (toolCallId: string, content: string): Message => ({ role: 'tool', toolCallId, content });

const digestsOf = (messages: readonly Message[]) => anchorsOf(messages).map(({ digest }) => digest);
const fold = (messages: readonly Message[]) =>
  messages.reduce((chain, message) => anchorChain.step(chain, message), anchorChain.start());

const talk = [user('1'), calls('x', 'y'), result('y', '2'), result('x', '3'), says('4'), user('5')];

test('the opening and each reply leave one, of everything up to it', () => {
  const anchors = anchorsOf(talk);
  expect(anchors.map(({ length }) => length)).toEqual([1, 2, 5]);
  for (const { digest } of anchors) expect(digest).toMatch(/^[A-Za-z0-9_-]{22}$/);
  expect(digestsOf([user('0'), ...talk.slice(1)])).not.toContain(anchors[2]?.digest);
  expect(anchorsOf([user('1'), user('2')]).map(({ length }) => length)).toEqual([2]);
  expect(anchorsOf([])).toEqual([]);
});

test('under a label, or a system text, it is another one', () => {
  const scoped = ['a', 'b', undefined].flatMap(label => [...scopesOf(label, 's'), ...scopesOf(label, 't')]);
  const digests = scoped.map(scope => scopedAnchor('anchor', scope));
  // Each label alone comes twice.
  expect(new Set([...digests, 'anchor']).size).toBe(9);
});

test('the form is fixed: they are stored', () => {
  const digest = (text: string) => createHash('blake2b512').update(text).digest('base64url').slice(0, 22);
  const opening = digest('u1:1');
  const first = digest(`${opening}a0:c1:x4:readc1:y4:read`);
  const second = digest(`${first}t1:x1:3t1:y1:2a1:4`);
  expect(openingOf(fold(talk))).toBe(opening);
  expect(digestsOf(talk)).toEqual([opening, first, second]);
});

test('the opening is what comes before the first reply, whether that has come or not', () => {
  expect(openingOf(fold(talk))).toBe(openingOf(fold([user('1')])));
  expect(openingOf(fold([user('1'), user('2')]))).not.toBe(openingOf(fold([user('1')])));
  expect(openingOf(anchorChain.start())).toBeUndefined();
  expect(openingOf(fold([{ role: 'system', content: 'a' }]))).toBeUndefined();
  expect(openingOf(fold([says('0'), user('1'), says('2')]))).toBeUndefined();
});

test('a chain is continued from what was stored of it, as often as need be', () => {
  const stored: AnchorChain = JSON.parse(JSON.stringify(fold(talk.slice(0, 5))));
  for (const rest of [
    [user('5'), says('6')],
    [user('7'), says('8')],
  ]) {
    expect(rest.reduce((chain, message) => anchorChain.step(chain, message), stored)).toEqual(
      fold([...talk.slice(0, 5), ...rest]),
    );
  }
});

test('what does not count leaves the chain as it is', () => {
  const chain = fold(talk);
  expect(anchorChain.step(chain, { role: 'system', content: 'a' })).toBe(chain);
  expect(anchorChain.step(chain, says(' \n'))).toBe(chain);
});

test.each<[string, Message[], Message[]]>([
  ['a message from two', [user('a'), user('b')], [user('a\nb')]],
  ['a text from what stands before it', [user('1'), user('a')], [user('1u1:a')]],
  ['a result from a text', [result('x', 'a')], [user('a')]],
  ['an id from a result', [result('xa', 'b')], [result('x', 'ab')]],
  ['an image from a text', [user('i3:0,0:')], [{ role: 'user', content: [{ type: 'image', url: '' }] }]],
  ['half a character from another', [user('\ud800')], [user('\ud801')]],
  ['half a character from what is put in its place', [user('\ud800')], [user('\ufffd')]],
  ['half a character from its escape', [user('\ud800')], [user('\\ud800')]],
])('tells %s', (_, a, b) => {
  expect(digestsOf([...a, says('r')])).not.toEqual(digestsOf([...b, says('r')]));
});

test('many results cost no more than sorting them', () => {
  const results = Array.from({ length: 50_000 }, (_, index) => result(`call_${index}`, 'x'));
  expect(digestsOf([user('1'), ...results, says('2')])).toEqual(
    digestsOf([user('1'), ...results.toReversed(), says('2')]),
  );
});

test('[XF5] a long text, and a long image, are digested in steps to what they are digested at once', () => {
  const long = 'words 🌊 漢 '.repeat(200_000);
  const url = `data:image/png;base64,${'iVBO'.repeat(300_000)}`;
  const make = (): Message[] => [
    { role: 'user', content: long },
    { role: 'assistant', content: `<think>a</think>${long}` },
    {
      role: 'user',
      content: [
        { type: 'text', text: long },
        { type: 'image', url },
      ],
    },
    { role: 'assistant', content: 'b' },
  ];
  const messages = make();
  let steps = 0;
  for (const _ of digestLongTexts(messages)) steps += 1;
  expect(steps).toBeGreaterThan(8);
  expect([...digestLongTexts(messages)]).toEqual([]);
  expect(anchorsOf(messages)).toEqual(anchorsOf(make()));
});

const page = (letter: string) => letter.repeat(10_000);

test.each<[string, readonly Message[]]>([
  ['texts', Array.from({ length: 500 }, (_, at) => [user(page(`${at % 10}`)), says(page('a'))]).flat()],
  ['call ids', Array.from({ length: 1_000 }, (_, at) => calls(page('x') + at))],
])('[XF1] many %s, none of them long: others have their turn after each megabyte', (_, messages) => {
  expect([...anchorsInSteps(messages)].length).toBeGreaterThanOrEqual(9);
  expect([...replyAnchorsInSteps(messages, 8)].length).toBeGreaterThanOrEqual(9);
  expect([...anchorsInSteps(messages.slice(0, 90))]).toEqual([]);
});
