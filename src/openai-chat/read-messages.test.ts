import { describe, expect, test } from 'vitest';
import { AdjustmentNotes } from '../conversation/adjustments.ts';
import { ProxyError } from '../conversation/errors.ts';
import { readMessages } from './read-messages.ts';

const one = (message: object) => readMessages([message])[0];
const text = (words: string) => ({ type: 'text', text: words });
const image = 'https://example.com/a.png';
/** As headers tell them: each once. */
const each = ({ dropped, clamped, rewritten }: AdjustmentNotes) => ({
  dropped: [...new Set(dropped)],
  clamped,
  rewritten: [...new Set(rewritten)],
});
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

describe('what the user says now and the model cannot have is refused, with its exact path', () => {
  test.each<[unknown, string, string]>([
    ['Hello', 'invalid_type', ''],
    [null, 'invalid_type', ''],
    [[], 'invalid_type', ''],
    [{}, 'invalid_value', '.role'],
    [{ role: 'model', content: '' }, 'invalid_value', '.role'],
    [{ role: 'user', content: 7 }, 'invalid_type', '.content'],
    [{ role: 'user', content: {} }, 'invalid_type', '.content'],
    [{ role: 'user', content: [{ type: 'input_audio' }] }, 'unsupported_value', '.content[0].type'],
    [{ role: 'user', content: [{ type: 'file', file: {} }] }, 'unsupported_value', '.content[0].type'],
    [{ role: 'user', content: [{ type: 'video_url' }] }, 'unsupported_value', '.content[0].type'],
    [{ role: 'user', content: [{}] }, 'unsupported_value', '.content[0].type'],
    [{ role: 'user', content: [{ type: 'image_url' }] }, 'invalid_type', '.content[0].image_url'],
    ...['', 'file:///etc/passwd', 'javascript:1', 'data:text/html;base64,AA=='].map(
      (url): [unknown, string, string] => [
        { role: 'user', content: [{ type: 'image_url', image_url: { url } }] },
        'invalid_value',
        '.content[0].image_url.url',
      ],
    ),
  ])('%j', (message, code, path) => {
    const read = (...more: object[]) => readMessages([{ role: 'user', content: 'Hello' }, message, ...more]);
    expect(read).toThrow(ProxyError);
    expect(read).toThrow(expect.objectContaining({ code, param: `messages[1]${path}`, status: 400 }));
    // Once something else is asked, a remark stands in its place.
    if (path.startsWith('.content')) expect(() => read({ role: 'user', content: 'Go on.' })).not.toThrow();
  });
});

