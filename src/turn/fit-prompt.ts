// Prompt → what of it fits into the model's context. The stored history stays whole.
import { leftOutBy, viewOf } from '../conversation/apply-cut.ts';
import { earlierCut } from '../conversation/earlier-cut.ts';
import { contextExceeded } from '../conversation/errors.ts';
import { fitImages, imagePaths } from '../conversation/fit-images.ts';
import { Passage } from '../conversation/passage.ts';
import { findCut, type RememberedCut, rememberCut } from '../conversation/remembered-cuts.ts';
import { type Cut, intelligentTruncateMessages, targetShare } from '../conversation/truncate.ts';
import type { Measured, ModelInfo, Prompt } from './model.ts';

export interface Fitted {
  readonly prompt: Prompt;
  /** What the session is to remember after this turn. */
  readonly cuts: readonly RememberedCut[];
  /** How many messages are left out, how many tool results are given in short. */
  readonly leftOut: number;
  readonly shortened: number;
  /** The paths of images that gave way to later ones, that could not be read, or that the model does not take. */
  readonly images: readonly string[];
  /** Tokens that the prompt may have. */
  readonly budget: number;
}

export interface FitOptions {
  readonly measured: Measured;
  readonly info: ModelInfo | undefined;
  /** The cuts that the session's latest turns were given. */
  readonly cuts: readonly RememberedCut[] | undefined;
  readonly truncation: 'auto' | 'disabled';
  readonly wordsInResults?: boolean | undefined;
  /** Whether Cohere could not read the image at this address. */
  readonly isRefusedImage?: ((url: string) => boolean) | undefined;
  /** The budget that the model's next turn will start from, where this turn had to learn a smaller one. */
  readonly usualBudget?: number | undefined;
}

/** Where neither Cohere's list nor the configuration knows a model. */
const usualContext = 128_000;
/** Where neither the client nor the model's table says how long an answer may be. */
const usualOutput = 4_096;
/** What an answer's reserve takes of the context at most: by itself, and where the client asks for so much. */
const usualShare = 0.25;
// Agents ask every model for the 8,192 tokens that they ask all for, also one whose context is hardly longer.
const wantedShare = 0.5;

/** Tokens of the context that the prompt may take; the rest is kept for the answer. */
function promptBudget({ settings }: Prompt, info: ModelInfo | undefined): number {
  const { contextLength = usualContext, maxOutputTokens = usualOutput } = info ?? {};
  const wanted = Math.min(settings.maxTokens ?? maxOutputTokens, maxOutputTokens);
  const share = settings.maxTokens === undefined ? usualShare : wantedShare;
  return contextLength - Math.min(wanted, Math.floor(contextLength * share));
}

/** @throws ProxyError `context_length_exceeded` where it does not fit, or would have to be cut and may not be. */
export function fitPrompt(prompt: Prompt, options: FitOptions): Fitted {
  const fitted = tryFit(prompt, options);
  const { fits, budget } = fitted;
  if (!fits) throw contextExceeded(budget, Math.max(options.measured.total(prompt.messages), budget + 1));
  return fitted;
}

/** The same without an error: `fits` says whether the prompt may be sent. */
export function tryFit(asked: Prompt, options: FitOptions): Fitted & { readonly fits: boolean } {
  const { measured, truncation, cuts = [], info } = options;
  const budget = promptBudget(asked, info);
  const isSeeing = info?.features?.has('vision') ?? true;
  const { messages, leftOut: images } = isSeeing
    ? fitImages(asked.messages, { isRefused: options.isRefusedImage, isLimited: truncation === 'auto' })
    : { messages: asked.messages, leftOut: imagePaths(asked.messages) };
  const prompt = messages === asked.messages ? asked : { ...asked, messages };
  const uncut = { prompt, leftOut: 0, shortened: 0, images, budget };
  const whole = measured.total(prompt.messages);
  // It neither uses nor ends what other turns were given.
  if (truncation === 'disabled') return { ...uncut, cuts, fits: whole <= budget };
  const name = { model: prompt.model, budget: options.usualBudget ?? budget };
  const former = findCut(cuts, name);
  // A cut ends with its reason, and not where the next words bring it back.
  if (whole <= (former ? budget * targetShare : budget))
    return { ...uncut, cuts: rememberCut(cuts, name, undefined), fits: true };
  const { cut, ...fitted } = cutTo(prompt, budget, former, options);
  return { ...fitted, images, budget, cuts: rememberCut(cuts, name, cut) };
}

interface CutPrompt {
  readonly prompt: Prompt;
  readonly cut: Cut | undefined;
  readonly leftOut: number;
  readonly shortened: number;
  readonly fits: boolean;
}

function cutTo(
  prompt: Prompt,
  budget: number,
  former: Cut | undefined,
  { measured, wordsInResults }: FitOptions,
): CutPrompt {
  const asBefore = former && applyCut(prompt.messages, former);
  if (former && asBefore && measured.total(asBefore) <= budget) {
    return {
      prompt: { ...prompt, messages: asBefore },
      cut: former,
      leftOut: leftOutBy(former),
      shortened: Object.keys(former.shortened).length,
      fits: true,
    };
  }
  const { count } = measured;
  const room = budget - measured.overhead;
  const messages = [...prompt.messages];
  const cut = former ?? earlierCut(messages, room, { count, wordsInResults });
  const fitted = intelligentTruncateMessages(messages, room, { count, cut, wordsInResults });
  const kept = (fitted.cut && applyCut(prompt.messages, fitted.cut)) ?? Passage.of(fitted.messages);
  return { ...fitted, prompt: fitted.cut ? { ...prompt, messages: kept } : prompt };
}

/** Undefined where the cut is not one of the history alone. */
function applyCut(messages: Passage, cut: Cut): Passage | undefined {
  const view = viewOf(cut, messages.history);
  return view && new Passage({ lead: messages.lead, history: messages.history, view, rest: messages.rest });
}
