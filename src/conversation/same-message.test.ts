import { describe, expect, test } from 'vitest';
import { isCompared } from './canonical-form.ts';
import type { AssistantMessage, Message, ToolCall, ToolMessage, UserMessage } from './message.ts';
import { isOwnReply } from './origin.ts';
import { isSameMessage } from './same-message.ts';

const user = (content: UserMessage['content']): Message => ({ role: 'user', content });
const tool = (content: ToolMessage['content'], toolCallId = 'call_1'): Message => ({
  role: 'tool',
  toolCallId,
  content,
});
const call = (fields: Partial<ToolCall> = {}): ToolCall => ({
  id: 'call_1',
  name: 'read',
  arguments: '{"path": "a", "limit": null}',
  ...fields,
});
/** As this proxy gave it out. */
const says = (content?: AssistantMessage['content'], ...toolCalls: ToolCall[]): AssistantMessage => ({
  role: 'assistant',
  origin: 'reply',
  ...(content === undefined ? {} : { content }),
  ...(toolCalls.length > 0 ? { toolCalls } : {}),
});
const text = (value: string) => ({ type: 'text', text: value }) as const;
const reasoning = (value: string) => ({ type: 'reasoning', text: value }) as const;
const image = (url: string, detail?: 'low') =>
  ({ type: 'image', url, ...(detail ? { detail } : {}) }) as const;
const document = (data: string | Record<string, string>, id?: string) =>
  ({ type: 'document', data, ...(id === undefined ? {} : { id }) }) as const;

describe('the same, whatever a client lost', () => {
  test.each<[string, Message, Message]>([
    ['a text', user('a'), user('a')],
    ['a text as a part', user('a'), user([text('a')])],
    ['parts joined by a line end', user([text('a'), text('b')]), user('a\nb')],
    ['parts divided otherwise', user([text('a\nb'), text('c')]), user([text('a'), text('b\nc')])],
    ['nothing, and no parts', user(''), user([])],
    ['how well an image is looked at', user([image('data:1', 'low')]), user([image('data:1')])],
    [
      'an image between texts',
      user([text('a'), text('b'), image('u:1')]),
      user([text('a\nb'), image('u:1')]),
    ],
    ['a result as parts', tool('a\nb'), tool([text('a'), text('b')])],
    ['the id of a document', tool([document({ a: 'b' }, 'd1')]), tool([document({ a: 'b' })])],
    ['a document as its JSON', tool([document({ a: 'b' })]), tool('{"a":"b"}')],
    ['reasoning', says([reasoning('hm'), text('a')]), says('a')],
    ['reasoning, changed', says([reasoning('hm'), text('a')]), says([reasoning('h'), text('a')])],
    ['blocks, shown as one text', says([text('a'), reasoning('hm'), text('b')]), says('ab')],
    ['white space around an answer', says('\n\na b \n'), says(' a b')],
    ['reasoning shown as text', says('a'), says('<think>\nhm\n</think>\n\na')],
    ['reasoning shown as text, twice', says('a'), says('<think>h</think> <think>m</think>a')],
    ['reasoning as text, cut out again', says('<think>hm</think>a'), says('a')],
    ['the remark that an answer was broken off', says('a'), says('a\n\n[Response interrupted by user]')],
    [
      'that remark after a list',
      says('see [1]'),
      says('see [1]\n\n[Response interrupted by a tool use result. Only one tool may be used at a time.]'),
    ],
    [
      'both',
      says([reasoning('hm'), text('a')], call()),
      says('<think>hm</think>a\n\n[Response interrupted by API Error]\n', call()),
    ],
    [
      'what was run of it, behind it',
      says('a'),
      says("a\nCalling tools:\n[{'id': 'call_1', 'type': 'function'}]"),
    ],
    ['arguments', says('a', call()), says('a', call({ arguments: '{"path":"a"}' }))],
    ["Cohere's own id", says('a', call({ nativeId: 'x:1' })), says('a', call())],
    ['no text beside a call: ""', says(undefined, call()), says('', call())],
    ['no text beside a call: no parts', says(undefined, call()), says([], call())],
    ['no text beside a call: a line end', says([reasoning('hm')], call()), says('\n', call())],
    ['a plan', { ...says(undefined, call()), toolPlan: 'I read it' } as Message, says('', call())],
    [
      'citations',
      { ...says('a'), citations: [{ start: 0, end: 1, text: 'a', sources: [] }] } as Message,
      says('a'),
    ],
  ])('%s', (_, stored, sent) => {
    expect(isSameMessage(stored, sent)).toBe(true);
    expect(isSameMessage(sent, stored)).toBe(true);
  });
});

