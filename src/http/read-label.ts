// A client's own session id. It narrows which of many equal transcripts is meant, and shows in listings; it names no
// session of ours, and is no proof of anything.
import type { IncomingHttpHeaders } from 'node:http';
import { isMadeSessionId } from '../conversation/session.ts';

/** In the order of trust; each is what some known client sends. */
const knownHeaders: readonly string[] = [
  'x-session-id',
  'x-session-affinity',
  'x-zoo-session-id',
  'session-id',
  'session_id',
  'x-claude-code-session-id',
  'x-openwebui-chat-id',
  'x-opencode-session',
];

/** @param configured names of further headers, in lower case, which go before the known ones */
export function readLabel(headers: IncomingHttpHeaders, configured: readonly string[]): string | undefined {
  return firstLabel(headers, configured) ?? firstLabel(headers, knownHeaders);
}

function firstLabel(headers: IncomingHttpHeaders, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = headers[name];
    if (typeof value === 'string' && isLabel(value)) return value;
  }
  return undefined;
}

/** `X-Session-Id` is also the header of our answers, and some clients send back what they were given. */
function isLabel(value: string): boolean {
  return /^[\x21-\x7e]{1,128}$/.test(value) && !isMadeSessionId(value);
}
