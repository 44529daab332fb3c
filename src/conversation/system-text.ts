// The leading system messages as one text, to tell conversations apart that begin with the same words.
import { digestOf } from './digest.ts';
import { maskClock } from './mask-clock.ts';
import type { SystemMessage } from './message.ts';

/** A system text, and when the request that brought it came. */
export interface SystemText {
  readonly system: readonly SystemMessage[];
  readonly atMs: number;
}

/** What is known of a stored one is when its turn ended; the request may have come so long before. */
const turnMs = 10 * 60_000;

/** But for the clock in it. */
export function isSameSystemText(stored: SystemText, sent: SystemText): boolean {
  if (isEqualSystemText(stored, sent)) return true;
  return (
    maskClock(systemText(stored.system), stored.atMs, turnMs) ===
    maskClock(systemText(sent.system), sent.atMs)
  );
}

export function isEqualSystemText({ system: one }: SystemText, { system: other }: SystemText): boolean {
  return one === other || systemText(one) === systemText(other);
}

/** Of the text without the clock in it. */
export function systemDigest({ system, atMs }: SystemText): string {
  return digestOf(maskClock(systemText(system), atMs));
}

/** A line each, however they are divided into messages and parts. */
function systemText(system: readonly SystemMessage[]): string {
  const [first, ...others] = system;
  if (others.length === 0 && typeof first?.content === 'string') return first.content;
  const texts = system.flatMap(({ content }) =>
    typeof content === 'string' ? content : content.map(({ text }) => text),
  );
  return texts.join('\n');
}
