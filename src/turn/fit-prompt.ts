// Prompt → what of it fits into the model's context. The stored history stays whole.
import { contextExceeded } from '../conversation/errors.ts';
import { type Cut, intelligentTruncateMessages } from '../conversation/truncate.ts';
import type { Measured, ModelInfo, Prompt } from './model.ts';

export interface Fitted {
  readonly prompt: Prompt;
  readonly cut: Cut | undefined;
  /** How many messages are left out, how many tool results are given in short. */
  readonly leftOut: number;
  readonly shortened: number;
  /** Tokens that the prompt may have; undefined where the model's context is not known. */
  readonly budget: number | undefined;
}

export interface FitOptions {
  readonly measured: Measured;
  readonly info: ModelInfo | undefined;
  /** The cut that the session's last turn was given. */
  readonly cut: Cut | undefined;
  readonly truncation: 'auto' | 'disabled';
}

/** Where neither the client nor the model's table says how long an answer may be. */
const usualOutput = 4_096;
/** An answer's reserve never takes more of the context than this. */
const maxOutputShare = 0.25;

/** Tokens of the context that the prompt may take; the rest is kept for the answer. */
function promptBudget({ settings }: Prompt, info: ModelInfo | undefined): number | undefined {
  const contextLength = info?.contextLength;
  if (contextLength === undefined) return undefined;
  const { maxOutputTokens = usualOutput } = info ?? {};
  const wanted = Math.min(settings.maxTokens ?? maxOutputTokens, maxOutputTokens);
  const reserve =
    settings.maxTokens === undefined ? Math.min(wanted, Math.floor(contextLength * maxOutputShare)) : wanted;
  return Math.max(0, contextLength - reserve);
}

/** @throws ProxyError `context_length_exceeded` where it does not fit, or would have to be cut and may not be. */
export function fitPrompt(prompt: Prompt, options: FitOptions): Fitted {
  const fitted = tryFit(prompt, options);
  const { fits, budget = 0 } = fitted;
  if (!fits) throw contextExceeded(budget, Math.max(options.measured.total(prompt.messages), budget + 1));
  return fitted;
}

/** The same without an error: `fits` says whether the prompt may be sent. */
export function tryFit(
  prompt: Prompt,
  { measured, info, cut, truncation }: FitOptions,
): Fitted & { readonly fits: boolean } {
  const budget = promptBudget(prompt, info);
  if (budget === undefined) return { prompt, cut: undefined, leftOut: 0, shortened: 0, budget, fits: true };
  const isCuttable = truncation === 'auto';
  const fitted = intelligentTruncateMessages(prompt.messages, budget - measured.overhead, {
    count: measured.count,
    cut: isCuttable ? cut : undefined,
  });
  const { messages, leftOut, shortened } = fitted;
  return {
    prompt: fitted.cut ? { ...prompt, messages } : prompt,
    cut: fitted.cut,
    leftOut,
    shortened,
    budget,
    fits: fitted.fits && (isCuttable || !fitted.cut),
  };
}
