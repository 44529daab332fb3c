import { describe, expect, it } from 'vitest';
import { featureMix } from './feature-mix.ts';

const facts = { developerText: false, calls: false, images: false, estimated: false };

describe('the mix of features', () => {
  it('has a short, stable name', () => {
    expect(featureMix({}, facts)).toBe('plain');
    expect(featureMix({ tools: [], documents: [] }, facts)).toBe('plain');
    expect(
      featureMix(
        {
          tools: [{ type: 'function', function: { name: 'a', parameters: {} } }],
          tool_choice: 'NONE',
          citation_options: { mode: 'off' },
          thinking: { type: 'disabled' },
        },
        { developerText: true, calls: true, images: true, estimated: true },
      ),
    ).toBe('tools calls thinking-disabled choice-none uncited developer images estimated');
    expect(featureMix({ response_format: { type: 'json_object' }, safety_mode: 'STRICT' }, facts)).toBe(
      'json safety-strict',
    );
    expect(
      featureMix({ documents: ['x'], response_format: { type: 'json_object', json_schema: {} } }, facts),
    ).toBe('documents schema');
  });
});
