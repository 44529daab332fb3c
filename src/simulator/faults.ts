// Failures on demand: a word in the user's last message makes the pretended service fail in one way.
import type { Conversation } from './conversation.ts';
import { invalidToolGeneration, Refusal } from './refusal.ts';

/** Each word, and what it does. */
export const faults = {
  'simulate:429':
    'Refused with 429: the limit of a trial key per minute. No `retry-after`, as with the real one.',
  'simulate:429-month': 'Refused with 429: the calls of the month are spent, so that no retry can help.',
  'simulate:422':
    'Refused with 422 INVALID_TOOL_GENERATION: the model wrote a tool call that cannot be read.',
  'simulate:500': 'Refused with 500 and a JSON body.',
  'simulate:502': 'Refused with 502 and a page of HTML, as a gateway writes it.',
  'simulate:503': 'Refused with 503 and a line of plain text, as a proxy in front of the service writes it.',
  'simulate:once-503': 'Refused with 503 the first time that this exact body is sent, answered after that.',
  'simulate:cut': 'A few deltas, then the connection breaks. Without streaming: half of the body.',
  'simulate:stall': 'A few deltas, then silence until the client leaves. Without streaming: silence at once.',
  'simulate:error':
    'A few deltas, then a `message-end` with ERROR and an error text. Without streaming: the 422.',
  'simulate:empty': 'A complete answer without text.',
  'simulate:slow': '50 ms between two events. Without streaming: all of that time before the answer.',
  'simulate:no-end':
    'The stream ends cleanly, but without `message-end` and `[DONE]`. Without streaming: no effect.',
} as const;

export type Fault = keyof typeof faults;

export function findFault({ userTexts }: Conversation): Fault | undefined {
  const word = /\bsimulate:[a-z0-9-]+/.exec(userTexts.at(-1) ?? '')?.[0];
  return word !== undefined && isFault(word) ? word : undefined;
}

function isFault(word: string): word is Fault {
  return Object.hasOwn(faults, word);
}

export interface FailedReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export function refusalFor(fault: Fault, isStream: boolean): Refusal | FailedReply | undefined {
  switch (fault) {
    case 'simulate:429':
      // Recorded without an id.
      return new Refusal(429, perMinuteText, { hasId: false });
    case 'simulate:429-month':
      return new Refusal(429, perMonthText);
    case 'simulate:422':
      return invalidToolGeneration();
    case 'simulate:error':
      return isStream ? undefined : invalidToolGeneration();
    case 'simulate:500':
      return new Refusal(500, 'internal server error');
    case 'simulate:502':
      return {
        status: 502,
        contentType: 'text/html; charset=UTF-8',
        body: '<!DOCTYPE html>\n<html><head><title>Error 502</title></head><body><h1>Bad Gateway</h1></body></html>\n',
      };
    case 'simulate:503':
      return unavailable;
    default:
      return undefined;
  }
}

export const unavailable: FailedReply = {
  status: 503,
  contentType: 'text/plain',
  body: 'upstream connect error or disconnect/reset before headers. reset reason: overflow',
};

const upgrade =
  'You can continue to use the Trial key for free or upgrade to a Production key with higher rate limits at ' +
  "'https://dashboard.cohere.com/api-keys'. Contact us on 'https://discord.gg/XW44jPfYJu' or email us at " +
  'support@cohere.com with any questions';
const perMinuteText = `You are using a Trial key, which is limited to 20 API calls / minute. ${upgrade}`;
const perMonthText = `You are using a Trial key, which is limited to 1000 API calls / month. ${upgrade}`;