describe('what a client holds in another form is mended, and named', () => {
  const png = 'data:image/png;base64,iVBORw0KGgoA';
  const shown = { type: 'image', url: png };
  const leftOut = (what: string) => text(`[${what} was left out here.]`);
  const svg = 'data:image/svg+xml;base64,AAAA';

  type Row = [
    what: string,
    content: unknown,
    expected: unknown,
    rewritten?: string[] | undefined,
    dropped?: string[] | undefined,
  ];
  const rows: Row[] = [
    ['plain strings', ['a', text('b')], [text('a'), text('b')], ['[0]']],
    ['input_text', [{ type: 'input_text', text: 'a' }], [text('a')], ['[0]']],
    ['output_text', [{ type: 'output_text', text: 'a', annotations: [] }], [text('a')], ['[0]']],
    ['text under content', [{ type: 'text', content: 'a' }], [text('a')], ['[0]']],
    ['a text that is null', [text('a'), { type: 'text', text: null }], [text('a')], [], ['[1]']],
    ['a part that is null', [null, text('a')], [text('a')], [], ['[0]']],
    ['no part', [], []],
    ['cache_control', [{ ...text('a'), cache_control: { type: 'ephemeral' } }], [text('a')]],
    ['a part that is no list', { type: 'text', text: 'a' }, [text('a')], ['']],
  ];
  const images: Row[] = [
    ['image_url', [{ type: 'image_url', image_url: { url: png } }], [shown]],
    ['image_url, bare', [{ type: 'image_url', image_url: png }], [shown]],
    ['input_image', [{ type: 'input_image', image_url: png }], [shown], ['[0]']],
    ['input_image, nested', [{ type: 'input_image', image_url: { url: png } }], [shown], ['[0]']],
    [
      'base64 as Anthropic has it',
      [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgoA' } }],
      [shown],
      ['[0]'],
    ],
    ['a URL as Anthropic has it', [{ type: 'image', source: { type: 'url', url: png } }], [shown], ['[0]']],
    ['as MCP has it', [{ type: 'image', data: 'iVBORw0KGgoA', mimeType: 'image/png' }], [shown], ['[0]']],
    ['base64 alone', [{ type: 'image', image: 'iVBORw0KGgoA' }], [shown], ['[0]']],
    ['as a file', [{ type: 'file', file: { file_data: png, filename: 'a.png' } }], [shown], ['[0]']],
    ['SVG', [{ type: 'image_url', image_url: { url: svg } }], [{ type: 'image', url: svg }], [], ['[0]']],
  ];
  const unfit: Row[] = [
    ['a file', [{ type: 'file', file: { file_id: 'f' } }], [leftOut("A part of type 'file'")], [], ['[0]']],
    ['audio', [{ type: 'input_audio' }], [leftOut("A part of type 'input_audio'")], [], ['[0]']],
    ['an image without one', [{ type: 'image_url' }], [leftOut("A part of type 'image_url'")], [], ['[0]']],
  ];
  const check = (message: object, place: number, rewritten: string[] = [], dropped: string[] = []) => {
    const notes = new AdjustmentNotes();
    const asked = [{ role: 'user', content: 'Hello' }, message, { role: 'user', content: 'Go on.' }];
    const read = readMessages(asked, notes)[place];
    const named = (paths: string[]) => paths.map(path => `messages[1].content${path}`);
    expect(each(notes)).toEqual({ dropped: named(dropped), clamped: [], rewritten: named(rewritten) });
    return read;
  };

  test.each([...rows, ...images, ...unfit])('user: %s', (_, content, expected, rewritten, dropped) => {
    expect(check({ role: 'user', content }, 1, rewritten, dropped)).toEqual({
      role: 'user',
      content: expected,
    });
  });

  test.each([
    ...rows,
    ...images.map(
      ([what, content, expected, , dropped]): Row =>
        // Every image of a tool is moved.
        [what, content, expected, dropped ? [] : ['[0]'], dropped],
    ),
    ...unfit,
    ['an object', { a: 1 }, [text('{"a":1}')], ['']],
    ['a number', 7, [text('7')], ['']],
    ['a part without a type', [{ a: [1] }], [text('{"a":[1]}')], ['[0]']],
    [
      'an unknown part',
      [{ type: 'resource', uri: 'x:y' }],
      [text('{"type":"resource","uri":"x:y"}')],
      ['[0]'],
    ],
    ['a list in the list', [[1, 2]], [text('[1,2]')], ['[0]']],
    ['thinking', [{ type: 'thinking', thinking: 'Hm.' }], [text('Hm.')], ['[0]']],
    [
      'a document that is none',
      [{ type: 'document', document: { data: 7 } }],
      [text('{"type":"document","document":{"data":7}}')],
      ['[0]'],
    ],
  ] as Row[])('tool: %s', (_, content, expected, rewritten, dropped) => {
    const message = check({ role: 'tool', tool_call_id: 'c', content }, 1, rewritten, dropped);
    expect(message).toEqual({ role: 'tool', toolCallId: 'c', content: expected });
  });

  test.each([...rows, ...unfit])('system: %s', (_, content, expected, rewritten, dropped) => {
    expect(check({ role: 'system', content }, 1, rewritten, dropped)).toEqual({
      role: 'system',
      content: expected,
    });
  });

  const thought = { type: 'reasoning', text: 'Hm.' };
  test.each<Row>([
    [
      'thinking',
      [{ type: 'thinking', thinking: 'Hm.', signature: 's' }, text('a')],
      [thought, text('a')],
      ['[0]'],
    ],
    ['reasoning', [{ type: 'reasoning', text: 'Hm.' }, text('a')], [thought, text('a')], ['[0]']],
    [
      'a summary',
      [{ type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hm.' }] }],
      [thought],
      ['[0]'],
    ],
    ['what is redacted', [{ type: 'redacted_thinking', data: 'x' }, text('a')], 'a', [], ['[0]']],
    ['output_text', [{ type: 'output_text', text: 'a', annotations: [] }], 'a', ['[0]']],
    ['input_text', [{ type: 'input_text', text: 'a' }], 'a', ['[0]']],
    ['a plain string', ['a'], 'a', ['[0]']],
    ['a refusal', [{ type: 'refusal', refusal: 'No.' }], 'No.'],
    [
      'an image',
      [{ type: 'image_url', image_url: { url: png } }],
      '[An image was left out here.]',
      [],
      ['[0]'],
    ],
    ['an unknown part', [text('a'), { type: 'canvas', id: 1 }], 'a', [], ['[1]']],
    ['audio', [text('a'), { type: 'audio', id: 1 }], 'a', [], ['[1]']],
    ['a number', 7, '7', ['']],
  ])('assistant: %s', (_, content, expected, rewritten, dropped) => {
    const message = check({ role: 'assistant', content }, 1, rewritten, dropped);
    expect(message).toEqual({ role: 'assistant', content: expected });
  });

  test('reasoning that stands twice is said once', () => {
    const content = [{ type: 'thinking', thinking: 'Hm.' }, text('a')];
    const message = check({ role: 'assistant', reasoning_content: 'Hm.', content }, 1, ['[0]']);
    expect(message).toEqual({ role: 'assistant', content: [thought, text('a')] });
  });
});

describe('calls', () => {
  const read = (...messages: object[]) => {
    const notes = new AdjustmentNotes();
    return { read: readMessages(messages, notes), ...each(notes) };
  };
  const made = (n: number, name = 'look') => ({ id: `unnamed_${n}`, name, arguments: '{}' });
  const unnamed = { id: '', type: 'function', function: { name: 'look', arguments: '{}' } };

  test('without ids get some, and their results the same, in their order', () => {
    const messages = [
      { role: 'assistant', content: '', tool_calls: [unnamed, { ...unnamed, id: null }] },
      { role: 'tool', tool_call_id: '', content: 'one' },
      { role: 'tool', content: 'two' },
    ];
    expect(read(...messages)).toEqual({
      read: [
        { role: 'assistant', toolCalls: [made(1), made(2)] },
        { role: 'tool', toolCallId: 'unnamed_1', content: 'one' },
        { role: 'tool', toolCallId: 'unnamed_2', content: 'two' },
      ],
      dropped: [],
      clamped: [],
      rewritten: [
        'messages[0].tool_calls[0].id',
        'messages[0].tool_calls[1].id',
        'messages[1].tool_call_id',
        'messages[2].tool_call_id',
      ],
    });
  });

  test('a result without an id is that of the next open call', () => {
    const calls = [call, { ...call, id: 'c2' }];
    const answers = [
      { role: 'tool', tool_call_id: 'c2', content: 'two' },
      { role: 'tool', tool_call_id: null, content: 'one' },
      { role: 'tool', content: 'nobody asked' },
    ];
    const ids = read({ role: 'assistant', tool_calls: calls }, ...answers).read.map(message =>
      message.role === 'tool' ? message.toolCallId : '-',
    );
    expect(ids).toEqual(['-', 'c2', 'c1', '']);
  });

  test.each<[object, object[], string[], string[]]>([
    [{ tool_calls: {} }, [], ['.tool_calls'], ['.tool_calls[0]']],
    [{ tool_calls: [7] }, [], [], ['.tool_calls[0]']],
    [{ tool_calls: 'none' }, [], [], ['.tool_calls']],
    [{ tool_calls: [{ id: 'c', function: {} }] }, [], [], ['.tool_calls[0]']],
    [{ tool_calls: [call, { id: 'c', function: { name: ' ' } }] }, [ourCall], [], ['.tool_calls[1]']],
    [{ tool_calls: [{ ...call, id: 7 }] }, [{ ...ourCall, id: '7' }], [], []],
    [
      { tool_calls: [{ id: 'c1', type: 'custom', custom: { name: 'look', input: 'a' } }] },
      [{ id: 'c1', name: 'look', arguments: '{"input":"a"}' }],
      ['.tool_calls[0]'],
      [],
    ],
    [
      { tool_calls: [{ type: 'function_call', call_id: 'c1', name: 'look', arguments: '{}' }] },
      [{ id: 'c1', name: 'look', arguments: '{}' }],
      ['.tool_calls[0]'],
      [],
    ],
    [
      { content: [{ type: 'tool_use', id: 'c1', name: 'look', input: { a: 1 } }] },
      [{ id: 'c1', name: 'look', arguments: '{"a":1}' }],
      ['.content[0]'],
      [],
    ],
    [
      { content: [{ type: 'tool_use', id: 'c1', name: 'look', input: { a: 1 } }], tool_calls: [call] },
      [ourCall],
      ['.content[0]'],
      [],
    ],
    [{ tool_calls: [call], function_call: { name: 'look', arguments: '{}' } }, [ourCall], [], []],
    [{ tool_calls: null, function_call: null }, [], [], []],
    [{ tool_calls: [], function_call: {} }, [], [], ['.function_call']],
  ])('%j', (message, toolCalls, rewritten, dropped) => {
    const path = (end: string) => `messages[0]${end}`;
    expect(read({ role: 'assistant', ...message })).toEqual({
      read: [{ role: 'assistant', ...(toolCalls.length > 0 ? { toolCalls } : {}) }],
      dropped: dropped.map(path),
      clamped: [],
      rewritten: rewritten.map(path),
    });
  });
});
