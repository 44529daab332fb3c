// The AI SDK, with its loop of steps; it sends reasoning back, and arguments as its schemas have left them.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, isStepCount, type ModelMessage, streamText, tool } from 'ai';
import { describe, test } from 'vitest';
import { z } from 'zod';
import { models } from '../clients/native-answer.ts';
import { expectRecognised, questions, system, type Target, tools } from './driven.ts';

const offered = Object.fromEntries(
  tools.map(({ name, description, answer }) => [
    name,
    // Keys that the schema does not know are gone afterwards.
    tool({ description, inputSchema: z.object({ city: z.string() }), execute: ({ city }) => answer(city) }),
  ]),
);

const modelOf = ({ baseURL, apiKey, fetch, model }: Target) =>
  createOpenAICompatible({ name: 'proxy', baseURL, apiKey, fetch, includeUsage: true }).chatModel(model);

const ways: Readonly<Record<string, (target: Target) => Promise<string[]>>> = {
  async generateText(target) {
    const messages: ModelMessage[] = [];
    const texts: string[] = [];
    for (const content of questions) {
      messages.push({ role: 'user', content });
      const { text, responseMessages } = await generateText({
        model: modelOf(target),
        instructions: system,
        messages,
        tools: offered,
        stopWhen: isStepCount(5),
      });
      messages.push(...responseMessages);
      texts.push(text);
    }
    return texts;
  },

  async streamText(target) {
    const messages: ModelMessage[] = [];
    const texts: string[] = [];
    for (const content of questions) {
      messages.push({ role: 'user', content });
      const result = streamText({
        model: modelOf(target),
        instructions: system,
        messages,
        tools: offered,
        stopWhen: isStepCount(5),
        onError: ({ error }) => {
          throw error;
        },
      });
      texts.push(await result.text);
      messages.push(...(await result.responseMessages));
    }
    return texts;
  },
};

describe.each(models)('the AI SDK, %s', model => {
  test.each(Object.entries(ways))('%s', (_, drive) => expectRecognised(model, drive));
});
