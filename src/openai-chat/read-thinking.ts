// How much to think, in whose words ever: Cohere's and Anthropic's `thinking`, OpenAI's `reasoning_effort`, OpenRouter's
// `reasoning`. Of several the first in this order wins.
import type { Thinking } from '../conversation/chat-request.ts';
import { efforts } from './efforts.ts';
import type { ChatBody } from './wire.ts';

type Effort = (typeof efforts)[number];

const outputShares = { low: 0.25, medium: 0.5, high: 0.75, xhigh: 0.75, max: 0.75 } as const;

export function readThinking(fields: ChatBody, dropped: string[]): Thinking | undefined {
  const { thinking, reasoning_effort: effort, reasoning } = fields;
  const read = {
    thinking: thinking ? readOwn(thinking) : undefined,
    reasoning_effort: effort ? readEffort(effort, 'reasoning_effort') : undefined,
    reasoning: reasoning === null || reasoning === undefined ? undefined : readReasoning(reasoning, dropped),
  };
  const [first, ...others] = Object.values(read).filter(one => one !== undefined);
  for (const { param } of others) dropped.push(param);
  return first;
}

function readOwn({ type, token_budget, budget_tokens }: NonNullable<ChatBody['thinking']>): Thinking {
  const budget = token_budget ?? budget_tokens;
  // Anthropic's `adaptive` leaves it to the model, and so does -1 elsewhere.
  if (type === 'disabled' || budget === 0) return { type: 'disabled', param: 'thinking' };
  return { type: 'enabled', param: 'thinking', ...budgetOf(budget) };
}

function readEffort(effort: Effort, param: Thinking['param']): Thinking {
  if (effort === 'none' || effort === 'minimal') return { type: 'disabled', param };
  return { type: 'enabled', param, outputShare: outputShares[effort] };
}

/** Others use the name for other things: what is not understood is dropped. */
function readReasoning(reasoning: unknown, dropped: string[]): Thinking | undefined {
  const param = 'reasoning';
  const fields = Object(reasoning) as Readonly<Record<string, unknown>>;
  const { enabled, exclude, max_tokens: budget } = fields;
  const effort = efforts.find(one => one === fields.effort);
  if (exclude === true) dropped.push('reasoning.exclude');
  if (enabled === false || budget === 0) return { type: 'disabled', param };
  if (typeof budget === 'number' && budget >= 1) return { type: 'enabled', param, ...budgetOf(budget) };
  if (effort !== undefined) return readEffort(effort, param);
  if (enabled === true) return { type: 'enabled', param };
  if (exclude !== true) dropped.push(param);
  return undefined;
}

function budgetOf(budget: number | null | undefined): { readonly tokenBudget?: number } {
  return typeof budget === 'number' && budget >= 1 ? { tokenBudget: Math.floor(budget) } : {};
}
