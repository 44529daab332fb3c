import { describe, expect, test } from 'vitest';
import { clientRequests, demandReference } from '../../test/support/reference.ts';
import { readMessages } from './read-messages.ts';
import { writeCarried } from './write-message.ts';

const carrier = 'cohere-proxy.AbC_-9';
const ours = { type: 'reasoning.encrypted', data: carrier };
const text = (words: string) => ({ type: 'reasoning.text', text: words, signature: 'SIG', index: 0 });
const summary = (words: string) => ({ type: 'reasoning.summary', summary: words });

const read = (fields: object) => readMessages([{ role: 'assistant', content: 'Hi', ...fields }])[0];
const thought = (words: string) => ({
  role: 'assistant',
  content: [
    { type: 'reasoning', text: words },
    { type: 'text', text: 'Hi' },
  ],
});
const plain = { role: 'assistant', content: 'Hi' };

describe('our own entry', () => {
  test.each<[string, unknown[]]>([
    ['as we wrote it', writeCarried(carrier)],
    ['with less', [ours]],
    ['among others', [text('a'), { type: 'reasoning.encrypted', data: 'OPAQUE' }, ours, null, 7]],
    ['the last of two', [{ ...ours, data: 'cohere-proxy.older' }, ours]],
  ])('is kept: %s', (_, reasoning_details) => {
    expect(read({ reasoning_details })).toMatchObject({ carried: carrier });
  });

  test('stands beside what the client says itself', () => {
    const call = { id: 'c1', type: 'function', function: { name: 'look', arguments: '{}' } };
    expect(
      read({ content: '', tool_calls: [call], reasoning_content: 'Hm.', reasoning_details: [ours] }),
    ).toEqual({
      role: 'assistant',
      content: [{ type: 'reasoning', text: 'Hm.' }],
      toolCalls: [{ id: 'c1', name: 'look', arguments: '{}' }],
      carried: carrier,
    });
  });

  test.each([
    ['of another type', { type: 'reasoning.text', data: carrier }],
    ['of no type', { data: carrier }],
    ["another server's", { type: 'reasoning.encrypted', data: 'gAAAAABo' }],
    ['with something before it', { type: 'reasoning.encrypted', data: ` ${carrier}` }],
    ['no text', { type: 'reasoning.encrypted', data: { carrier } }],
    ['without data', { type: 'reasoning.encrypted' }],
  ])('is not: %s', (_, detail) => {
    expect(read({ reasoning_details: [detail] })).toEqual(plain);
  });

  test('is nothing that others than assistants bring', () => {
    const others = [
      { role: 'user', content: 'Hi', reasoning_details: [ours] },
      { role: 'system', content: 'Hi', reasoning_details: [ours] },
      { role: 'tool', tool_call_id: 'c', content: 'Hi', reasoning_details: [ours] },
    ];
    for (const message of readMessages(others)) expect(message).not.toHaveProperty('carried');
  });
});

describe('readable entries', () => {
  test.each<[string, object, object]>([
    ['are reasoning', { reasoning_details: [text('a'), summary('b'), text('c')] }, thought('abc')],
    [
      'are not read where reasoning_content is',
      { reasoning_content: 'Hm.', reasoning_details: [text('a')] },
      thought('Hm.'),
    ],
    ['nor where reasoning is', { reasoning: 'Hm.', reasoning_details: [text('a')] }, thought('Hm.')],
    [
      'are read where those are empty or no text',
      { reasoning_content: null, reasoning: { effort: 'low' }, reasoning_details: [text('a')] },
      thought('a'),
    ],
    [
      'without their text are nothing',
      { reasoning_details: [{ type: 'reasoning.text', text: null }, summary('')] },
      plain,
    ],
  ])('%s', (_, fields, expected) => {
    expect(read(fields)).toEqual(expected);
  });
});

test.each([null, 'text', 7, true, {}, { type: 'reasoning.text', text: 'a' }, [], [null], [[ours]], ['a', 1]])(
  'no shape is an error: %j',
  reasoning_details => {
    expect(read({ reasoning_details })).toEqual(plain);
  },
);

describe('what Roo Code brings back', () => {
  demandReference("clients' reasoning details");
  const recorded = clientRequests()
    .filter(({ name }) => name.includes('reasoning-details'))
    .at(-1);

  test.runIf(recorded)('of what was streamed to it is what we wrote', () => {
    const messages = recorded?.body?.messages as readonly Readonly<Record<string, unknown>>[];
    const index = messages.findIndex(message => message.reasoning_details);
    const details = messages[index]?.reasoning_details as readonly object[];
    expect(readMessages(messages)[index]).toMatchObject({
      content: [{ type: 'reasoning', text: 'I think therefore.' }],
    });
    expect(readMessages(messages)[index]).not.toHaveProperty('carried');

    const [written] = writeCarried(carrier);
    const opaque = details.find(detail => 'data' in detail);
    expect(Object.keys(written ?? {}).sort()).toEqual(Object.keys(opaque ?? {}).sort());
    expect(opaque).toMatchObject({ type: written?.type, format: written?.format });
    const brought = messages.with(index, {
      ...messages[index],
      reasoning_details: [{ ...opaque, ...written }],
    });
    expect(readMessages(brought)[index]).toMatchObject({ carried: carrier });
  });
});
