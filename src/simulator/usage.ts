// `usage`, in Cohere's words and order.
import type { PromptTokens } from './count-tokens.ts';
import type { CutAnswer } from './cut-answer.ts';
import type { JsonObject } from './json.ts';

export function writeUsage(prompt: PromptTokens, answer: CutAnswer, cachedTokens: number): JsonObject {
  return {
    billed_units: { input_tokens: prompt.billed, output_tokens: answer.billedTokens },
    tokens: {
      input_tokens: prompt.input,
      output_tokens: answer.outputTokens,
      ...(prompt.images > 0 ? { image_tokens: prompt.images } : {}),
    },
    cached_tokens: cachedTokens,
  };
}
