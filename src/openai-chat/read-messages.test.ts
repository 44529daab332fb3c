import { describe, expect, test } from 'vitest';
import { ProxyError } from '../conversation/errors.ts';
import { readMessages } from './read-messages.ts';

const one = (message: object) => readMessages([message])[0];
const text = (words: string) => ({ type: 'text', text: words });
const image = 'https://example.com/a.png';
const call = { id: 'c1', type: 'function', function: { name: 'look', arguments: '{"a": 1}' } };
const ourCall = { id: 'c1', name: 'look', arguments: '{"a": 1}' };

test.each<[string, object, object]>([
  ['system', { role: 'system', content: 'Be brief.' }, { role: 'system', content: 'Be brief.' }],
  ['developer', { role: 'developer', content: 'Be brief.' }, { role: 'system', content: 'Be brief.' }],
  [
    'system parts, without cache_control',
    { role: 'system', content: [{ ...text('a'), cache_control: { type: 'ephemeral' } }], name: 'n' },
    { role: 'system', content: [text('a')] },
  ],
  ['system without content', { role: 'system', content: null }, { role: 'system', content: '' }],
  ['user', { role: 'user', content: 'Hello', name: 'ada' }, { role: 'user', content: 'Hello' }],
  ['user without content', { role: 'user' }, { role: 'user', content: '' }],
  [
    'user parts',
    { role: 'user', content: [text(''), { type: 'image_url', image_url: { url: image, detail: 'high' } }] },
    { role: 'user', content: [text(''), { type: 'image', url: image, detail: 'high' }] },
  ],
  [
    'an image as a bare URL, a detail that is none',
    {
      role: 'user',
      content: [
        { type: 'image_url', image_url: image },
        { type: 'image_url', image_url: { url: 'data:image/PNG;base64,AA==', detail: 'huge' } },
      ],
    },
    {
      role: 'user',
      content: [
        { type: 'image', url: image },
        { type: 'image', url: 'data:image/PNG;base64,AA==' },
      ],
    },
  ],
  [
    'assistant, with what OpenAI adds',
    { role: 'assistant', content: 'Hi', refusal: null, audio: null, annotations: [], function_call: null },
    { role: 'assistant', content: 'Hi' },
  ],
  ['assistant without content', { role: 'assistant', content: null }, { role: 'assistant' }],
  ['assistant with empty content', { role: 'assistant', content: '', tool_calls: [] }, { role: 'assistant' }],
  [
    'assistant parts, also with the keys of a whole message in them',
    {
      role: 'assistant',
      content: [
        { ...text('a'), annotations: [], id: 'x' },
        { type: 'refusal', refusal: 'No.' },
      ],
    },
    { role: 'assistant', content: [text('a'), text('No.')] },
  ],
  [
    'assistant with one part',
    { role: 'assistant', content: [text('a')] },
    { role: 'assistant', content: 'a' },
  ],
  [
    'reasoning_content',
    { role: 'assistant', content: 'Hi', reasoning_content: 'Hm.', reasoning: 'other' },
    { role: 'assistant', content: [{ type: 'reasoning', text: 'Hm.' }, text('Hi')] },
  ],
  [
    'reasoning',
    { role: 'assistant', content: null, reasoning: 'Hm.' },
    { role: 'assistant', content: [{ type: 'reasoning', text: 'Hm.' }] },
  ],
  [
    'reasoning of another kind',
    { role: 'assistant', content: 'Hi', reasoning_content: '', reasoning: { effort: 'low' } },
    { role: 'assistant', content: 'Hi' },
  ],
  [
    'text and calls',
    { role: 'assistant', content: 'I look.', tool_calls: [call] },
    { role: 'assistant', content: 'I look.', toolCalls: [ourCall] },
  ],
  [
    'a call without a type, its arguments as an object, or none',
    {
      role: 'assistant',
      content: '',
      tool_calls: [
        { id: 'c1', function: { name: 'look', arguments: { a: 1 } }, index: 0 },
        { id: 'c2', function: { name: 'look' } },
        { id: 'c3', function: { name: 'look', arguments: 'not JSON' } },
      ],
    },
    {
      role: 'assistant',
      toolCalls: [
        { id: 'c1', name: 'look', arguments: '{"a":1}' },
        { id: 'c2', name: 'look', arguments: '{}' },
        { id: 'c3', name: 'look', arguments: 'not JSON' },
      ],
    },
  ],
  [
    'a tool result',
    { role: 'tool', tool_call_id: 'c1', content: 'sea', name: 'look' },
    { role: 'tool', toolCallId: 'c1', content: 'sea' },
  ],
  [
    'a tool result without content',
    { role: 'tool', tool_call_id: 'c1', content: null },
    { role: 'tool', toolCallId: 'c1', content: '' },
  ],
  [
    "a tool result in parts, with Cohere's documents",
    {
      role: 'tool',
      tool_call_id: 'c1',
      content: [
        text('a'),
        { type: 'document', document: { data: { b: 1 }, id: 'd', more: 1 } },
        { type: 'document', document: { data: 'c' } },
      ],
    },
    {
      role: 'tool',
      toolCallId: 'c1',
      content: [text('a'), { type: 'document', data: { b: 1 }, id: 'd' }, { type: 'document', data: 'c' }],
    },
  ],
])('%s', (_, message, expected) => {
  expect(one(message)).toEqual(expected);
});

