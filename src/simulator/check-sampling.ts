// Numbers and their ranges.
import type { ChatBody } from './chat-body.ts';
import type { Model } from './models.ts';
import { badRequest } from './refusal.ts';

export function checkSampling(body: ChatBody, model: Model): void {
  if (isOutside(body.temperature, 0, 1)) throw badRequest('temperature must be between 0 and 1.0 inclusive.');
  if (isOutside(body.p, 0.01, 0.99)) throw badRequest('p must be between 0.01 and 0.99 inclusive.');
  if (isOutside(body.k, 0, 500)) throw badRequest('k must be between 0 and 500 inclusive.');
  if (isOutside(body.frequencyPenalty, 0, 1)) {
    throw badRequest('frequency_penalty must be between 0 and 1.0 inclusive.');
  }
  if (isOutside(body.presencePenalty, 0, 1)) {
    throw badRequest('presence_penalty must be between 0 and 1.0 inclusive.');
  }
  // Reported for some models only: so for all here.
  if (body.frequencyPenalty && body.presencePenalty) {
    throw badRequest('cannot specify both frequency_penalty and presence_penalty.');
  }
  if (isOutside(body.priority, 0, 999)) throw badRequest('priority must be between 0 and 999 inclusive.');
  if (body.stopSequences.length > 5) throw badRequest('stop_sequences must not have more than 5 elements.');
  if (body.stopSequences.includes('')) throw badRequest('stop_sequences must not have empty elements.');
  // No upper end: a larger one than the model's maximum is capped.
  if (isOutside(body.maxTokens, 1, 2 ** 31 - 1)) throw badRequest('max_tokens must be greater than 0.');
  checkTokenBudget(body, model);
}

function checkTokenBudget(body: ChatBody, model: Model): void {
  const budget = body.thinking?.tokenBudget;
  if (budget === undefined) return;
  if (budget <= 0) throw badRequest('thinking.token_budget must be greater than 0');
  if (body.thinking?.type === 'disabled') {
    throw badRequest('thinking.token_budget cannot be specified when thinking is disabled');
  }
  if (budget > maxOutputTokens(body, model)) {
    throw badRequest('thinking.token_budget must be less than or equal to max_tokens');
  }
}

/** What an answer may cost at most, thinking included. */
export function maxOutputTokens(body: ChatBody, model: Model): number {
  return Math.min(body.maxTokens ?? Number.POSITIVE_INFINITY, model.maxOutputTokens ?? 4_000);
}

function isOutside(value: number | undefined, min: number, max: number): boolean {
  return value !== undefined && (value < min || value > max);
}
