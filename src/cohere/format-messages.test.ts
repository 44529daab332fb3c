import { describe, expect, test } from 'vitest';
import type { Message } from '../conversation/message.ts';
import { formatMessagesForCohereChat } from './format-messages.ts';
import { knownModels } from './known-models.ts';
import { messageForm } from './message-form.ts';

const formOf = (model: string) => messageForm(knownModels.get(model));
/** Takes plans and citations, no images. */
const planning = formOf('command-a-03-2025');
/** Takes thinking, citations and images, refuses plans. */
const thinking = formOf('command-a-plus-05-2026');
/** Of which nothing is known. */
const unknown = messageForm(undefined);

const format = (form: typeof planning, ...messages: Message[]) =>
  formatMessagesForCohereChat(messages, { form });

const call = { id: 'c1', name: 'look', arguments: '{"at":"sea"}' };
const cohereCall = { id: 'c1', type: 'function', function: { name: 'look', arguments: '{"at":"sea"}' } };
const thought = { type: 'reasoning', text: 'Hm.' } as const;
const text = (words: string) => ({ type: 'text', text: words }) as const;
const citation = { start: 0, end: 2, text: 'It', sources: [{ type: 'tool', id: 'c1:0' }] };

describe('what each model takes', () => {
  test.each([
    ['command-a-03-2025', { toolPlan: true, thinking: false, citations: true, images: false }],
    ['command-r7b-12-2024', { toolPlan: true, thinking: false, citations: true, images: false }],
    ['command-r-08-2024', { toolPlan: true, thinking: false, citations: true, images: false }],
    ['command-r-plus-08-2024', { toolPlan: true, thinking: false, citations: true, images: false }],
    ['command-a-plus-05-2026', { toolPlan: false, thinking: true, citations: true, images: true }],
    ['command-a-reasoning-08-2025', { toolPlan: false, thinking: true, citations: true, images: false }],
    ['north-mini-code-1-0', { toolPlan: false, thinking: true, citations: false, images: false }],
    ['command-a-vision-07-2025', { toolPlan: false, thinking: false, citations: true, images: true }],
    ['c4ai-aya-expanse-32b', { toolPlan: false, thinking: false, citations: false, images: true }],
    ['somebody-elses-model', { toolPlan: false, thinking: false, citations: false, images: true }],
  ])('%s', (model, form) => {
    expect(formOf(model)).toEqual(form);
  });

  test('the same form is the same object, so that what is made for it can be kept', () => {
    expect(formOf('command-r-08-2024')).toBe(planning);
    expect(formOf('c4ai-aya-expanse-32b')).toBe(unknown);
  });
});

describe('system and user', () => {
  test.each<[string, Message, unknown]>([
    ['a string', { role: 'system', content: 'Be brief.' }, [{ role: 'system', content: 'Be brief.' }]],
    [
      'text parts, without the empty ones',
      { role: 'system', content: [text('a'), text(''), text('b')] },
      [{ role: 'system', content: [text('a'), text('b')] }],
    ],
    ['an empty string', { role: 'system', content: '' }, []],
    ['only empty parts', { role: 'system', content: [text('')] }, []],
    ['no parts', { role: 'system', content: [] }, []],
    ['a string', { role: 'user', content: ' ' }, [{ role: 'user', content: ' ' }]],
    ['an empty string', { role: 'user', content: '' }, []],
    ['only empty parts', { role: 'user', content: [text('')] }, []],
  ])('%s: %j', (_, message, expected) => {
    for (const form of [planning, thinking, unknown]) expect(format(form, message)).toEqual(expected);
  });
});

describe('an image', () => {
  const url = 'https://example.com/a.png';
  const message: Message = {
    role: 'user',
    content: [text(''), { type: 'image', url, detail: 'low' }, { type: 'image', url }, text('What?')],
  };

  test.each([
    ['that sees', thinking],
    ['of which nothing is known', unknown],
  ])('goes to a model %s, its detail kept', (_, form) => {
    expect(format(form, message)).toEqual([
      {
        role: 'user',
        content: [
          { type: 'image_url', image_url: { url, detail: 'low' } },
          { type: 'image_url', image_url: { url } },
          text('What?'),
        ],
      },
    ]);
  });

  test('is a remark for a model that does not see', () => {
    const [sent] = format(planning, message);
    expect(JSON.stringify(sent)).not.toContain('example.com');
    expect(sent?.content).toEqual([
      text(expect.stringMatching(/image was left out/)),
      text(expect.stringMatching(/image was left out/)),
      text('What?'),
    ]);
  });
});