describe('legacy function calls', () => {
  test('results are tied to their calls by position', () => {
    const calling = (name: string) => ({
      role: 'assistant',
      content: null,
      function_call: { name, arguments: '{}' },
    });
    const answer = (content: string) => ({ role: 'function', name: 'f', content });
    expect(readMessages([calling('f'), answer('1'), calling('g'), answer('2')])).toEqual([
      { role: 'assistant', toolCalls: [{ id: 'function_1', name: 'f', arguments: '{}' }] },
      { role: 'tool', toolCallId: 'function_1', content: '1' },
      { role: 'assistant', toolCalls: [{ id: 'function_2', name: 'g', arguments: '{}' }] },
      { role: 'tool', toolCallId: 'function_2', content: '2' },
    ]);
  });
});

describe('what is refused, with its exact path', () => {
  test.each<[unknown, string, string]>([
    ['Hello', 'invalid_type', ''],
    [null, 'invalid_type', ''],
    [[], 'invalid_type', ''],
    [{}, 'invalid_value', '.role'],
    [{ role: 'model', content: '' }, 'invalid_value', '.role'],
    [{ role: 'user', content: 7 }, 'invalid_type', '.content'],
    [{ role: 'user', content: {} }, 'invalid_type', '.content'],
    [{ role: 'user', content: ['a'] }, 'invalid_type', '.content[0]'],
    [{ role: 'user', content: [text('a'), { type: 'text' }] }, 'invalid_type', '.content[1].text'],
    [{ role: 'user', content: [{ type: 'input_audio' }] }, 'unsupported_value', '.content[0].type'],
    [{ role: 'user', content: [{ type: 'file', file: {} }] }, 'unsupported_value', '.content[0].type'],
    [{ role: 'user', content: [{}] }, 'unsupported_value', '.content[0].type'],
    [{ role: 'user', content: [{ type: 'image_url' }] }, 'invalid_type', '.content[0].image_url'],
    [
      { role: 'user', content: [{ type: 'image_url', image_url: {} }] },
      'invalid_type',
      '.content[0].image_url.url',
    ],
    ...[
      '',
      'file:///etc/passwd',
      'javascript:1',
      'data:text/html;base64,AA==',
      'data:image/svg+xml;base64,AA==',
    ].map((url): [unknown, string, string] => [
      { role: 'user', content: [{ type: 'image_url', image_url: { url } }] },
      'invalid_value',
      '.content[0].image_url.url',
    ]),
    [{ role: 'system', content: [{ type: 'image_url' }] }, 'unsupported_value', '.content[0].type'],
    [{ role: 'assistant', content: [{ type: 'image_url' }] }, 'unsupported_value', '.content[0].type'],
    [{ role: 'assistant', content: 7 }, 'invalid_type', '.content'],
    [{ role: 'assistant', content: '', tool_calls: {} }, 'invalid_type', '.tool_calls'],
    [{ role: 'assistant', content: '', tool_calls: [7] }, 'invalid_type', '.tool_calls[0]'],
    [
      { role: 'assistant', tool_calls: [{ ...call, type: 'custom' }] },
      'unsupported_value',
      '.tool_calls[0].type',
    ],
    [{ role: 'assistant', tool_calls: [{ ...call, id: 7 }] }, 'invalid_type', '.tool_calls[0].id'],
    [{ role: 'assistant', tool_calls: [call, { id: 'c' }] }, 'invalid_type', '.tool_calls[1].function'],
    [
      { role: 'assistant', tool_calls: [{ id: 'c', function: {} }] },
      'invalid_type',
      '.tool_calls[0].function.name',
    ],
    [{ role: 'tool', content: '' }, 'invalid_type', '.tool_call_id'],
    [
      { role: 'tool', tool_call_id: 'c', content: [{ type: 'image_url' }] },
      'unsupported_value',
      '.content[0].type',
    ],
    [
      { role: 'tool', tool_call_id: 'c', content: [{ type: 'document', document: { data: 7 } }] },
      'invalid_type',
      '.content[0].document.data',
    ],
  ])('%j', (message, code, path) => {
    const read = () => readMessages([{ role: 'user', content: 'Hello' }, message]);
    expect(read).toThrow(ProxyError);
    expect(read).toThrow(expect.objectContaining({ code, param: `messages[1]${path}`, status: 400 }));
  });
});
