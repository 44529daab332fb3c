// The official OpenAI client: by hand, streamed, and with its helper that runs tools.
import OpenAI from 'openai';
import type { RunnableToolFunctionWithParse } from 'openai/lib/RunnableFunction';
import type {
  ChatCompletionMessage,
  ChatCompletionMessageParam,
  ChatCompletionTool,
} from 'openai/resources/chat/completions';
import { describe, test } from 'vitest';
import { models } from '../clients/native-answer.ts';
import { answerOf, expectRecognised, parameters, questions, system, type Target, tools } from './driven.ts';

const offered: ChatCompletionTool[] = tools.map(({ name, description }) => ({
  type: 'function',
  function: { name, description, parameters },
}));

const runnable = tools.map(
  ({ name, description, answer }): RunnableToolFunctionWithParse<{ city: string }> => ({
    type: 'function',
    function: { name, description, parameters, parse: JSON.parse, function: ({ city }) => answer(city) },
  }),
);

const clientOf = ({ baseURL, apiKey, fetch }: Target) => new OpenAI({ baseURL, apiKey, fetch });
const begin = (): ChatCompletionMessageParam[] => [{ role: 'system', content: system }];

type Ask = (
  client: OpenAI,
  model: string,
  messages: ChatCompletionMessageParam[],
) => Promise<ChatCompletionMessage>;

/** The loop that everybody writes: the message as it came goes back into the list. */
async function byHand(target: Target, ask: Ask): Promise<string[]> {
  const messages = begin();
  const texts: string[] = [];
  for (const question of questions) {
    messages.push({ role: 'user', content: question });
    for (;;) {
      const message = await ask(clientOf(target), target.model, messages);
      messages.push(message);
      if (!message.tool_calls) {
        texts.push(message.content ?? '');
        break;
      }
      for (const call of message.tool_calls) {
        if (call.type !== 'function') throw new Error(`a call of type ${call.type}`);
        const { name, arguments: text } = call.function;
        messages.push({
          role: 'tool',
          tool_call_id: call.id,
          content: answerOf(name, JSON.parse(text).city),
        });
      }
    }
  }
  return texts;
}

const ways: Readonly<Record<string, (target: Target) => Promise<string[]>>> = {
  create: target =>
    byHand(target, async (client, model, messages) => {
      const completion = await client.chat.completions.create({ model, messages, tools: offered });
      const [choice] = completion.choices;
      if (!choice) throw new Error('no choice');
      return choice.message;
    }),

  stream: target =>
    byHand(target, (client, model, messages) =>
      client.chat.completions.stream({ model, messages, tools: offered }).finalMessage(),
    ),

  async runTools(target) {
    let messages = begin();
    const texts: string[] = [];
    for (const content of questions) {
      messages.push({ role: 'user', content });
      const runner = clientOf(target).chat.completions.runTools({
        model: target.model,
        messages,
        tools: runnable,
      });
      texts.push((await runner.finalContent()) ?? '');
      messages = [...runner.messages];
    }
    return texts;
  },

  async 'runTools, streamed'(target) {
    let messages = begin();
    const texts: string[] = [];
    for (const content of questions) {
      messages.push({ role: 'user', content });
      const runner = clientOf(target).chat.completions.runTools({
        model: target.model,
        messages,
        tools: runnable,
        stream: true,
      });
      texts.push((await runner.finalContent()) ?? '');
      messages = [...runner.messages];
    }
    return texts;
  },
};

describe.each(models)('the OpenAI client, %s', model => {
  test.each(Object.entries(ways))('%s', (_, drive) => expectRecognised(model, drive));
});
