// How large a turn's prompt would be, without taking it: nothing is sent, stored or waited for.
import { tryFit } from './fit-prompt.ts';
import type { Learned } from './model.ts';
import { lookForContinuation } from './open-session.ts';
import { composeFor } from './open-turn.ts';
import { spaceOf, type TurnParts, type TurnRequest } from './turn-parts.ts';

export interface CountedTurn {
  /** Tokens of the prompt as it would be sent, and of the whole conversation. */
  readonly inputTokens: number;
  readonly wholeTokens: number;
  /** Tokens that the prompt may have. */
  readonly budget: number;
  readonly fits: boolean;
  readonly leftOut: number;
  readonly shortened: number;
  readonly isExact: boolean;
  readonly learned: Learned;
}

/** @throws ProxyError as the turn itself would, but for a prompt that is too long. */
export async function countTurn(
  { chat, caller }: Pick<TurnRequest, 'chat' | 'caller'>,
  parts: TurnParts,
): Promise<CountedTurn> {
  const continuation = await lookForContinuation(chat, spaceOf(caller), parts);
  const { composed, info, measured } = await composeFor(chat, caller, continuation, parts);
  const { cuts } = continuation;
  const fitted = tryFit(composed.prompt, {
    measured,
    info,
    cuts,
    truncation: chat.truncation ?? 'auto',
    wordsInResults: chat.wordsInResults,
    isRefusedImage: url => parts.refusedImages.has(url),
  });
  return {
    inputTokens: measured.total(fitted.prompt.messages),
    wholeTokens: measured.total(composed.prompt.messages),
    budget: fitted.budget,
    fits: fitted.fits,
    leftOut: fitted.leftOut,
    shortened: fitted.shortened,
    isExact: measured.isExact,
    learned: measured.learned(fitted.prompt.messages),
  };
}
