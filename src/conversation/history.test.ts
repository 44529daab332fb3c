import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromSeed } from '../../test/properties/from-seed.ts';
import { type Fold, History, type View } from './history.ts';
import type { Message } from './message.ts';

const user = (content: string): Message => ({ role: 'user', content });
const texts = (history: History) => [...history].map(({ content }) => content);

/** What was said in one string, and how often a message was gone through. */
function countedFold() {
  let steps = 0;
  const fold: Fold<string> = {
    start: () => '',
    step(text, { content }) {
      steps += 1;
      return text + String(content);
    },
  };
  return { fold, steps: () => steps };
}

describe('a list', () => {
  test('holds what it was made of, and nothing after its end', () => {
    const history = History.of([user('a'), user('b')]);
    const longer = history.append([user('c')]);
    expect(texts(history)).toEqual(['a', 'b']);
    expect(history.at(2)).toBeUndefined();
    expect(longer.at(2)).toEqual(user('c'));
    expect(longer.at(-1)).toBeUndefined();
    expect(longer.slice(1, 9)).toEqual([user('b'), user('c')]);
    expect(history.slice(1, 9)).toEqual([user('b')]);
  });

  test('two that go on from one place differently do not see each other', () => {
    const start = History.of([user('a')]);
    const [one, two] = [start.append([user('b')]), start.append([user('c')])];
    expect(texts(one.append([user('d')]))).toEqual(['a', 'b', 'd']);
    expect(texts(two)).toEqual(['a', 'c']);
    expect(texts(one.take(0).append([user('e')]))).toEqual(['e']);
    expect(texts(History.empty)).toEqual([]);
    History.empty.append([user('f')]);
    expect(History.empty.length).toBe(0);
  });
});

describe('what is derived', () => {
  test('costs what is new', () => {
    const { fold, steps } = countedFold();
    let history = History.of([user('a'), user('b')]);
    expect(history.fold(fold)).toBe('ab');
    for (const letter of 'cdefgh') {
      history = history.append([user(letter)]);
      expect(history.foldedTo(fold)).toBe(history.length - 1);
      history.fold(fold);
    }
    expect(history.fold(fold)).toBe('abcdefgh');
    expect(steps()).toBe(8);
  });

  test('of a shorter list is its own, and costs the longer one nothing', () => {
    const { fold, steps } = countedFold();
    const history = History.of([user('a'), user('b'), user('c')]);
    history.fold(fold);
    expect(history.take(1).fold(fold)).toBe('a');
    expect(history.take(1).foldedTo(fold)).toBe(0);
    expect(steps()).toBe(4);
    history.fold(fold);
    expect(steps()).toBe(4);
  });

  test('through a view is kept by the view', () => {
    const { fold, steps } = countedFold();
    const view: View = { show: (message, place) => (place === 1 ? [] : [message, user('!')]) };
    const history = History.of([user('a'), user('b'), user('c')]);
    expect(history.fold(fold, view)).toBe('a!c!');
    expect(history.fold(fold)).toBe('abc');
    expect(history.append([user('d')]).fold(fold, view)).toBe('a!c!d!');
    expect(steps()).toBe(9);
  });
});

test('any family of lists holds what a simple model holds, and folds to it', () => {
  const step = fc.record({
    from: fc.nat(),
    take: fc.nat({ max: 12 }),
    add: fc.array(fc.string({ maxLength: 2 }), { maxLength: 3 }),
    folded: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), steps => {
      const { fold } = countedFold();
      const lists: { history: History; model: string[] }[] = [{ history: History.empty, model: [] }];
      for (const { from, take, add, folded } of steps) {
        const base = lists[from % lists.length];
        if (!base) continue;
        lists.push({
          history: base.history.take(take).append(add.map(user)),
          model: [...base.model.slice(0, take), ...add],
        });
        if (folded) expect(lists.at(-1)?.history.fold(fold)).toBe(lists.at(-1)?.model.join(''));
      }
      for (const { history, model } of lists) {
        expect(texts(history)).toEqual(model);
        expect(history.fold(fold)).toBe(model.join(''));
      }
    }),
    fromSeed('histories'),
  );
});
