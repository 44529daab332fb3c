// What Cohere counted in recorded exchanges, against what we predict for the same requests.
import { describe, expect, it } from 'vitest';
import { type Comparison, isWithinOnePercent, measureAccuracy } from '../../bench/token-accuracy/measure.ts';
import { formatAccuracy } from '../../bench/token-accuracy/report.ts';
import type { JsonValue } from '../../src/conversation/message.ts';
import { estimateTokens } from '../../src/tokens/estimate.ts';
import { familyOf } from '../../src/tokens/families.ts';
import { demandReference, hasReference, recordings } from '../support/reference.ts';
import { demandVocabulary, exactCount } from './vocabulary.ts';

demandReference('Token accuracy');
const canCount = demandVocabulary('Token accuracy');

const named = recordings().map(recording => ({
  name: recording.id,
  content: JSON.parse(JSON.stringify(recording)) as JsonValue,
}));

// Written by hand in Cohere's OpenAPI file: a shape, not a measurement.
const isMeasured = ({ name }: Comparison) => !name.includes('spec-example');

describe.runIf(hasReference && canCount)('counted with the vocabulary', () => {
  const { comparisons, skipped } = canCount
    ? measureAccuracy(named, exactCount)
    : { comparisons: [], skipped: [] };
  const measured = comparisons.filter(isMeasured);
  const ofLayout = (layout: string) => measured.filter(({ model }) => familyOf(model).layout === layout);

  it('compares or explains every recording', () => {
    expect(comparisons.length + skipped.length).toBe(named.length);
    expect(comparisons.length).toBeGreaterThanOrEqual(49);
    for (const { reason } of skipped) expect(['no request body', 'not a chat', 'no usage']).toContain(reason);
  });

  it('is exact on nine of ten prompts of the family cmd3', () => {
    const cmd3 = ofLayout('cmd3');
    const exact = cmd3.filter(({ difference }) => difference === 0);
    expect(exact.length / cmd3.length).toBeGreaterThanOrEqual(0.9);
  });

  it('is never below the truth by more than 2 tokens, or 2 for each tool', () => {
    const below = measured.filter(({ difference, tools }) => difference < -2 * Math.max(1, tools));
    expect(below).toEqual([]);
  });

  it('is within 1 % for the older families', () => {
    expect(ofLayout('command-r').filter(comparison => !isWithinOnePercent(comparison))).toEqual([]);
  });

  it('is not below the one example of command-a-plus', () => {
    for (const { difference } of ofLayout('cmd4')) expect(difference).toBeGreaterThanOrEqual(0);
  });

  it('never predicts fewer image tokens than were counted', () => {
    for (const { images } of measured)
      if (images) expect(images.predicted).toBeGreaterThanOrEqual(images.actual);
  });
});

describe.runIf(hasReference)('estimated without the vocabulary', () => {
  const { comparisons } = measureAccuracy(named, estimateTokens);

  it('is never below the truth', () => {
    expect(comparisons.filter(({ difference }) => difference < 0)).toEqual([]);
  });

  it('is less than half above it', () => {
    expect(comparisons.filter(({ difference, actual }) => difference > actual / 2)).toEqual([]);
  });
});

describe('the report', () => {
  const recording: JsonValue = {
    model: 'command-a-03-2025',
    request: {
      body: {
        model: 'command-a-03-2025',
        messages: [{ role: 'user', content: 'Hi' }, { role: 'assistant' }],
      },
    },
    response: { body: { usage: { tokens: { input_tokens: 496 } } } },
  };
  const streamed: JsonValue = {
    model: 'command-r7b-12-2024',
    request: { body: { messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }] } },
    response: {
      body: null,
      sse: 'event: message-end\ndata: {"delta":{"usage":{"tokens":{"input_tokens":500}}}}\n\ndata: [DONE]\n\n',
    },
  };

  it('names every file, compared or skipped', () => {
    const report = formatAccuracy(
      measureAccuracy(
        [
          { name: 'one', content: recording },
          { name: 'two', content: streamed },
          { name: 'broken', content: undefined },
          { name: 'no-body', content: { request: { body: null }, response: {} } },
          { name: 'embed', content: { request: { body: { texts: [] } }, response: {} } },
          { name: 'refused', content: { request: { body: { messages: [] } }, response: { body: {} } } },
          {
            name: 'odd',
            content: {
              model: 'm',
              request: { body: { messages: [{ role: 'developer', content: 'x' }] } },
              response: { body: { usage: { tokens: { input_tokens: 1 } } } },
            },
          },
        ],
        () => 1,
      ),
    );
    expect(report).toMatch(/^one +command-a +496 +496 +0$/m);
    expect(report).toMatch(/^two +r7b +496 +500 +-4$/m);
    expect(report).toContain('Compared: 2. Exact: 1 (50 %). Within 1 %: 2 (100 %). Not below: 1 (50 %).');
    expect(report).toContain('Worst under-count: -4 of 500 (two).');
    expect(report).toContain('Skipped: 5.');
    for (const reason of ['not a recording: broken', 'no request body: no-body', 'not a chat: embed'])
      expect(report).toContain(reason);
    expect(report).toContain('no usage: refused');
    expect(report).toContain('message 0 is of no known kind: odd');
  });
});
