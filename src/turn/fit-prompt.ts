// Prompt → what of it fits into the model's context. The stored history stays whole.
import { leftOutBy, viewOf } from '../conversation/apply-cut.ts';
import { earlierCut } from '../conversation/earlier-cut.ts';
import { contextExceeded } from '../conversation/errors.ts';
import { Passage } from '../conversation/passage.ts';
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
/** What an answer's reserve takes of the context at most: by itself, and where the client asks for so much. */
const usualShare = 0.25;
// Agents ask every model for the 8,192 tokens that they ask all for, also one whose context is hardly longer.
const wantedShare = 0.5;

/** Tokens of the context that the prompt may take; the rest is kept for the answer. */
function promptBudget({ settings }: Prompt, info: ModelInfo | undefined): number | undefined {
  const contextLength = info?.contextLength;
  if (contextLength === undefined) return undefined;
  const { maxOutputTokens = usualOutput } = info ?? {};
  const wanted = Math.min(settings.maxTokens ?? maxOutputTokens, maxOutputTokens);
  const share = settings.maxTokens === undefined ? usualShare : wantedShare;
  return contextLength - Math.min(wanted, Math.floor(contextLength * share));
}

/** @throws ProxyError `context_length_exceeded` where it does not fit, or would have to be cut and may not be. */
export function fitPrompt(prompt: Prompt, options: FitOptions): Fitted {
  const fitted = tryFit(prompt, options);
  const { fits, budget = 0 } = fitted;
  if (!fits) throw contextExceeded(budget, Math.max(options.measured.total(prompt.messages), budget + 1));
  return fitted;
}

/** The same without an error: `fits` says whether the prompt may be sent. */
export function tryFit(prompt: Prompt, options: FitOptions): Fitted & { readonly fits: boolean } {
  const { measured, truncation } = options;
  const budget = promptBudget(prompt, options.info);
  if (budget === undefined) return { prompt, cut: undefined, leftOut: 0, shortened: 0, budget, fits: true };
  const isCuttable = truncation === 'auto';
  const cut = isCuttable ? options.cut : undefined;
  const asBefore = applyCut(prompt.messages, cut);
  if (asBefore && measured.total(asBefore) <= budget) {
    return {
      prompt: cut ? { ...prompt, messages: asBefore } : prompt,
      cut,
      leftOut: cut ? leftOutBy(cut) : 0,
      shortened: cut ? Object.keys(cut.shortened).length : 0,
      budget,
      fits: true,
    };
  }
  const { count } = measured;
  const room = budget - measured.overhead;
  const messages = [...prompt.messages];
  const fitted = intelligentTruncateMessages(messages, room, {
    count,
    cut: cut ?? earlierCut(messages, room, count),
  });
  const kept = (fitted.cut && applyCut(prompt.messages, fitted.cut)) ?? Passage.of(fitted.messages);
  return {
    prompt: fitted.cut ? { ...prompt, messages: kept } : prompt,
    cut: fitted.cut,
    leftOut: fitted.leftOut,
    shortened: fitted.shortened,
    budget,
    fits: fitted.fits && (isCuttable || !fitted.cut),
  };
}

/** Undefined where the cut is not one of the history alone. */
function applyCut(messages: Passage, cut: Cut | undefined): Passage | undefined {
  if (!cut) return messages;
  const view = viewOf(cut, messages.history);
  return view && new Passage({ lead: messages.lead, history: messages.history, view, rest: messages.rest });
}
