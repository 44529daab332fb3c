// P10 and P12: the store fails at its first, second, third … operation, or throws whatever can be thrown. Every answer
// has the shape of one, what is said to be stored is, and with its key a request ends up stored once.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { ProxyError } from '../../src/conversation/errors.ts';
import { DurableStore } from '../../src/store/durable-store.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { start as begin, frames, messageEnd, text } from '../support/cohere-stream.ts';
import { ask, expectErrorShape, goodAnswer, type Outcome, readSession } from '../support/outcome.ts';
import { startPair } from '../support/start.ts';
import { json, sse } from '../support/upstream-script.ts';
import { fromSeed } from './from-seed.ts';

const operations = ['read', 'hold', 'letGo', 'append', 'recall', 'claim', 'settle'] as const;

/** Every operation of the stores goes through `around` from now on. */
function tapStores(around: (run: () => Promise<unknown>) => Promise<unknown>): void {
  for (const { prototype } of [MemoryStore, DurableStore] as readonly { prototype: object }[]) {
    for (const name of operations) {
      const own = Reflect.get(prototype, name) as (...args: unknown[]) => Promise<unknown>;
      const spy = vi.spyOn(prototype as Record<string, typeof own>, name).mockImplementation(function (
        this: unknown,
        ...args
      ) {
        return around(() => own.apply(this, args));
      });
      onTestFinished(() => spy.mockRestore());
    }
  }
}

function expectWhole(outcome: Outcome): void {
  if (outcome.error) expectErrorShape(outcome);
  // I6: an end is told only where all is well.
  expect(outcome.error !== undefined && (outcome.isDone || outcome.finishReasons.length > 0)).toBe(false);
}

describe.each(['memory', 'sqlite'])('P12 %s', kind => {
  test.each([
    ['fails instead', true, false],
    ['fails instead, streamed', true, true],
    ['fails after it was done', false, false],
    ['fails after it was done, streamed', false, true],
  ])('P12 [I5] each operation in turn %s', async (_how, isInstead, stream) => {
    const directory = mkdtempSync(join(tmpdir(), 'cohere-proxy-p12-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const sessionStore = kind === 'memory' ? 'memory:' : `sqlite:${join(directory, 'sessions.db')}`;
    const pair = await startPair({ sessionStore });
    pair.fake.setDefault(() =>
      stream ? sse(frames(begin, text('said'), messageEnd())) : json(goodAnswer('said')),
    );
    let untilFailure = 0;
    const failure = () => new ProxyError('store_unavailable', 'The session store does not answer.');
    tapStores(async run => {
      untilFailure -= 1;
      if (untilFailure !== 0) return run();
      if (!isInstead) await run();
      throw failure();
    });
    let failed = 0;
    for (let nth = 1; ; nth += 1) {
      const sessionId = `s${nth}`;
      untilFailure = 0;
      const first = await ask(pair, { sessionId, message: 'one', stream });
      expect(first.error).toBeUndefined();
      untilFailure = nth;
      const body = { sessionId, message: 'two', stream };
      const key = { 'idempotency-key': `k${nth}` };
      const outcome = await ask(pair, body, key);
      expectWhole(outcome);
      const isOver = untilFailure > 0;
      untilFailure = 0;
      const after = await readSession(pair, sessionId);
      // Whole turns only; and what was answered is stored (I2, I3).
      expect([2, 4]).toContain(after?.messages.length);
      if (!outcome.error) expect(after?.messages).toHaveLength(4);
      else failed += 1;
      // What a lost lease or claim leaves behind lasts for its time.
      const again = await ask(pair, body, key);
      if (again.error) expect(['conversation_locked', 'idempotency_key_in_use']).toContain(again.error.code);
      else expect((await readSession(pair, sessionId))?.messages).toHaveLength(4);
      if (isOver) break;
    }
    expect(failed).toBeGreaterThan(0);
  });
});

/** What code may throw, if it is bad enough. */
const thrown = fc.oneof(
  fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
  fc.string().map(message => new Error(message)),
  fc.constant(undefined),
  fc.constant(Symbol('thrown')),
  fc.constantFrom<() => unknown>(
    () => {
      const circle: Record<string, unknown> = {};
      circle.cause = circle;
      return circle;
    },
    () =>
      new Proxy(
        {},
        {
          get() {
            throw new Error('a hostile getter');
          },
        },
      ),
    () => Object.assign(new Error('x'), { code: 'not_of_ours', status: 200, toBody: 'no function' }),
    () => Object.defineProperty(new Error('x'), 'message', { get: () => Promise.reject }),
    () => () => {
      throw new Error('a function');
    },
  ),
);

test('P10 [I13] whatever is thrown wherever, the answer has the shape of an error and the process goes on', async () => {
  const pair = await startPair();
  pair.fake.setDefault(() => json(goodAnswer('said')));
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  onTestFinished(() => void process.off('unhandledRejection', unhandled));
  let untilThrow = 0;
  let value: unknown;
  tapStores(async run => {
    untilThrow -= 1;
    if (untilThrow === 0) throw typeof value === 'function' ? value() : value;
    return run();
  });
  let count = 0;
  await fc.assert(
    fc.asyncProperty(thrown, fc.integer({ min: 1, max: 4 }), fc.boolean(), async (what, nth, stream) => {
      count += 1;
      value = what;
      untilThrow = nth;
      const outcome = await ask(pair, { sessionId: `p${count}`, message: 'x', stream });
      untilThrow = 0;
      if (outcome.error) {
        expectErrorShape(outcome);
        expect(outcome.raw).not.toMatch(/hostile|node_modules|\.ts:\d/);
      } else expect(outcome.text).toBe('said');
    }),
    fromSeed('thrown', 150),
  );
  untilThrow = 0;
  expect((await ask(pair, { message: 'y' })).text).toBe('said');
  expect(unhandled).not.toHaveBeenCalled();
});
