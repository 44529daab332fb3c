import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderJson, respaceJson } from './render-json.ts';

describe('JSON in a prompt', () => {
  it('has a space after every colon and comma outside strings, and no other', () => {
    expect(renderJson({ a: [1, 'x:y,z', { b: null }], c: {} })).toBe(
      '{"a": [1, "x:y,z", {"b": null}], "c": {}}',
    );
    expect(respaceJson('{\n  "a" :\t[ 1 ,2 ]\r\n}')).toBe('{"a": [1, 2]}');
  });

  it('keeps the order of keys and the form of numbers', () => {
    expect(respaceJson('{"b":1.0,"a":1e5,"b":2}')).toBe('{"b": 1.0, "a": 1e5, "b": 2}');
  });

  it('writes escapes as a JSON writer does', () => {
    expect(respaceJson('"caf\\u00e9 \\/ \\n \\\\"')).toBe('"café / \\n \\\\"');
    expect(respaceJson('{"a\\"":"\\\\","b":1}')).toBe('{"a\\"": "\\\\", "b": 1}');
  });

  it('takes text that is no JSON, and long strings', () => {
    expect(respaceJson('{"a:')).toBe('{"a:');
    expect(respaceJson('"\\ud8')).toBe('"\\ud8');
    expect(respaceJson(`"${'x,'.repeat(1_000_000)}"`)).toHaveLength(2_000_002);
    expect(renderJson(undefined)).toBe('null');
  });

  it('means the same', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(0, 2), (json, indent) => {
        const value: unknown = JSON.parse(json);
        expect(JSON.parse(respaceJson(JSON.stringify(value, null, indent)))).toEqual(value);
        expect(respaceJson(JSON.stringify(value, null, indent))).toBe(renderJson(value));
      }),
    );
  });
});
