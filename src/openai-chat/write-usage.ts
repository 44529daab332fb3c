// Our usage → OpenAI's.
import type { Usage } from '../conversation/turn-event.ts';

export interface OpenAIUsage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details?: { readonly cached_tokens: number };
}

/** The whole prompt as the model saw it: agents decide by this figure when to condense. */
export function writeUsage({ inputTokens, outputTokens, cachedTokens, imageTokens = 0 }: Usage): OpenAIUsage {
  // Cohere counts images beside `input_tokens`.
  const prompt_tokens = inputTokens + imageTokens;
  return {
    prompt_tokens,
    completion_tokens: outputTokens,
    total_tokens: prompt_tokens + outputTokens,
    ...(cachedTokens === undefined ? {} : { prompt_tokens_details: { cached_tokens: cachedTokens } }),
  };
}
