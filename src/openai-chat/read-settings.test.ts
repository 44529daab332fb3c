import { describe, expect, test } from 'vitest';
import { ProxyError } from '../conversation/errors.ts';
import { readSettings } from './read-settings.ts';
import { chatBody } from './wire.ts';

const read = (fields: object) => readSettings(chatBody.parse(fields));

test.each<[object, object]>([
  [{}, {}],
  [{ temperature: 0 }, { temperature: 0 }],
  [{ temperature: 1 }, { temperature: 1 }],
  [{ top_p: 0.5 }, { topP: 0.5 }],
  [{ top_p: 1 }, {}],
  [{ frequency_penalty: 0 }, {}],
  [{ presence_penalty: 0 }, {}],
  [
    { frequency_penalty: 0.5, presence_penalty: 1 },
    { frequencyPenalty: 0.5, presencePenalty: 1 },
  ],
  [{ max_tokens: 5 }, { maxTokens: 5 }],
  [{ max_completion_tokens: 6 }, { maxTokens: 6 }],
  [{ max_completion_tokens: null, max_tokens: 5 }, { maxTokens: 5 }],
  [{ max_completion_tokens: -1 }, {}],
  [{ max_tokens: -1 }, {}],
  [{ stop: 'a' }, { stopSequences: ['a'] }],
  [{ stop: '' }, {}],
  [{ stop: ['a', '', 'b', 'c', 'd', 'e'] }, { stopSequences: ['a', 'b', 'c', 'd', 'e'] }],
  [{ stop: [] }, {}],
  [{ seed: 0 }, { seed: 0 }],
  [{ seed: Number.MAX_SAFE_INTEGER }, { seed: Number.MAX_SAFE_INTEGER }],
  [{ logprobs: true }, { logprobs: true }],
  [{ logprobs: false }, {}],
  [{ response_format: { type: 'text' } }, {}],
  [{ response_format: { type: 'json_object' } }, { responseFormat: { type: 'json' } }],
  [
    {
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'x', strict: true, schema: { type: 'object' } },
      },
    },
    { responseFormat: { type: 'json', schema: { type: 'object' } } },
  ],
  [
    { response_format: { type: 'json_schema', json_schema: { name: 'x' } } },
    { responseFormat: { type: 'json' } },
  ],
  // [XC1] Cohere's own form, a bare schema, and the form of the Responses API.
  ...[
    { type: 'json_object', json_schema: { type: 'object' } },
    { type: 'json_object', schema: { type: 'object' } },
    { type: 'json_object', json_schema: { name: 'x', schema: { type: 'object' } } },
    { type: 'json_schema', json_schema: { type: 'object' } },
    { type: 'json_schema', schema: { type: 'object' } },
    { type: 'json_schema', schema: { type: 'object' }, name: 'x', strict: true },
  ].map((response_format): [object, object] => [
    { response_format },
    { responseFormat: { type: 'json', schema: { type: 'object' } } },
  ]),
  [
    { response_format: { type: 'json_schema', json_schema: { properties: { schema: { type: 'string' } } } } },
    { responseFormat: { type: 'json', schema: { properties: { schema: { type: 'string' } } } } },
  ],
  [{ reasoning_effort: 'none' }, { thinking: { type: 'disabled', param: 'reasoning_effort' } }],
  [{ reasoning_effort: 'minimal' }, { thinking: { type: 'disabled', param: 'reasoning_effort' } }],
  [
    { reasoning_effort: 'low' },
    { thinking: { type: 'enabled', param: 'reasoning_effort', outputShare: 0.25 } },
  ],
  [
    { reasoning_effort: 'medium' },
    { thinking: { type: 'enabled', param: 'reasoning_effort', outputShare: 0.5 } },
  ],
  [
    { reasoning_effort: 'high' },
    { thinking: { type: 'enabled', param: 'reasoning_effort', outputShare: 0.75 } },
  ],
  [
    { reasoning_effort: 'xhigh' },
    { thinking: { type: 'enabled', param: 'reasoning_effort', outputShare: 0.75 } },
  ],
  [{ thinking: { type: 'enabled' } }, { thinking: { type: 'enabled', param: 'thinking' } }],
  [
    { thinking: { type: 'enabled', token_budget: 9 } },
    { thinking: { type: 'enabled', param: 'thinking', tokenBudget: 9 } },
  ],
  [
    { k: 0, priority: 0 },
    { topK: 0, priority: 0 },
  ],
  [{ documents: ['a', { id: 'd', data: { b: 1 } }] }, { documents: ['a', { id: 'd', data: { b: 1 } }] }],
  [{ documents: [] }, {}],
  [{ citation_options: { mode: 'FAST' } }, { citationOptions: { mode: 'FAST' } }],
  [{ safety_mode: 'STRICT' }, { safetyMode: 'STRICT' }],
])('%j', (fields, settings) => {
  expect(read(fields)).toEqual({ settings, dropped: [], clamped: [], rewritten: [] });
});

describe("what is beyond Cohere's range is brought into it, and named", () => {
  test.each<[object, object, string]>([
    [{ temperature: 1.5 }, { temperature: 1 }, 'temperature=1'],
    [{ temperature: 2 }, { temperature: 1 }, 'temperature=1'],
    [{ top_p: 0 }, { topP: 0.01 }, 'top_p=0.01'],
    [{ top_p: 0.999 }, { topP: 0.99 }, 'top_p=0.99'],
    [{ frequency_penalty: -2 }, {}, 'frequency_penalty=0'],
    [{ frequency_penalty: 2 }, { frequencyPenalty: 1 }, 'frequency_penalty=1'],
    [{ presence_penalty: -0.1 }, {}, 'presence_penalty=0'],
    [{ presence_penalty: 1.1 }, { presencePenalty: 1 }, 'presence_penalty=1'],
  ])('%j', (fields, settings, clamped) => {
    expect(read(fields)).toEqual({ settings, dropped: [], clamped: [clamped], rewritten: [] });
  });
});

test('of two parameters for the same thing the one that gives way is named', () => {
  const fields = {
    max_completion_tokens: 6,
    max_tokens: 5,
    thinking: { type: 'disabled' },
    reasoning_effort: 'high',
  };
  expect(read(fields)).toEqual({
    settings: { maxTokens: 6, thinking: { type: 'disabled', param: 'thinking' } },
    dropped: ['reasoning_effort', 'max_tokens'],
    rewritten: [],
    clamped: [],
  });
});

test.each([-1, 1.5, 2 ** 53, 1e300])('the seed %d is dropped, and named', seed => {
  expect(read({ seed })).toEqual({ settings: {}, dropped: ['seed'], clamped: [], rewritten: [] });
});

test.each<[object, string, string]>([
  [{ max_tokens: 0 }, 'invalid_value', 'max_tokens'],
  [{ max_tokens: -2 }, 'invalid_value', 'max_tokens'],
  [{ max_completion_tokens: 0, max_tokens: 5 }, 'invalid_value', 'max_completion_tokens'],
])('%j is refused', (fields, code, param) => {
  expect(() => read(fields)).toThrow(ProxyError);
  expect(() => read(fields)).toThrow(expect.objectContaining({ code, param, status: 400 }));
});
