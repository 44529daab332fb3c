import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Calibration } from './calibration.ts';

const model = 'command-a-plus-05-2026';

function taught(residuals: readonly number[], predicted = 2000): Calibration {
  const calibration = new Calibration();
  for (const residual of residuals)
    calibration.observe(model, 'tools', { predicted, actual: predicted + residual });
  return calibration;
}

describe('calibration', () => {
  it('brings a wrong figure right after three answers, upwards', () => {
    expect(taught([473, 473]).correction(model, 'tools', 2000)).toBe(0);
    expect(taught([473, 473, 473]).correction(model, 'tools', 2000)).toBe(473);
  });

  it('comes down slowly, and arrives', () => {
    expect(taught([-400, -400, -400]).correction(model, 'tools', 2000)).toBe(-100);
    expect(taught(Array(30).fill(-400)).correction(model, 'tools', 2000)).toBe(-400);
  });

  it('prefers to count too much', () => {
    expect(taught([0, 0, 0, 0, 0, 7, 7, 7, 7]).correction(model, 'tools', 2000)).toBe(7);
  });

  it('is not moved by outliers, wherever they fall', () => {
    for (let first = 0; first < 9; first += 1) {
      const residuals = Array(27).fill(20);
      for (const at of [first, first + 4, first + 8]) residuals[9 + at] = at % 2 === 0 ? 50_000 : -1900;
      expect(taught(residuals).correction(model, 'tools', 2000)).toBe(20);
    }
  });

  it('never changes a prediction by more than a limit', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -100_000, max: 1_000_000 }), { maxLength: 30 }),
        fc.integer({ min: 1, max: 500_000 }),
        (residuals, predicted) => {
          const correction = taught(residuals, 200_000).correction(model, 'tools', predicted);
          expect(Math.abs(correction)).toBeLessThanOrEqual(Math.max(1024, predicted * 0.15));
        },
      ),
    );
  });

  it('says nothing about other models and mixes', () => {
    const calibration = taught([473, 473, 473]);
    expect(calibration.correction(model, 'plain', 2000)).toBe(0);
    expect(calibration.correction('command-a-03-2025', 'tools', 2000)).toBe(0);
  });

  it('leaves an exact prediction alone', () => {
    const calibration = taught(Array(9).fill(0));
    calibration.observe(model, 'tools', { predicted: 2000, actual: 9000 });
    expect(calibration.correction(model, 'tools', 2000)).toBe(0);
  });

  it('ends nearer to the truth than it began, for any constant error', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -900, max: 900 }),
        fc.array(fc.nat(3), { minLength: 20, maxLength: 40 }),
        (error, noise) => {
          const calibration = taught(noise.map(each => error + each));
          const left = Math.abs(error + 3 - calibration.correction(model, 'tools', 2000));
          expect(left).toBeLessThanOrEqual(Math.max(3, Math.abs(error) / 4));
        },
      ),
    );
  });

  it('believes a refusal at once', () => {
    const calibration = new Calibration();
    calibration.observeRefusal(model, 'tools', { predicted: 120_000, actual: 131_000 });
    expect(calibration.correction(model, 'tools', 120_000)).toBe(11_000);
    expect(calibration.correction(model, 'tools', 2000)).toBe(1024);
    for (let turn = 0; turn < 40; turn += 1)
      calibration.observe(model, 'tools', { predicted: 2000, actual: 2000 });
    expect(calibration.correction(model, 'tools', 2000)).toBe(0);
  });

  it('ignores what is no count', () => {
    const calibration = new Calibration();
    for (const actual of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1.5]) {
      calibration.observe(model, 'tools', { predicted: 2000, actual });
      calibration.observeRefusal(model, 'tools', { predicted: 2000, actual });
    }
    expect(calibration.entries()).toEqual([]);
  });

  it('keeps a bounded number of entries, the latest used', () => {
    const calibration = new Calibration();
    for (let index = 0; index < 1000; index += 1)
      calibration.observe(`model-${index}\n${'x'.repeat(5000)}`, 'plain', { predicted: 500, actual: 501 });
    expect(calibration.entries()).toHaveLength(256);
    expect(calibration.entries().at(-1)).toMatchObject({ mix: 'plain', correction: 0, answers: 1 });
    expect(calibration.entries().at(-1)?.model).toMatch(/^model-999 x+$/);
    expect(JSON.stringify(calibration).length).toBeLessThan(100_000);
  });

  it('survives being stored', () => {
    const calibration = taught([5, 6, 7, 8]);
    const restored = new Calibration();
    expect(restored.restore(JSON.parse(JSON.stringify(calibration)))).toBe(true);
    expect(restored.toJSON()).toEqual(calibration.toJSON());
    expect(restored.correction(model, 'tools', 2000)).toBe(calibration.correction(model, 'tools', 2000));
    expect(restored.answers(model, 'tools')).toBe(4);
  });

  it('takes over what is new, and keeps what was learned here, however much is saved', () => {
    const saved = new Calibration();
    for (let index = 0; index < 256; index += 1)
      saved.observe(index === 9 ? model : `model-${index}`, 'tools', { predicted: 2000, actual: 2300 });
    const calibration = taught([473, 473, 473]);
    calibration.observe('mine', 'plain', { predicted: 2000, actual: 2001 });
    calibration.restore(saved.toJSON());
    expect(calibration.entries()).toHaveLength(256);
    expect(calibration.correction(model, 'tools', 2000)).toBe(473);
    expect(calibration.answers('mine', 'plain')).toBe(1);
    expect(calibration.answers('model-255', 'tools')).toBe(1);
    // What came from elsewhere gives way to what came from there later.
    saved.observe('model-255', 'tools', { predicted: 2000, actual: 2300 });
    calibration.restore(saved.toJSON());
    expect(calibration.answers('model-255', 'tools')).toBe(2);
  });

  it('starts anew from what it cannot read', () => {
    fc.assert(
      fc.property(fc.anything(), saved => {
        const calibration = new Calibration();
        expect(calibration.restore(saved)).toBe(false);
        expect(calibration.restore({ version: 1, entries: saved })).toBe(Array.isArray(saved));
        calibration.restore({
          version: 1,
          entries: [saved, [1], ['a\nb', 'x', []], ['a'.repeat(500), 1, []]],
        });
        expect(calibration.entries()).toEqual([]);
      }),
    );
  });

  it('tells of each change, and not of answers that change nothing', () => {
    const calibration = new Calibration();
    const changes: object[] = [];
    calibration.watch(change => changes.push(change));
    for (let turn = 0; turn < 20; turn += 1)
      calibration.observe(model, 'tools', { predicted: 2000, actual: 2050 });
    const of = (answers: number) => ({ model, mix: 'tools', answers });
    expect(changes).toHaveLength(9);
    expect(changes[1]).toEqual({ ...of(2), before: 0, correction: 0 });
    expect(changes[2]).toEqual({ ...of(3), before: 0, correction: 50 });
    expect(changes[8]).toEqual({ ...of(9), before: 50, correction: 50 });
    calibration.observeRefusal(model, 'tools', { predicted: 2000, actual: 2900 });
    expect(changes[9]).toEqual({ ...of(9), before: 50, correction: 900 });
  });

  it('never makes a prompt less than nothing', () => {
    expect(taught(Array(30).fill(-900)).correction(model, 'tools', 300)).toBe(-300);
  });
});
