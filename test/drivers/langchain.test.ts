// LangChain: it shows reasoning and does not send it back, and writes arguments anew from what it parsed.
import {
  type AIMessage,
  type AIMessageChunk,
  type BaseMessage,
  HumanMessage,
  SystemMessage,
  ToolMessage,
} from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import { describe, test } from 'vitest';
import { models } from '../clients/native-answer.ts';
import { answerOf, expectRecognised, parameters, questions, system, type Target, tools } from './driven.ts';

const offered = tools.map(({ name, description }) => ({
  type: 'function' as const,
  function: { name, description, parameters },
}));

const modelOf = ({ baseURL, apiKey, fetch, model }: Target) =>
  new ChatOpenAI({ model, apiKey, configuration: { baseURL, fetch } }).bindTools(offered);

type Ask = (target: Target, messages: BaseMessage[]) => Promise<AIMessage | AIMessageChunk>;

async function hold(target: Target, ask: Ask): Promise<string[]> {
  const messages: BaseMessage[] = [new SystemMessage(system)];
  const texts: string[] = [];
  for (const question of questions) {
    messages.push(new HumanMessage(question));
    for (;;) {
      const message = await ask(target, messages);
      messages.push(message);
      const { tool_calls = [] } = message;
      if (tool_calls.length === 0) {
        texts.push(message.text);
        break;
      }
      for (const { id = '', name, args } of tool_calls)
        messages.push(new ToolMessage({ tool_call_id: id, name, content: answerOf(name, args.city) }));
    }
  }
  return texts;
}

const ways: Readonly<Record<string, (target: Target) => Promise<string[]>>> = {
  invoke: target => hold(target, (of, messages) => modelOf(of).invoke(messages)),

  stream: target =>
    hold(target, async (of, messages) => {
      let whole: AIMessageChunk | undefined;
      for await (const chunk of await modelOf(of).stream(messages)) whole = whole?.concat(chunk) ?? chunk;
      if (!whole) throw new Error('an empty stream');
      return whole;
    }),
};

describe.each(models)('LangChain, %s', model => {
  test.each(Object.entries(ways))('%s', (_, drive) => expectRecognised(model, drive));
});
