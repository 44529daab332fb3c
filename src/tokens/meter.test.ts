import { describe, expect, test } from 'vitest';
import {
  coarser,
  countFromScratch,
  describedFor,
  encoder,
  meterWith,
  model,
  step,
  system,
  user,
} from '../../test/tokens/described-prompt.ts';
import { viewOf } from '../conversation/apply-cut.ts';
import { History } from '../conversation/history.ts';
import type { Message } from '../conversation/message.ts';
import { Passage } from '../conversation/passage.ts';
import type { Cut } from '../conversation/truncate.ts';
import type { Encoder } from './encoder.ts';
import { TokenMeter } from './meter.ts';

describe('a turn costs what is new in it', () => {
  /** Also what an earlier turn's way to format is used for. */
  const formatted: Message[] = [];
  const onFormat = (message: Message) => void formatted.push(message);

  function turnOf(meter: TokenMeter, messages: Passage): readonly Message[] {
    formatted.splice(0);
    const measured = meter.measure(describedFor(messages, { onFormat }), messages);
    expect(measured.prepare()).toBeUndefined();
    measured.learn(messages, measured.total(messages) + measured.overhead, 'answer');
    measured.learned(messages);
    return [...formatted];
  }

  test('in a history that grows', () => {
    const meter = meterWith();
    let history = History.of([user('Mend the house.')]);
    for (let turn = 0; turn < 300; turn += 1) {
      const [reply, ...said] = step(turn);
      const fresh = turnOf(meter, new Passage({ lead: [system], history, rest: said }));
      // At first the system text and the task; then the last reply, and what is said now.
      expect(fresh).toHaveLength(turn === 0 ? 4 : 3);
      history = history.append([...said, reply ?? system]);
    }
  });

  test('with a cut that stays', () => {
    const meter = meterWith();
    const cut: Cut = { leftOut: [[7, 19]], shortened: { 2: 100, 5: 80 } };
    let history = History.of([
      user('Mend the house.'),
      ...Array.from({ length: 10 }, (_, at) => step(at)).flat(),
    ]);
    for (let turn = 10; turn < 100; turn += 1) {
      const view = viewOf(cut, history);
      const rest = step(turn);
      const fresh = turnOf(meter, new Passage({ lead: [system], history, view, rest }));
      if (turn > 10) expect(fresh).toEqual(rest);
      history = history.append(rest);
    }
  });

  test('also where the model changes and comes back', () => {
    const meter = meterWith();
    const history = History.of([user('Mend the house.'), ...step(0), ...step(1)]);
    const passage = new Passage({ lead: [system], history, rest: [user('Go on.')] });
    const counts = ['command-a-03-2025', 'command-r-08-2024', 'command-a-03-2025'].map(name => {
      formatted.splice(0);
      meter.measure(describedFor(passage, { model: name, onFormat }), passage).total(passage);
      return formatted.length;
    });
    expect(counts).toEqual([9, 9, 0]);
  });
});

describe('the vocabulary', () => {
  const history = History.of([user('a'.repeat(80)), ...step(0)]);
  const passage = new Passage({ lead: [system], history, rest: [user('aaaa')] });
  const measure = (meter: TokenMeter, name = model) =>
    meter.measure(describedFor(passage, { model: name }), passage);

  test('that comes while a turn runs counts for the next one, and for all of it', () => {
    const meter = new TokenMeter();
    const running = measure(meter);
    meter.use(encoder);
    const estimated = running.total(passage);
    expect(running.isExact).toBe(false);
    expect(estimated).toBe(measure(new TokenMeter()).total(passage));
    const next = measure(meter);
    expect(next.isExact).toBe(true);
    expect(next.total(passage)).toBe(countFromScratch(passage));
    expect(running.total(passage)).toBe(estimated);
  });

  test("of a model's own goes before the usual one, from when it is there", () => {
    let own: Encoder | undefined;
    const meter = new TokenMeter(name => (name === model ? own : undefined));
    expect(measure(meter).isExact).toBe(false);
    own = coarser;
    expect(measure(meter).isExact).toBe(true);
    expect(measure(meter).total(passage)).toBe(countFromScratch(passage, {}, coarser));
    const other = 'command-r-08-2024';
    expect(measure(meter, other).isExact).toBe(false);
    meter.use(encoder);
    expect(measure(meter, other).total(passage)).toBe(countFromScratch(passage, { model: other }));
    expect(measure(meter).total(passage)).toBe(countFromScratch(passage, {}, coarser));
  });
});

describe('what was learned', () => {
  const passage = new Passage({
    lead: [system],
    history: History.of([user('a'), ...step(0)]),
    rest: [user('b')],
  });

  test('is among the total, and shown with its mix of features', () => {
    const meter = meterWith();
    const measured = meter.measure(describedFor(passage), passage);
    const counted = measured.total(passage);
    const features = 'tools calls developer';
    expect(measured.learned(passage)).toEqual({ correction: 0, answers: 0, features });
    for (let answer = 0; answer < 3; answer += 1) measured.learn(passage, counted + 30, 'answer');
    expect(measured.learned(passage)).toEqual({ correction: 30, answers: 3, features });
    expect(measured.total(passage)).toBe(counted + 30);
    const plain = Passage.of([user('a')]);
    const other = meter.measure(describedFor(plain, { tools: false }), plain);
    expect(other.learned(plain)).toEqual({ correction: 0, answers: 0, features: 'plain' });
    measured.learn(passage, counted + 500, 'refusal');
    expect(measured.total(passage)).toBe(counted + 500);
  });

  test('from estimates says nothing about counts', () => {
    const meter = new TokenMeter();
    const estimated = meter.measure(describedFor(passage), passage);
    for (let answer = 0; answer < 3; answer += 1) estimated.learn(passage, 2_000, 'answer');
    expect(estimated.learned(passage).features).toBe('tools calls developer estimated');
    meter.use(encoder);
    expect(meter.measure(describedFor(passage), passage).learned(passage).answers).toBe(0);
  });
});
