import { describe, expect, test } from 'vitest';
import { ProxyError } from '../conversation/errors.ts';
import { readTools } from './read-tools.ts';
import { chatBody } from './wire.ts';

const read = (fields: object) => readTools(chatBody.parse(fields));
const tool = (name: string, more: object = {}) => ({ type: 'function', function: { name, ...more } });
const parameters = { type: 'object', properties: {} };

const nothing = {
  tools: undefined,
  toolChoice: undefined,
  allowedTools: undefined,
  strictTools: false,
  dropped: [],
  clamped: [],
  rewritten: [],
};

describe('tools', () => {
  test.each<[object, object]>([
    [{}, {}],
    [{ tools: [] }, {}],
    [{ tools: [tool('a')] }, { tools: [{ name: 'a' }] }],
    [
      {
        tools: [
          tool('a', { description: '', parameters }),
          tool('b', { description: null, parameters: null }),
        ],
      },
      { tools: [{ name: 'a', description: '', parameters }, { name: 'b' }] },
    ],
    [
      { functions: [{ name: 'a', description: 'd', parameters }] },
      { tools: [{ name: 'a', description: 'd', parameters }] },
    ],
    [
      { tools: [tool('a')], functions: [{ name: 'b' }] },
      { tools: [{ name: 'a' }], dropped: ['functions'] },
    ],
  ])('%j', (fields, expected) => {
    expect(read(fields)).toEqual({ ...nothing, ...expected });
  });

  test.each<[object, string, string]>([
    [{ tools: [{ type: 'function' }] }, 'invalid_type', 'tools[0].function'],
    [{ tools: [{ type: 'function', function: {} }] }, 'invalid_type', 'tools[0].function.name'],
    [{ tools: [tool('a'), tool('')] }, 'invalid_value', 'tools[1].function.name'],
    [{ tools: [tool('a', { parameters: 'none' })] }, 'invalid_value', 'tools[0].function.parameters'],
    [{ tools: ['a'] }, 'invalid_type', 'tools[0]'],
    [{ functions: [{}] }, 'invalid_type', 'functions[0].name'],
  ])('%j is refused', (fields, code, param) => {
    expect(() => read(fields)).toThrow(ProxyError);
    expect(() => read(fields)).toThrow(expect.objectContaining({ code, param, status: 400 }));
  });
});

describe('strict', () => {
  const strict = { strict: true };

  test.each<[boolean, string[], object[]]>([
    [true, [], [tool('a', strict), tool('b', strict)]],
    [false, ['tools.function.strict'], [tool('a', strict), tool('b')]],
    [false, ['tools.function.strict'], [tool('a', strict), tool('b', { strict: false })]],
    [false, [], [tool('a', { strict: false })]],
    [false, [], [tool('a', { strict: null })]],
  ])('%s, dropped %j: %j', (strictTools, dropped, tools) => {
    expect(read({ tools })).toMatchObject({ strictTools, dropped });
  });
});

describe('the choice', () => {
  const allowed = (mode: string, ...names: string[]) => ({
    type: 'allowed_tools',
    allowed_tools: { mode, tools: names.map(name => tool(name)) },
  });

  test.each<[object, object]>([
    [{ tool_choice: 'none' }, { toolChoice: 'none' }],
    [{ tool_choice: 'auto' }, { toolChoice: 'auto' }],
    [{ tool_choice: 'required' }, { toolChoice: 'required' }],
    [{ tool_choice: tool('a') }, { toolChoice: 'required', allowedTools: ['a'] }],
    [{ tool_choice: allowed('auto', 'a', 'b') }, { toolChoice: 'auto', allowedTools: ['a', 'b'] }],
    [{ tool_choice: allowed('required', 'a') }, { toolChoice: 'required', allowedTools: ['a'] }],
    [{ function_call: 'none' }, { toolChoice: 'none' }],
    [{ function_call: 'auto' }, { toolChoice: 'auto' }],
    [{ function_call: { name: 'a' } }, { toolChoice: 'required', allowedTools: ['a'] }],
    [
      { tool_choice: 'none', function_call: 'auto' },
      { toolChoice: 'none', dropped: ['function_call'] },
    ],
  ])('%j', (fields, expected) => {
    expect(read(fields)).toEqual({ ...nothing, ...expected });
  });
});