describe('an assistant without calls', () => {
  test.each<[string, Message, Record<'planning' | 'thinking' | 'unknown', unknown>]>([
    [
      'text alone is a string',
      { role: 'assistant', content: [text('Yes.')] },
      { planning: 'Yes.', thinking: 'Yes.', unknown: 'Yes.' },
    ],
    [
      'several texts stay apart',
      { role: 'assistant', content: [text('a'), text('b')] },
      {
        planning: [text('a'), text('b')],
        thinking: [text('a'), text('b')],
        unknown: [text('a'), text('b')],
      },
    ],
    [
      'thinking goes only to those who think',
      { role: 'assistant', content: [thought, text('Yes.')] },
      { planning: 'Yes.', thinking: [{ type: 'thinking', thinking: 'Hm.' }, text('Yes.')], unknown: 'Yes.' },
    ],
    [
      'empty parts go to nobody',
      { role: 'assistant', content: [{ type: 'reasoning', text: '' }, text(''), text('Yes.')] },
      { planning: 'Yes.', thinking: 'Yes.', unknown: 'Yes.' },
    ],
  ])('%s', (_, message, expected) => {
    expect(format(planning, message)).toEqual([{ role: 'assistant', content: expected.planning }]);
    expect(format(thinking, message)).toEqual([{ role: 'assistant', content: expected.thinking }]);
    expect(format(unknown, message)).toEqual([{ role: 'assistant', content: expected.unknown }]);
  });

  test.each<Message>([
    { role: 'assistant' },
    { role: 'assistant', content: '' },
    { role: 'assistant', content: [] },
    { role: 'assistant', content: [text('')] },
    { role: 'assistant', content: [], toolCalls: [] },
    { role: 'assistant', content: [thought] },
  ])('with nothing said it is skipped: %j', message => {
    for (const form of [planning, thinking, unknown]) expect(format(form, message)).toEqual([]);
  });
});

describe('an assistant with calls', () => {
  const said = { role: 'assistant', content: 'I look.', toolCalls: [call] } as const;

  test('text beside calls becomes the plan where the model takes one', () => {
    expect(format(planning, said)).toEqual([
      { role: 'assistant', tool_plan: 'I look.', tool_calls: [cohereCall] },
    ]);
  });

  test.each([
    ['thinking', thinking],
    ['unknown', unknown],
  ])('text beside calls becomes a message of its own before them: %s', (_, form) => {
    expect(format(form, said)).toEqual([
      { role: 'assistant', content: 'I look.' },
      { role: 'assistant', tool_calls: [cohereCall] },
    ]);
  });

  test('plan and texts are joined in their order', () => {
    const message: Message = { ...said, toolPlan: 'First.', content: [text('a'), text(''), text('b')] };
    expect(format(planning, message)).toEqual([
      { role: 'assistant', tool_plan: 'First.\n\na\n\nb', tool_calls: [cohereCall] },
    ]);
    expect(format(thinking, message)).toEqual([
      { role: 'assistant', content: 'First.\n\na\n\nb' },
      { role: 'assistant', tool_calls: [cohereCall] },
    ]);
  });

  test('thinking stays with its calls, and never with their text', () => {
    const message: Message = { role: 'assistant', content: [thought, text('I look.')], toolCalls: [call] };
    const block = { type: 'thinking', thinking: 'Hm.' };
    expect(format(thinking, message)).toEqual([
      { role: 'assistant', content: 'I look.' },
      { role: 'assistant', content: [block], tool_calls: [cohereCall] },
    ]);
    expect(format(planning, message)).toEqual([
      { role: 'assistant', tool_plan: 'I look.', tool_calls: [cohereCall] },
    ]);
  });

  test('calls alone have neither content nor plan', () => {
    const bare = [{ role: 'assistant', tool_calls: [cohereCall] }];
    for (const form of [planning, thinking, unknown]) {
      expect(format(form, { role: 'assistant', toolCalls: [call] })).toEqual(bare);
      expect(format(form, { role: 'assistant', content: '', toolCalls: [call] })).toEqual(bare);
    }
  });

  test.each([
    ['{"a": 1 }', '{"a": 1 }'],
    ['{}', '{}'],
    [' {"a":[]}\n', ' {"a":[]}\n'],
    ['', '{}'],
    ['null', '{}'],
    ['[]', '{}'],
    ['"{}"', '{}'],
    ['1', '{}'],
    ['{"a":', '{}'],
    ['{"a":1}x', '{}'],
  ])('arguments %j become %j', (written, sent) => {
    const [message] = format(planning, { role: 'assistant', toolCalls: [{ ...call, arguments: written }] });
    expect(message).toMatchObject({ tool_calls: [{ function: { arguments: sent } }] });
  });

  test("names and ids are Cohere's, in calls and in results", () => {
    const messages: Message[] = [
      { role: 'assistant', toolCalls: [{ ...call, name: 'mcp--look' }] },
      { role: 'tool', toolCallId: 'c1', content: 'sea' },
    ];
    const options = {
      form: planning,
      toolName: (name: string) => name.replaceAll('-', '_'),
      callId: (id: string) => `native ${id}`,
    };
    expect(formatMessagesForCohereChat(messages, options)).toEqual([
      {
        role: 'assistant',
        tool_calls: [
          {
            id: 'native c1',
            type: 'function',
            function: { name: 'mcp__look', arguments: '{"at":"sea"}' },
          },
        ],
      },
      { role: 'tool', tool_call_id: 'native c1', content: 'sea' },
    ]);
  });
});

