// What a repeat cannot mend is asked once, whichever library asks and whatever it makes of `x-should-retry`: XC7. With
// each library's own settings.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { HumanMessage } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import { generateText, streamText } from 'ai';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { fixture } from '../support/fixtures.ts';
import { startPair } from '../support/start.ts';
import { error, type Step } from '../support/upstream-script.ts';

interface Target {
  readonly baseURL: string;
  readonly apiKey: string;
  readonly fetch: typeof fetch;
}

const model = 'command-a-03-2025';
const said = 'Hello';

const clients: Readonly<Record<string, (target: Target) => Promise<unknown>>> = {
  'openai, whole': target =>
    new OpenAI(target).chat.completions.create({ model, messages: [{ role: 'user', content: said }] }),
  'openai, streamed': async target => {
    const messages = [{ role: 'user' as const, content: said }];
    const stream = await new OpenAI(target).chat.completions.create({ model, messages, stream: true });
    for await (const _ of stream);
  },
  'AI SDK, whole': target =>
    generateText({
      model: createOpenAICompatible({ name: 'proxy', ...target }).chatModel(model),
      prompt: said,
    }),
  'AI SDK, streamed': async target => {
    let failure: unknown;
    const result = streamText({
      model: createOpenAICompatible({ name: 'proxy', ...target }).chatModel(model),
      prompt: said,
      onError: ({ error }) => {
        failure = error;
      },
    });
    for await (const _ of result.textStream);
    if (failure) throw failure;
  },
  'LangChain, whole': ({ apiKey, baseURL, fetch }) =>
    new ChatOpenAI({ model, apiKey, configuration: { baseURL, fetch } }).invoke([new HumanMessage(said)]),
  'LangChain, streamed': async ({ apiKey, baseURL, fetch }) => {
    const chat = new ChatOpenAI({ model, apiKey, configuration: { baseURL, fetch } });
    for await (const _ of await chat.stream([new HumanMessage(said)]));
  },
};

const json = (name: string) => JSON.parse(fixture(`errors/${name}.json`));

/** What Cohere says, the status that clients are given, and how often Cohere is asked. */
const refusals: readonly (readonly [string, Step[], number, number])[] = [
  ["the proxy's own key is refused", error(401, json('401-invalid-token')), 403, 1],
  ["the proxy's own key may not", error(403, { message: 'not for this key' }), 403, 1],
  ['a refused request', error(422, json('422-unknown-field')), 400, 1],
  ['a refused request in other words', error(400, { detail: [{ msg: 'no' }] }), 400, 1],
  ['a prompt that is too long', error(400, { message: 'too many tokens: far too many' }), 400, 1],
  ['no such model', error(404, json('404-model-not-found')), 404, 1],
  ['no such server', error(404, '<html>not here</html>', {}, 'text/html'), 404, 1],
  ['too large', error(413, { message: 'too large' }), 413, 1],
  ['a method that is not allowed', error(405, ''), 400, 1],
  ['blocked', error(498, { message: 'blocked' }), 400, 1],
  ['a generation that fails', error(422, json('422-invalid-tool-generation')), 422, 2],
  ['one that fails without a type', error(422, { message: 'No valid response generated' }), 422, 2],
];

describe.each(Object.entries(clients))('%s', (name, ask) => {
  // LangChain repeats 422, which is what Cohere says of a generation that failed, and which another try may mend.
  const asked = refusals.filter(([, , status]) => status !== 422 || !name.startsWith('LangChain'));
  it.each(asked)('[XC7] [XC6] %s: asked once', async (_what, steps, status, calls) => {
    const pair = await startPair();
    pair.fake.setDefault(() => steps);
    const statuses: number[] = [];
    const counting: typeof fetch = async (...request) => {
      const response = await fetch(...request);
      statuses.push(response.status);
      return response;
    };
    await expect(
      ask({ baseURL: `${pair.url}/v1`, apiKey: 'any-key-at-all', fetch: counting }),
    ).rejects.toThrow();
    expect(statuses).toEqual([status]);
    expect(pair.fake.chatRequests).toHaveLength(calls);
  });
});
