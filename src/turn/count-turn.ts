// How large a turn's prompt would be, without taking it: nothing is sent, stored or waited for.
import { sessionNotFound } from '../conversation/session.ts';
import { tryFit } from './fit-prompt.ts';
import { isBegunBy } from './open-session.ts';
import { composeFor } from './open-turn.ts';
import type { TurnParts, TurnRequest } from './run-turn.ts';

export interface CountedTurn {
  /** Tokens of the prompt as it would be sent, and of the whole conversation. */
  readonly inputTokens: number;
  readonly wholeTokens: number;
  /** Tokens that the prompt may have; undefined where the model's context is not known. */
  readonly budget: number | undefined;
  readonly fits: boolean;
  readonly leftOut: number;
  readonly shortened: number;
  readonly isExact: boolean;
}

/** @throws ProxyError as the turn itself would, but for a prompt that is too long. */
export async function countTurn(
  { chat, caller }: Pick<TurnRequest, 'chat' | 'caller'>,
  parts: TurnParts,
): Promise<CountedTurn> {
  const { id } = chat.session;
  const { owner, user } = caller;
  const read = id === undefined || !parts.store ? undefined : await parts.store.read({ owner, user, id });
  const session = read?.status === 'found' ? read.session : undefined;
  if (read && id !== undefined && !session && !isBegunBy(chat.session, read.status)) {
    throw sessionNotFound(id, read.status === 'expired');
  }
  const { composed, info } = await composeFor(chat, caller, session, parts);
  const measured = parts.meter.measure(composed.prompt, info);
  const cut = chat.session.dialect === 'session' ? session?.cut : undefined;
  const fitted = tryFit(composed.prompt, { measured, info, cut, truncation: chat.truncation ?? 'auto' });
  return {
    inputTokens: measured.total(fitted.prompt.messages),
    wholeTokens: measured.total(composed.prompt.messages),
    budget: fitted.budget,
    fits: fitted.fits,
    leftOut: fitted.leftOut,
    shortened: fitted.shortened,
    isExact: measured.isExact,
  };
}
