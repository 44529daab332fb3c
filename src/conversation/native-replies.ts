// Whether two stored conversations that a transcript fits to would give the model the same words.

import type { MessageList } from './canonical-form.ts';
import { storedPlaceOf, type TranscriptMatch } from './match-transcript.ts';
import { isMadeCall, isOwnReply } from './origin.ts';
import { isSameForm, isShownWhole } from './same-message.ts';

interface Fitting {
  readonly session: { readonly messages: MessageList };
  readonly match: TranscriptMatch;
}

/** In all that they share with the transcript: what is compared of it is equal, what clients do not show may differ. */
export function hasSameNativeReplies(one: Fitting, other: Fitting): boolean {
  for (let place = 0; place < one.match.sentLength; place += 1) {
    const mine = one.session.messages.at(storedPlaceOf(one.match, place));
    const theirs = other.session.messages.at(storedPlaceOf(other.match, place));
    if (mine === theirs || mine?.role !== 'assistant' || theirs?.role !== 'assistant') continue;
    // What a client wrote goes to the model as it comes now.
    if (!isOwnReply(mine) && !isOwnReply(theirs)) continue;
    if (!isSameForm(mine, theirs)) return false;
  }
  return true;
}

/**
 * Whether the model would be given words that the client does not bring, and that may be another conversation's: no call
 * behind them says whose they are.
 */
export function givesDoubtfulWords({ session, match }: Fitting, sent: MessageList): boolean {
  let givesHidden = false;
  for (let place = 0; place < match.sentLength; place += 1) {
    const mine = session.messages.at(storedPlaceOf(match, place));
    const theirs = sent.at(place);
    if (mine?.role !== 'assistant' || theirs?.role !== 'assistant' || !isOwnReply(mine)) continue;
    // A call proves what stands up to it, and not which of its branches goes on.
    if (mine.toolCalls?.some(isMadeCall)) givesHidden = false;
    else givesHidden ||= !isShownWhole(mine, theirs);
  }
  return givesHidden;
}
