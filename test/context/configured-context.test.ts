// `contexts` over the wire: what is configured is what prompts are fitted to.
import { expect, test } from 'vitest';
import { goodAnswer } from '../support/outcome.ts';
import { startPair } from '../support/start.ts';

const model = 'command-a-03-2025';

async function budgetOf(pair: Awaited<ReturnType<typeof startPair>>, named: string): Promise<unknown> {
  const response = await pair.send('POST', '/v1/chat/completions/input_tokens', {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: named, max_tokens: 1_000, messages: [{ role: 'user', content: 'Hi' }] }),
  });
  return ((await response.json()) as { budget?: unknown }).budget;
}

test('a configured context holds for a listed model, and for one that nobody knows', async () => {
  const pair = await startPair({ contexts: { [model]: 9_000, 'of-a-gateway': 7_000 } });
  expect(await budgetOf(pair, model)).toBe(8_000);
  expect(await budgetOf(pair, 'of-a-gateway')).toBe(6_000);
  const list = await pair.send('GET', '/v1/models');
  const { data } = (await list.json()) as { data: { id: string; context_length: number }[] };
  expect(data.find(({ id }) => id === model)?.context_length).toBe(9_000);
  // Fetched by now, and it says more.
  expect(await budgetOf(pair, model)).toBe(8_000);
});

test('what does not fit it is cut before Cohere is asked', async () => {
  const pair = await startPair({ contexts: { [model]: 4_000 } });
  pair.fake.replyJson(goodAnswer('Hello.'));
  const said = ['one', 'two', 'three', 'four', 'five'];
  const messages = said.flatMap(name => [
    { role: 'user', content: `${name} ${'word '.repeat(800)}` },
    { role: 'assistant', content: `Answer to ${name}.` },
  ]);
  const response = await pair.post({ model, messages: [...messages, { role: 'user', content: 'Go on.' }] });
  expect(response.headers.get('x-context-truncated')).toMatch(/^messages=[1-9]/);
  const { messages: sent } = (await pair.fake.nextChatRequest()).json as { messages: unknown[] };
  expect(sent.length).toBeLessThan(messages.length);
});
