// The figures of the documented layout, each seen as a difference between two prompts.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CohereMessage, CohereTool, CohereToolCall } from '../../src/cohere/wire.ts';
import { cmd3Message } from '../../src/tokens/cmd3-message.ts';
import type { PromptOptions } from '../../src/tokens/count-overhead.ts';
import { countPrompt } from '../../src/tokens/count-prompt.ts';
import { familyOf } from '../../src/tokens/families.ts';
import { demandVocabulary, exactCount } from './vocabulary.ts';

const canCount = demandVocabulary('Prompt layouts');

const r7b = 'command-r7b-12-2024';
const commandA = 'command-a-03-2025';
const reasoning = 'command-a-reasoning-08-2025';

const user: CohereMessage = { role: 'user', content: 'x' };
const tool: CohereTool = {
  type: 'function',
  function: { name: 'a', description: 'd', parameters: { type: 'object', properties: {} } },
};
const uncited = { citation_options: { mode: 'OFF' } };

function tokens(
  model: string,
  options: PromptOptions = {},
  messages: readonly CohereMessage[] = [user],
): number {
  return countPrompt(options, messages, familyOf(model), exactCount).tokens;
}

describe.runIf(canCount)('the family cmd3', () => {
  const added = (model: string, options: PromptOptions, messages?: readonly CohereMessage[]) =>
    tokens(model, options, messages) - tokens(model);
  const of = (message: CohereMessage, model = commandA) => tokens(model, {}, [user, message]) - tokens(model);
  const call = (id: string): CohereToolCall => ({
    id,
    type: 'function',
    function: { name: 'a', arguments: '{}' },
  });
  const result = (id: string): CohereMessage => ({ role: 'tool', tool_call_id: id, content: 'x' });

  it('has 495 tokens around one message', () => {
    for (const model of [r7b, commandA, 'command-a-vision-07-2025']) expect(tokens(model) - 1).toBe(495);
    expect(tokens(reasoning) - 1).toBe(611 + 775);
    expect(tokens(reasoning, uncited) - 1).toBe(611 + 775 - 184);
    expect(tokens(reasoning, { thinking: { type: 'disabled' } }) - 1).toBe(495);
  });

  it('weighs turns', () => {
    expect(of(user)).toBe(3 + 1);
    expect(of({ role: 'assistant', content: 'x' })).toBe(5 + 1);
    expect(of({ role: 'system', content: 'x' })).toBe(3 + 1);
    const thought: CohereMessage = {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'x' },
        { type: 'text', text: 'x' },
      ],
    };
    expect(of(thought, reasoning)).toBe(7 + 2);
    expect(of({ role: 'assistant', content: '' })).toBe(0);
  });

  it('weighs the developer’s text', () => {
    expect(added(commandA, {}, [{ role: 'system', content: 'x' }, user])).toBe(34 + 1);
  });

  it('weighs tools', () => {
    const two = { tools: [tool, tool] };
    expect(added(commandA, { tools: [tool] })).toBe(907);
    expect(added(r7b, { tools: [tool] })).toBe(912);
    expect(tokens(reasoning, { tools: [tool] }) - 1 - 611).toBe(801);
    expect(added(commandA, { tools: [tool], ...uncited })).toBe(907 - 184);
    expect(added(commandA, two) - 907).toBe(27);
    expect(added(r7b, two) - 912).toBe(32);
    expect(added(commandA, { tools: [tool], tool_choice: 'REQUIRED' })).toBe(907 + 18);
    expect(added(commandA, { tools: [tool], tool_choice: 'NONE' })).toBe(907 + 1);
  });

  it('weighs calls and results', () => {
    const one: CohereMessage = { role: 'assistant', tool_calls: [call('0')] };
    expect(of(one)).toBe(32);
    expect(of({ role: 'assistant', tool_calls: [call('0'), call('1')] })).toBe(56);
    expect(of({ ...one, tool_plan: 'x' })).toBe(32 + 2 + 1);
    expect(of(result('0'))).toBe(47);
    expect(tokens(commandA, {}, [user, result('0'), result('1')]) - tokens(commandA)).toBe(86);
    const documents: CohereMessage = {
      role: 'tool',
      tool_call_id: '0',
      content: [
        { type: 'text', text: 'x' },
        { type: 'document', document: { data: 'x' } },
      ],
    };
    expect(of(documents)).toBe(57);
  });

  it('counts one more for each further digit of a call’s number', () => {
    const step = (id: number): CohereMessage[] => [
      { role: 'assistant', tool_calls: [call(String(id))] },
      result(String(id)),
    ];
    const steps = (count: number) =>
      tokens(commandA, {}, [user, ...Array.from({ length: count }, (_, id) => step(id)).flat()]);
    expect(steps(10) - steps(9)).toBe(32 + 47);
    expect(steps(11) - steps(10)).toBe(32 + 47 + 2);
    expect(steps(101) - steps(100)).toBe(32 + 47 + 4);
  });

  it('weighs documents, which take the first number', () => {
    const document = { data: { content: 'x' } };
    expect(added(commandA, { documents: [document] })).toBe(1150);
    expect(added(commandA, { documents: [document, document] })).toBe(1160);
    expect(added(commandA, { documents: ['x'] })).toBe(1150);
    expect(added(commandA, { documents: [{ ...document, id: 'a long name' }] })).toBe(1150);
  });

  it('weighs JSON mode', () => {
    const response_format = { type: 'json_object' } as const;
    const developer: CohereMessage = { role: 'system', content: 'x' };
    // 64 and 65 in two editions of the layout.
    expect(added(commandA, { response_format })).toBe(65);
    expect(added(commandA, { response_format }, [developer, user])).toBe(34 + 1 + 31);
    const json_schema = { a: 1 };
    expect(added(commandA, { response_format: { ...response_format, json_schema } })).toBe(
      65 + 13 + exactCount('{"a": 1}'),
    );
  });

  it('weighs pictures by their placeholder', () => {
    const image = { type: 'image_url', image_url: { url: 'https://a.example/b.png' } } as const;
    const text = { type: 'text', text: 'x' } as const;
    expect(of({ role: 'user', content: [text, image] })).toBe(3 + 1 + 1);
    expect(of({ role: 'user', content: [image] })).toBe(3 + 1);
    expect(of({ role: 'user', content: [text, text] })).toBe(3 + exactCount('x\nx'));
  });

  it('counts results apart as they count in one turn', () => {
    const anyResult = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc.dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 2 })),
    );
    fc.assert(
      fc.property(fc.array(anyResult, { minLength: 2, maxLength: 4 }), results => {
        const texts = results.flatMap(data => {
          const content =
            typeof data === 'string'
              ? data
              : [{ type: 'document' as const, document: { data: JSON.parse(JSON.stringify(data)) } }];
          return cmd3Message({ role: 'tool', tool_call_id: '0', content }, 'cmd3').texts;
        });
        const apart = texts.reduce((sum, text) => sum + exactCount(text), 3);
        expect(exactCount(`[${texts.join(',')}\n]`)).toBe(apart);
      }),
      { numRuns: 300 },
    );
  });
});