describe('another', () => {
  test.each<[string, Message, Message]>([
    ['text', user('a'), user('b')],
    ['end of a text', user('a'), user('a ')],
    ['part', user('a'), user([text('a'), text('b')])],
    ['order of parts', user([text('a'), text('b')]), user([text('b'), text('a')])],
    ['role', user('a'), says('a')],
    ['image', user([text('a'), image('u:1')]), user([text('a'), image('u:2')])],
    ['number of images', user([text('a'), image('u:1')]), user('a')],
    ['place of an image', user([text('a'), image('u:1')]), user([image('u:1'), text('a')])],
    ['image than its URL as text', user([image('u:1')]), user('u:1')],
    ['call', tool('a', 'call_1'), tool('a', 'call_2')],
    ['result', tool('a'), tool('b')],
    ['document', tool([document({ a: 'b' })]), tool([document({ a: 'c' })])],
    ['answer', says('a'), says('b')],
    ['answer beside a call', says('a', call()), says('b', call())],
    ['answer than none beside a call', says('a', call()), says('', call())],
    ['call id', says('a', call()), says('a', call({ id: 'call_2' }))],
    ['tool', says('a', call()), says('a', call({ name: 'write' }))],
    ['number of calls', says('a', call(), call({ id: 'call_2' })), says('a', call())],
    ['order of calls', says('a', call(), call({ id: 'call_2' })), says('a', call({ id: 'call_2' }), call())],
    ['answer that quotes a remark', says('a [Response interrupted by user] b'), says('a')],
    ['answer than what was run of none', says('a'), says("\nCalling tools:\n[{'id': 'call_1'}]")],
    ['answer that goes on behind what was run', says('a'), says("a\nCalling tools:\n[{'id': 'call_1'}] b")],
    ['answer that speaks of tags', says('a <think>b</think>'), says('a')],
    ['answer with an open tag', says('<think>a'), says('a')],
    ['half a character', user('a\ud800'), user('a\ud801')],
  ])('%s', (_, stored, sent) => {
    expect(isSameMessage(stored, sent)).toBe(false);
    expect(isSameMessage(sent, stored)).toBe(false);
  });
});

describe('what a client brought is only the same where all of it is', () => {
  const brought = (message: AssistantMessage): AssistantMessage => ({ ...message, origin: 'client' });
  test.each<[string, AssistantMessage, AssistantMessage, boolean]>([
    ['the text', says('a'), says('a'), true],
    [
      'arguments, but for nulls and spelling',
      says('', call()),
      says('', call({ arguments: '{"path":"a"}' })),
      true,
    ],
    ['a key less', says('', call()), says('', call({ arguments: '{}' })), false],
    ['the reasoning', says([reasoning('hm'), text('a')]), says([reasoning('hm '), text('a')]), true],
    ['other reasoning', says([reasoning('hm'), text('a')]), says([reasoning('h'), text('a')]), false],
    ['no reasoning any more', says([reasoning('hm'), text('a')]), says('a'), false],
  ])('%s', (_, stored, sent, isSame) => {
    expect(isSameMessage(brought(stored), brought(sent))).toBe(isSame);
    // An answer of ours is known by its id and text.
    expect(isSameMessage(stored, brought(sent))).toBe(true);
  });
});

describe('stored by 0.1, which did not say whose it is', () => {
  const old = (id: string, more: Partial<AssistantMessage> = {}): AssistantMessage => ({
    role: 'assistant',
    toolCalls: [call({ id })],
    ...more,
  });
  test.each<[string, AssistantMessage, boolean]>([
    ['an answer with a plan', old('call_1', { toolPlan: 'I read it.' }), true],
    ["an id of Cohere's", old('read_1byjy32y4hvq'), true],
    ['an id that we made', old('call_x-9tQ2pXw7Kd3mZ1vB8nR4'), true],
    [
      'an id of which Cohere has another',
      { ...old('a'), toolCalls: [call({ id: 'a', nativeId: 'a:1' })] },
      true,
    ],
    ['a count', old('call_0'), false],
    ["Kimi's count", old('functions.read:0'), false],
    ['a legacy function', old('function_1'), false],
    ['always the same', old('call_0000000000000000000000'), false],
    ['a word', old('call_of_the_weather_tool'), false],
  ])('%s', (_, stored, isOwn) => {
    expect(isOwnReply(stored)).toBe(isOwn);
    const toolCalls = stored.toolCalls?.map(one => ({ ...one, arguments: '{}' })) ?? [];
    const sent: AssistantMessage = { role: 'assistant', toolCalls };
    expect(isSameMessage(stored, sent)).toBe(isOwn);
  });
});

test.each<[string, Message, boolean]>([
  ['a system message', { role: 'system', content: 'a' }, false],
  ['an answer without anything', says(), false],
  ['an answer of white space', says([text(' '), text('\n')]), false],
  ['nothing but reasoning', says([reasoning('hm')]), false],
  ['nothing but reasoning, as text', says('<think>hm</think>\n'), false],
  ['nothing but the remark', says('\n\n[Response interrupted by user]'), false],
  ['a call', says('', call()), true],
  ['an answer', says('a'), true],
  ['a user who says nothing', user(''), true],
  ['an empty result', tool(''), true],
])('what counts: %s', (_, message, counts) => {
  expect(isCompared(message)).toBe(counts);
});
