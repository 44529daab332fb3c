// P9: whatever several clients under one key do to their conversations, each finds its own again, Cohere hears its own
// words, and what is stored is what was said.
import fc from 'fast-check';
import { afterAll, beforeAll, test, vi } from 'vitest';
import { CohereProxyServer } from '../../src/index.ts';
import { FakeCohere } from '../support/fake-cohere.ts';
import { fromSeed } from './from-seed.ts';
import { moves, type Traits } from './recognition-model-client.ts';
import { Run, type Started, type Step } from './recognition-model-run.ts';

let fake: FakeCohere;
let server: CohereProxyServer;
let url = '';
beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  fake = await FakeCohere.start();
  server = new CohereProxyServer({
    sessionStore: 'memory:',
    cohereBaseUrl: fake.url,
    proxySecret: 'f'.repeat(64),
    port: 0,
    tokenizer: 'none',
    logLevel: 'silent',
  });
  url = (await server.listen()).url;
});
afterAll(async () => {
  await server.close();
  await fake.close();
  vi.useRealTimers();
});

/** As it is printed it can be tried again. */
const plain = { noNullPrototype: true };

const traits: fc.Arbitrary<Traits> = fc.record(
  {
    isAlike: fc.constantFrom(true, true, false),
    user: fc.constantFrom(undefined, undefined, undefined, 'ada', 'bob'),
    label: fc.constantFrom(undefined, undefined, undefined, 'chat-1', 'chat-2'),
    hasSystem: fc.constantFrom(true, true, false),
    hasTools: fc.constantFrom(true, true, false),
  },
  plain,
);

const step: fc.Arbitrary<Step> = fc.record(
  {
    who: fc.nat(3),
    move: fc.oneof(
      { weight: 3, arbitrary: fc.constant('go on' as const) },
      { weight: 4, arbitrary: fc.constantFrom(...moves) },
    ),
    how: fc.oneof(
      { weight: 6, arbitrary: fc.constant('answered' as const) },
      {
        weight: 5,
        arbitrary: fc.constantFrom(
          'fails' as const,
          'breaks off' as const,
          'is left' as const,
          'waits' as const,
          'waits' as const,
          'races' as const,
          'named' as const,
          'message' as const,
          'delete' as const,
        ),
      },
    ),
    losses: fc.nat(),
    choices: fc.nat(),
  },
  plain,
);

test('P9 every branch is stored once, as it was said, and Cohere hears its own words', async () => {
  const clients = fc.array(traits, { minLength: 2, maxLength: 4 });
  const steps = fc.array(step, { minLength: 6, maxLength: 14 });
  const started: Started = { fake, url };
  await fc.assert(
    fc.asyncProperty(clients, steps, async (all, course) => {
      const run = new Run(started, all);
      try {
        for (const one of course) await run.do(one);
        await run.check();
      } finally {
        await run.end();
      }
    }),
    fromSeed('recognition model', 100),
  );
}, 120_000);