describe.runIf(canCount)('the older families', () => {
  const r = 'command-r';
  const call = (id: string): CohereToolCall => ({
    id,
    type: 'function',
    function: { name: 'a', arguments: '{}' },
  });
  const calls: CohereMessage = { role: 'assistant', tool_calls: [call('0')] };
  const result: CohereMessage = { role: 'tool', tool_call_id: '0', content: 'x' };
  const added = (message: CohereMessage, before: readonly CohereMessage[] = []) =>
    tokens(r, { tools: [tool] }, [user, ...before, message]) -
    tokens(r, { tools: [tool] }, [user, ...before]);

  it('have few tokens around one message', () => {
    expect(tokens(r) - 1).toBe(66);
    expect(tokens('command') - 1).toBe(62);
    expect(tokens('command-r-08-2024') - 1).toBe(200);
  });

  it('strip text', () => {
    expect(tokens(r, {}, [{ role: 'user', content: ' x\n' }])).toBe(tokens(r));
  });

  it('have one section for tools, with the developer’s text or their own', () => {
    const developer: CohereMessage = { role: 'system', content: 'x' };
    for (const model of [r, 'command-r-plus', 'command-r-plus-08-2024']) {
      const alone = tokens(model, { tools: [tool] });
      expect(alone).toBe(tokens(r, { tools: [tool] }));
      expect(tokens(model, { tools: [tool] }, [developer, user])).toBe(alone - 133 + 1);
      expect(tokens(model, {}, [user, calls, result])).toBeGreaterThan(tokens(model, {}, [user]) + 700);
    }
  });

  it('show results as documents, numbered through the conversation', () => {
    const frame = 3 + exactCount('<results>\n') + exactCount('\n</results>');
    expect(added(result, [calls])).toBe(frame + exactCount('Document: 0\ncontent: x') + 8);
    expect(added(result, [calls, result])).toBe(exactCount('\n\nDocument: 0\ncontent: x') + 8);
    const ten = [calls, ...Array.from({ length: 10 }, () => result)];
    expect(added(result, ten)).toBe(exactCount('\n\nDocument: 10\ncontent: x') + 8);
  });

  it('show documents beside a task of their own', () => {
    const one = tokens(r, { documents: ['x'] });
    expect(tokens(r, { documents: ['x', 'x'] }) - one).toBe(exactCount('\n\nDocument: 1\ncontent: x') + 8);
  });
});

describe.runIf(canCount)('a model that nobody recorded', () => {
  it('counts no less than its nearest relative', () => {
    const messages: CohereMessage[] = [
      { role: 'system', content: 'Be kind.' },
      user,
      { role: 'assistant', content: 'Yes.' },
    ];
    for (const options of [{}, { tools: [tool] }, { documents: ['x'] }]) {
      const nearest = tokens(reasoning, options, messages);
      expect(tokens('command-b-2027', options, messages)).toBeGreaterThan(nearest);
    }
    expect(tokens('command-r7b-arabic-02-2025', {}, messages)).toBeGreaterThan(tokens(r7b, {}, messages));
    expect(familyOf('command-r').layout).toBe('command-r');
    expect(familyOf('command-a-plus-05-2026').layout).toBe('cmd4');
  });
});
