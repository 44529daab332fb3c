// Several proxies that share one store, each with a gate and a memory of its own.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { CohereProxyOptions } from '../../src/index.ts';
import { goodAnswer } from '../support/outcome.ts';
import { type Pair, startPair } from '../support/start.ts';
import { json } from '../support/upstream-script.ts';

export const sharedStores = ['sqlite:'] as const;
export type SharedStore = (typeof sharedStores)[number];

/** Each in front of a Cohere of its own, which says again what it is told. */
export async function startNodes(
  count: number,
  store: SharedStore,
  options: CohereProxyOptions = {},
): Promise<readonly [Pair, Pair, ...Pair[]]> {
  const directory = await mkdtemp(join(tmpdir(), 'cohere-proxy-nodes-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const sessionStore = store + join(directory, 'sessions.db');
  const start = async () => {
    const pair = await startPair({ ...options, sessionStore });
    echo(pair);
    return pair;
  };
  const [first, second] = [await start(), await start()];
  const others: Pair[] = [];
  while (others.length < count - 2) others.push(await start());
  return [first, second, ...others];
}

function echo(pair: Pair): void {
  pair.fake.setDefault(({ json: body }) => {
    const { messages } = body as { messages: { content: string }[] };
    return json(goodAnswer(`re ${messages.at(-1)?.content}`));
  });
}
