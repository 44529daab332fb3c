import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { fromSeed } from '../../test/properties/from-seed.ts';
import type { Citation, JsonObject } from '../conversation/message.ts';
import { CitedText } from './write-annotations.ts';

const source = {
  type: 'document',
  id: 'd1',
  document: { id: 'd1', title: 'Seas', url: 'https://example.com/seas' },
};
const cite = (start: number, end: number, more: Partial<Citation> = {}): Citation => ({
  start,
  end,
  text: '',
  sources: [source],
  ...more,
});

/** What a JavaScript client cuts out of the whole text. */
function marked(blocks: readonly (readonly [number, string])[], citation: Citation): string[] {
  const text = new CitedText();
  for (const [index, words] of blocks) text.add(index, words);
  const whole = blocks.map(([, words]) => words).join('');
  return text
    .annotate(citation)
    .map(({ url_citation: { start_index, end_index } }) => whole.slice(start_index, end_index));
}

test.each<[string, string, Citation, string]>([
  ['plain', 'The sea is deep.', cite(4, 7), 'sea'],
  ['after astral characters', '🌊🌊 The sea', cite(7, 10), 'sea'],
  ['astral itself', 'a🌊b', cite(1, 2), '🌊'],
  ['a joined family counts each part', '👨‍👩‍👧 x', cite(6, 7), 'x'],
  ['accents of their own', 'e\u0301x', cite(2, 3), 'x'],
  ['up to the end', 'a🌊', cite(0, 2), 'a🌊'],
  ['nothing', 'abc', cite(1, 1), ''],
])('%s', (_, text, citation, expected) => {
  expect(marked([[0, text]], citation)).toEqual([expected]);
});

describe('several blocks', () => {
  test.each<[string, [number, string][], Citation, string]>([
    ['thinking stands before', [[1, 'The sea']], cite(4, 7, { contentIndex: 1 }), 'sea'],
    [
      'the second text',
      [
        [0, '🌊 '],
        [1, 'The sea'],
      ],
      cite(4, 7, { contentIndex: 1 }),
      'sea',
    ],
    [
      'thinking between',
      [
        [0, '🌊 '],
        [2, 'The sea'],
      ],
      cite(4, 7, { contentIndex: 2 }),
      'sea',
    ],
    [
      'no index: the first text',
      [
        [1, 'The sea'],
        [2, 'x'],
      ],
      cite(4, 7),
      'sea',
    ],
    [
      'index 0 although thinking stands there: the first text',
      [[1, 'The sea']],
      cite(4, 7, { contentIndex: 0 }),
      'sea',
    ],
  ])('%s', (_, blocks, citation, expected) => {
    expect(marked(blocks, citation)).toEqual([expected]);
  });

  test('that came out of order', () => {
    const text = new CitedText();
    text.add(1, 'sea');
    text.add(0, '🌊 The ');
    const [annotation] = text.annotate(cite(0, 3, { contentIndex: 1 }));
    expect(annotation?.url_citation).toMatchObject({ start_index: 7, end_index: 10 });
  });
});

test.each<[string, Citation]>([
  ['a plan', cite(0, 1, { type: 'PLAN' })],
  ['thinking', cite(0, 1, { type: 'THINKING_CONTENT', contentIndex: 0 })],
  ['a block that is not there', cite(0, 1, { contentIndex: 7 })],
  ['nothing', cite(0, 1, { sources: [] })],
])('none for %s', (_, citation) => {
  expect(marked([[0, 'abc']], citation)).toEqual([]);
});

test('none where there is no text', () => {
  expect(new CitedText().annotate(cite(0, 1))).toEqual([]);
});

test('one for each source', () => {
  expect(marked([[0, 'abc']], cite(0, 1, { sources: [source, source] }))).toEqual(['a', 'a']);
});

describe('title and address of a source', () => {
  const named = (from: JsonObject) => {
    const text = new CitedText();
    text.add(0, 'abc');
    const [annotation] = text.annotate(cite(0, 1, { sources: [from] }));
    const { title, url } = annotation?.url_citation ?? {};
    return [title, url];
  };

  test.each<[JsonObject, string, string]>([
    [source, 'Seas', 'https://example.com/seas'],
    [{ id: 'c:0', tool_output: { title: 'T', url: 'https://example.com/t' } }, 'T', 'https://example.com/t'],
    [{ id: 'a b', document: { text: 'x' } }, 'a b', 'urn:cohere:source:a%20b'],
    [{ id: 'd', document: { title: '', url: '' } }, 'd', 'urn:cohere:source:d'],
    [{ id: 'd', document: { title: 7, url: null } }, 'd', 'urn:cohere:source:d'],
    [{ id: 'd', document: ['x'] }, 'd', 'urn:cohere:source:d'],
    [{ id: 'd', tool_output: 'x' }, 'd', 'urn:cohere:source:d'],
    [{}, '', 'urn:cohere:source:'],
  ])('%j', (from, title, url) => {
    expect(named(from)).toEqual([title, url]);
  });

  test('an id that is no proper text is no reason to fail', () => {
    expect(() => named({ id: 'half a pair: \ud83c' })).not.toThrow();
  });
});

test('every offset cuts what Cohere meant, whatever the text is', () => {
  const block = fc.string({
    unit: fc.oneof(
      fc.constantFrom('a', 'é', '🌊', '👨‍👩‍👧', 'e\u0301', ' '),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
    ),
    maxLength: 12,
  });
  const cases = fc
    .tuple(fc.array(block, { minLength: 1, maxLength: 4 }), fc.nat(), fc.nat(), fc.nat(), fc.boolean())
    .map(([texts, which, from, length, thinks]) => {
      const shift = thinks ? 1 : 0;
      const index = which % texts.length;
      const points = [...(texts[index] ?? '')];
      const start = from % (points.length + 1);
      const end = start + (length % (points.length - start + 1));
      const blocks = texts.map((text, at): [number, string] => [at + shift, text]);
      return {
        blocks,
        citation: cite(start, end, { contentIndex: index + shift }),
        naive: points.slice(start, end).join(''),
      };
    });
  fc.assert(
    fc.property(cases, ({ blocks, citation, naive }) => {
      expect(marked(blocks, citation)).toEqual([naive]);
    }),
    fromSeed('annotations'),
  );
});

test('[XF1] thousands of citations of a long text, in thousands of blocks: it is gone through once', () => {
  const words = 'Sea 🌊 '.repeat(20_000);
  const characters = [...words];
  const text = new CitedText();
  for (let index = 0; index < 5_000; index += 1) text.add(index, 'Oh. ');
  text.add(5_000, words);
  const places = Array.from({ length: 5_000 }, (_, at) => at * 23);
  const codePointAt = vi.spyOn(String.prototype, 'codePointAt');
  const sort = vi.spyOn(Array.prototype, 'sort');
  const annotations = places.flatMap(start =>
    text.annotate(cite(start, start + 3, { contentIndex: 5_000 })).map(({ url_citation }) => url_citation),
  );
  const [looks, sorts] = [codePointAt.mock.calls.length, sort.mock.calls.length];
  vi.restoreAllMocks();
  expect(sorts).toBe(1);
  // Once through, and some steps for each end of each citation.
  expect(looks).toBeLessThan(words.length + places.length * 2 * 64);
  for (const [at, { start_index, end_index }] of annotations.entries()) {
    const start = places[at] ?? 0;
    const found = words.slice(start_index - 20_000, end_index - 20_000);
    expect(found).toBe(characters.slice(start, start + 3).join(''));
  }
});
