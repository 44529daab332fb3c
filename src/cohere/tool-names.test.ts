import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromSeed } from '../../test/properties/from-seed.ts';
import { ToolNames } from './tool-names.ts';

const legal = /^[A-Za-z_][A-Za-z0-9_]*$/;

test.each([
  ['look', 'look'],
  ['_', '_'],
  ['_1', '_1'],
  ['getWeather2', 'getWeather2'],
  ['mcp--server--tool', 'mcp__server__tool'],
  ['files.read', 'files_read'],
  ['2nd', '_2nd'],
  ['2-nd', '_2_nd'],
  ['', '_'],
  ['größe', 'gr__e'],
  ['a b', 'a_b'],
])('%j is %j for Cohere, and comes back', (name, cohereName) => {
  const names = new ToolNames([name]);
  expect(names.toCohere(name)).toBe(cohereName);
  expect(names.fromCohere(cohereName)).toBe(name);
  expect(names.isPlain).toBe(true);
});

describe('two names that would be one', () => {
  test('the legal one keeps it, wherever it stands', () => {
    for (const order of [
      ['a-b', 'a_b'],
      ['a_b', 'a-b'],
    ]) {
      const names = new ToolNames(order);
      expect(names.toCohere('a_b')).toBe('a_b');
      expect(names.toCohere('a-b')).toBe('a_b_2');
      expect(names.fromCohere('a_b_2')).toBe('a-b');
      expect(names.isPlain).toBe(false);
    }
  });

  test('of others the earlier wins', () => {
    const names = new ToolNames(['a.b', 'a-b', 'a b', 'a_b_2']);
    expect(['a.b', 'a-b', 'a b', 'a_b_2'].map(name => names.toCohere(name))).toEqual([
      'a_b',
      'a_b_3',
      'a_b_4',
      'a_b_2',
    ]);
  });
});

test('a name that was given twice is one name', () => {
  const names = new ToolNames(['a-b', 'a-b']);
  expect(names.toCohere('a-b')).toBe('a_b');
  expect(names.isPlain).toBe(true);
});

test('a name that the model made up stays as it is', () => {
  expect(new ToolNames(['a-b']).fromCohere('made_up')).toBe('made_up');
});

// Few letters, so that names meet.
const nearNames = fc.array(fc.string({ unit: fc.constantFrom('a', '_', '-', '.', '2', 'é'), maxLength: 4 }), {
  maxLength: 12,
});
const anyNames = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[\w.-]{1,12}$/)), {
  maxLength: 12,
});

test('P5 every name is legal, no two are one, each comes back, and legal ones stay', () => {
  fc.assert(
    fc.property(fc.oneof(nearNames, anyNames), given => {
      const names = new ToolNames(given);
      const unique = [...new Set(given)];
      const sent = unique.map(name => names.toCohere(name));
      for (const name of sent) expect(name).toMatch(legal);
      expect(new Set(sent).size).toBe(unique.length);
      expect(sent.map(name => names.fromCohere(name))).toEqual(unique);
      for (const name of unique) if (legal.test(name)) expect(names.toCohere(name)).toBe(name);
    }),
    fromSeed('tool names'),
  );
});

test('while they are plain, a name does not depend on the others', () => {
  fc.assert(
    fc.property(nearNames, given => {
      const names = new ToolNames(given);
      fc.pre(names.isPlain);
      for (const name of given) expect(names.toCohere(name)).toBe(new ToolNames([name]).toCohere(name));
    }),
    fromSeed('plain tool names'),
  );
});
