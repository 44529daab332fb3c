// By what a session can be found after a turn.
import { type AnchorChain, anchorChain, openingOf } from '../conversation/anchor.ts';
import type { History } from '../conversation/history.ts';
import type { Message } from '../conversation/message.ts';

/** @param isNew whether the session does not know yet how it began */
export function anchorsLeftBy(history: History, said: readonly Message[], isNew: boolean): string[] {
  let chain: AnchorChain = history.fold(anchorChain);
  const anchors = isNew && chain.opening !== undefined ? [openingOf(chain)] : [];
  for (const message of said) {
    const next = anchorChain.step(chain, message);
    if (chain.opening === undefined && next.opening !== undefined) anchors.push(openingOf(next));
    if (next !== chain) anchors.push(next.digest);
    chain = next;
  }
  return anchors.filter(anchor => anchor !== undefined);
}
