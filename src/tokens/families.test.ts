import { describe, expect, it } from 'vitest';
import { familyOf } from './families.ts';

describe('families', () => {
  it.each([
    ['command-r7b-12-2024', 'r7b'],
    ['command-r7b-arabic-02-2025', 'command-r7b-arabic'],
    ['command-a-03-2025', 'command-a'],
    ['command-a-vision-07-2025', 'command-a-vision'],
    ['command-a-reasoning-08-2025', 'command-a-reasoning'],
    ['command-a-translate-08-2025', 'command-a-translate'],
    ['command-a-plus-05-2026', 'command-a-plus'],
    ['north-mini-code-1-0', 'north'],
    ['command-r', 'command-r'],
    ['command-r-plus', 'command-r'],
    ['command-r-plus-04-2024', 'command-r'],
    ['command-r-08-2024', 'command-r-08-2024'],
    ['command-r-plus-08-2024', 'command-r-08-2024'],
    ['command', 'command'],
    ['c4ai-aya-expanse-32b', 'aya'],
    ['command-z-2030', 'unknown'],
    ['', 'unknown'],
  ])('%s is of the family %s', (model, name) => {
    expect(familyOf(model).name).toBe(name);
  });

  it('are the same value each time, so that weights can be kept by it', () => {
    expect(familyOf('command-a-03-2025')).toBe(familyOf('command-a-03-2025'));
    expect(familyOf('some-model')).toBe(familyOf('other-model'));
  });

  it('have a margin only where nobody has measured them', () => {
    for (const model of ['command-a-03-2025', 'command-r7b-12-2024', 'command-r-plus-08-2024'])
      expect(familyOf(model).margin).toEqual({ constant: 0, share: 0 });
    expect(familyOf('command-z-2030').margin.constant).toBeGreaterThan(0);
  });
});
