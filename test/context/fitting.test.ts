// Prompts that do not fit: cut, refused where that is asked for, and cut again where Cohere counts more than we do.
import { afterEach, expect, it } from 'vitest';
import { fixture } from '../support/fixtures.ts';
import { ProxyUnderTest } from '../support/proxy-under-test.ts';
import { error } from '../support/upstream-script.ts';

let proxy: ProxyUnderTest | undefined;
afterEach(() => proxy?.stop());

const model = 'command-a-translate-08-2025';
const long = (words: number) => 'word '.repeat(words);
const history = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'The task.' },
  ...Array.from({ length: 40 }, (_, n) => [
    { role: 'assistant', content: `Answer ${n}: ${long(150)}` },
    { role: 'user', content: `Question ${n}: ${long(150)}` },
  ]).flat(),
];

async function start(): Promise<ProxyUnderTest> {
  proxy = await ProxyUnderTest.start();
  return proxy;
}

interface SentMessages {
  readonly messages: readonly { readonly role: string; readonly content: string }[];
}

it('cuts the oldest, keeps the task and the latest words, says so in a header', async () => {
  const { fake, chat } = bound(await start());
  fake.replyJson(JSON.parse(fixture('plain.json')));
  const response = await chat({ model, messages: history });
  expect(response.status).toBe(200);
  expect(response.headers.get('x-context-truncated')).toMatch(/^messages=\d+, results=0$/);
  const { messages } = (await fake.nextChatRequest()).json as SentMessages;
  expect(messages.length).toBeLessThan(history.length);
  expect(messages.slice(0, 2)).toEqual(history.slice(0, 2));
  expect(messages[2]?.content).toMatch(/^\[\d+ earlier messages were left out/);
  expect(messages.at(-1)).toEqual(history.at(-1));
});

it('truncation: "disabled" refuses it in the words that agents know; nothing is sent', async () => {
  const { fake, chat } = bound(await start());
  const response = await chat({ model, messages: history, truncation: 'disabled' });
  expect(response.status).toBe(400);
  const { error: refusal } = (await response.json()) as { error: { code: string; message: string } };
  expect(refusal.code).toBe('context_length_exceeded');
  expect(refusal.message).toMatch(/maximum context length is \d+ tokens.*resulted in \d+ tokens/);
  expect(fake.chatRequests).toEqual([]);
});

it('a client that wants more room for the answer than the model has leaves half of the context to the prompt', async () => {
  const { url } = await start();
  const count = async (max_tokens?: number) => {
    const response = await fetch(`${url}/v1/chat/completions/input_tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, messages: history, max_tokens }),
    });
    return ((await response.json()) as { budget: number }).budget;
  };
  expect(await count(1_000)).toBe(8_992 - 1_000);
  expect(await count(8_192)).toBe(8_992 / 2);
  expect(await count()).toBe(8_992 - 8_992 / 4);
});

it('Cohere counts more: its figures are believed, the prompt is cut again, once', async () => {
  const { fake, chat } = bound(await start());
  const message =
    'too many tokens: size limit exceeded by 3000 tokens. Try using shorter or fewer inputs. The limit for this model is 8992 tokens.';
  fake.script(...error(400, { message }));
  fake.replyJson(JSON.parse(fixture('plain.json')));
  expect((await chat({ model, messages: history })).status).toBe(200);
  const first = ((await fake.nextChatRequest()).json as SentMessages).messages;
  const second = ((await fake.nextChatRequest()).json as SentMessages).messages;
  expect(second.length).toBeLessThan(first.length);
  expect(second.at(-1)).toEqual(history.at(-1));

  fake.script(...error(400, { message }));
  fake.script(...error(400, { message }));
  const refused = await chat({ model, messages: history });
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({
    error: { code: 'context_length_exceeded', param: 'messages' },
  });
});

it('the stored history stays whole, and the next turn keeps the cut', async () => {
  const { fake, chat } = bound(await start());
  for (let turn = 0; turn < 2; turn += 1) fake.replyJson(JSON.parse(fixture('plain.json')));
  await chat({ model, messages: history, sessionId: 'own' });
  const stored = (await (await fetch(`${proxy?.url}/v1/sessions/own`)).json()) as { messages: unknown[] };
  expect(stored.messages.length).toBe(history.length + 1);
  const first = ((await fake.nextChatRequest()).json as SentMessages).messages;
  await chat({ model, message: 'Go on.', sessionId: 'own' });
  const second = ((await fake.nextChatRequest()).json as SentMessages).messages;
  expect(second.slice(0, first.length)).toEqual(first);
});

it('input_tokens tells the size, the budget and the cut, and asks nobody', async () => {
  const { fake, url } = await start();
  const response = await fetch(`${url}/v1/chat/completions/input_tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: history }),
  });
  const counted = (await response.json()) as Record<string, number>;
  expect(counted).toMatchObject({
    object: 'chat.completion.input_tokens',
    fits: true,
    budget: 8_992 - 2_248,
  });
  expect(counted.input_tokens).toBeLessThanOrEqual(8_992 - 2_248);
  expect(counted.whole_tokens).toBeGreaterThan(12_000);
  expect(fake.chatRequests).toEqual([]);
});

/** The two things that tests use, without `this`. */
function bound(started: ProxyUnderTest) {
  return { fake: started.fake, chat: (body: Readonly<Record<string, unknown>>) => started.chat(body) };
}
