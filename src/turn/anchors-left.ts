// By what a session can be found after a turn.
import {
  type AnchorChain,
  anchorChain,
  DigestWork,
  openingOf,
  replyChain,
  scopedAnchor,
  scopesOf,
} from '../conversation/anchor.ts';
import type { History } from '../conversation/history.ts';
import type { Message } from '../conversation/message.ts';
import { type SystemText, systemDigest } from '../conversation/system-text.ts';
import type { Slices } from '../streams/slices.ts';

/** What a session holds, and what a turn adds to it. */
export interface AnchoredTurn extends SystemText {
  readonly history: History;
  readonly said: readonly Message[];
  /** Whether the session does not know yet how it began. */
  readonly isNew: boolean;
  readonly label: string | undefined;
}

/**
 * Each more than once: by its words alone, and with the label and the system text, which tell it from others. One is of
 * the replies alone.
 */
export function* anchorsLeftBy({
  history,
  said,
  isNew,
  label,
  system,
  atMs,
}: AnchoredTurn): Slices<readonly string[]> {
  const work = new DigestWork();
  let chain: AnchorChain = history.fold(anchorChain);
  const found = isNew && chain.opening !== undefined ? [openingOf(chain)] : [];
  for (const message of said) {
    const next = anchorChain.step(chain, message);
    if (chain.opening === undefined && next.opening !== undefined) found.push(openingOf(next));
    if (next !== chain) found.push(next.digest);
    chain = next;
    if (work.isEnough(message)) yield;
  }
  const anchors = found.filter(anchor => anchor !== undefined);
  if (anchors.length === 0) return [];
  let replies = history.fold(replyChain);
  for (const message of said) {
    replies = replyChain.step(replies, message);
    if (work.isEnough(message)) yield;
  }
  const scopes = scopesOf(label, systemDigest({ system, atMs }));
  const left = anchors.flatMap(anchor => [anchor, ...scopes.map(scope => scopedAnchor(anchor, scope))]);
  return replies === undefined ? left : [...left, replies];
}
