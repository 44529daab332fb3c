import { describe, expect, it } from 'vitest';
import { pythonSignature } from './python-signature.ts';

describe('a tool as a Python signature', () => {
  it('shows its parameters twice, once with their descriptions', () => {
    const parameters = {
      type: 'object',
      properties: { city: { type: 'string', description: 'A city.' }, days: { type: 'integer' }, any: {} },
      required: ['city', 'any'],
    };
    expect(
      pythonSignature({
        type: 'function',
        function: { name: 'forecast', description: 'Weather.', parameters },
      }),
    ).toBe(
      [
        '```python',
        'def forecast(city: str, days: Optional[int] = None, any: object) -> List[Dict]:',
        '    """Weather.',
        '',
        '    Args:',
        '        city (str): A city.',
        '        days (Optional[int]): ',
        '        any (object): ',
        '    """',
        '    pass',
        '```',
      ].join('\n'),
    );
  });

  it('takes tools without parameters, and schemas that are none', () => {
    const bare = pythonSignature({ type: 'function', function: { name: 'now', parameters: {} } });
    expect(bare).toBe('```python\ndef now() -> List[Dict]:\n    """\n    """\n    pass\n```');
    const odd = { properties: { a: 'x', b: { type: ['string', 'null'] } }, required: 'a' };
    expect(pythonSignature({ type: 'function', function: { name: 'odd', parameters: odd } })).toContain(
      'def odd(a: Optional[object] = None, b: Optional[str | null] = None)',
    );
  });
});
