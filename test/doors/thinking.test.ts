// How much to think, in the words of several APIs.
import { describe, expect, test } from 'vitest';
import { everyWay, storeOf } from '../support/both-stores.ts';
import { expectAnswered, goodAnswer, readOutcome } from '../support/outcome.ts';
import { startPair } from '../support/start.ts';
import { json } from '../support/upstream-script.ts';

const thinks = 'command-a-reasoning-08-2025';
const budget = (token_budget: number) => ({ type: 'enabled', token_budget });
const off = { type: 'disabled' };

describe.each(everyWay)('%s, %s', (store, way) => {
  const stream = way === 'streamed';
  test.each<[asked: object, thinking: object | undefined, dropped?: string | undefined, clamped?: string]>([
    [{ thinking: { type: 'enabled', budget_tokens: 2000 } }, budget(2000)],
    [{ thinking: { type: 'enabled', budget_tokens: 1500.5 } }, budget(1500)],
    [{ thinking: { type: 'enabled', budget_tokens: -1 } }, { type: 'enabled' }],
    [{ thinking: { type: 'enabled', budget_tokens: 0 } }, off],
    [{ thinking: { type: 'enabled', token_budget: 3, budget_tokens: 2000 } }, budget(3)],
    [{ thinking: { type: 'disabled', budget_tokens: 2000 } }, off],
    [{ thinking: { type: 'adaptive' } }, { type: 'enabled' }],
    [
      { thinking: { type: 'enabled', budget_tokens: 9000 } },
      budget(4000),
      undefined,
      'thinking.token_budget=4000',
    ],
    [{ reasoning: { max_tokens: 2000 } }, budget(2000)],
    [{ reasoning: { max_tokens: 9000 } }, budget(4000), undefined, 'reasoning.max_tokens=4000'],
    [{ reasoning: { effort: 'low' } }, budget(1000)],
    [{ reasoning: { effort: 'high', max_tokens: 9 } }, budget(9)],
    [{ reasoning: { effort: 'none' } }, off],
    [{ reasoning: { enabled: false } }, off],
    [{ reasoning: { enabled: true } }, { type: 'enabled' }],
    [{ reasoning: { effort: 'medium', exclude: true } }, budget(2000), 'reasoning.exclude'],
    [{ reasoning: { exclude: true } }, undefined, 'reasoning.exclude'],
    [{ reasoning: { effort: 'huge' } }, undefined, 'reasoning'],
    [{ reasoning: 'high' }, undefined, 'reasoning'],
    [{ reasoning: null }, undefined],
    [{ reasoning: { effort: 'low' }, reasoning_effort: 'high' }, budget(3000), 'reasoning'],
    [{ reasoning: { effort: 'low' }, thinking: { type: 'disabled' } }, off, 'reasoning'],
  ])('[XC11] %j', async (asked, thinking, dropped, clamped) => {
    const pair = await startPair({ sessionStore: storeOf(store) });
    pair.fake.setDefault(() => json(goodAnswer('x')));
    const outcome = await readOutcome(
      await pair.post({ model: thinks, message: 'Think.', max_tokens: 4000, stream, ...asked }),
    );
    expectAnswered(outcome, 'x');
    expect(Object(pair.fake.chatRequests[0]?.json).thinking).toEqual(thinking);
    expect(outcome.headers.get('x-dropped-parameters')).toBe(dropped ?? null);
    expect(outcome.headers.get('x-clamped-parameters')).toBe(clamped ?? null);
  });

  test('[XC11] a model that does not think is asked without it', async () => {
    const pair = await startPair({ sessionStore: storeOf(store) });
    pair.fake.setDefault(() => json(goodAnswer('x')));
    const body = { model: 'command-a-03-2025', message: 'Think.', stream, reasoning: { max_tokens: 2000 } };
    const outcome = await readOutcome(await pair.post(body));
    expectAnswered(outcome, 'x');
    expect(pair.fake.chatRequests[0]?.json).not.toHaveProperty('thinking');
    expect(outcome.headers.get('x-dropped-parameters')).toBe('reasoning');
  });
});