describe('citations', () => {
  const cited = (content: Extract<Message, { role: 'assistant' }>['content']): Message => ({
    role: 'assistant',
    ...(content === undefined ? {} : { content }),
    citations: [{ ...citation, contentIndex: 1, type: 'TEXT_CONTENT' }],
  });

  test('go back as they came', () => {
    const sent = { ...citation, content_index: 1, type: 'TEXT_CONTENT' };
    expect(format(planning, cited('It is.'))).toEqual([
      { role: 'assistant', content: 'It is.', citations: [sent] },
    ]);
    expect(format(thinking, cited([thought, text('It is.')]))).toMatchObject([{ citations: [sent] }]);
  });

  test('without an index or a type have none', () => {
    const message: Message = { role: 'assistant', content: 'It is.', citations: [citation] };
    expect(format(planning, message)).toEqual([
      { role: 'assistant', content: 'It is.', citations: [citation] },
    ]);
  });

  test.each([
    ['thinking for a model that does not think', planning, [thought, text('It is.')]],
    ['an empty text', planning, [text(''), text('It is.')]],
    ['an empty thought', thinking, [{ type: 'reasoning' as const, text: '' }, text('It is.')]],
  ])('are dropped where a block is left out, since their numbers would lie: %s', (_, form, content) => {
    expect(format(form, cited(content))[0]).not.toHaveProperty('citations');
  });

  test('go only to models that know them, and never beside calls', () => {
    expect(format(unknown, cited('It is.'))).toEqual([{ role: 'assistant', content: 'It is.' }]);
    const called: Message = { role: 'assistant', content: 'It', toolCalls: [call], citations: [citation] };
    for (const form of [planning, thinking]) {
      for (const message of format(form, called)) expect(message).not.toHaveProperty('citations');
    }
  });
});

describe('tool results', () => {
  test.each<[string, Extract<Message, { role: 'tool' }>['content'], unknown]>([
    ['a string', 'sea', 'sea'],
    ['white space', ' ', ' '],
    ['an empty string', '', '(empty)'],
    ['no parts', [], '(empty)'],
    ['only empty parts', [text('')], '(empty)'],
    ['texts', [text('a'), text(''), text('b')], [text('a'), text('b')]],
    [
      'documents',
      [
        { type: 'document', data: { depth: 3 }, id: 'd' },
        { type: 'document', data: 'deep' },
      ],
      [
        { type: 'document', document: { data: { depth: 3 }, id: 'd' } },
        { type: 'document', document: { data: 'deep' } },
      ],
    ],
  ])('%s', (_, content, sent) => {
    expect(format(planning, { role: 'tool', toolCallId: 'c1', content })).toEqual([
      { role: 'tool', tool_call_id: 'c1', content: sent },
    ]);
  });
});
