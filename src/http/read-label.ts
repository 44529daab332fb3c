// A client's own session id. It narrows which of many equal transcripts is meant, and shows in listings; it names no
// session of ours, and is no proof of anything.
import type { IncomingHttpHeaders } from 'node:http';
import { isMadeSessionId } from '../conversation/session.ts';
import { isNearly } from './near-name.ts';

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

/** Names a session where it is an id of ours, or stands beside one new message; else it is a label. */
export function readSessionHeader(headers: IncomingHttpHeaders): string | undefined {
  const value = headers['x-session-id'];
  return typeof value === 'string' ? value.trim() : undefined;
}

const sessionName = /^(?:x[-_]?)?session[-_]?id$/i;

/** Names in the URL, or of headers, that are nearly one by which a session can be named; `?` stands before the former. */
export function readNearMisses(
  headers: IncomingHttpHeaders,
  query: unknown,
  configured: readonly string[],
): string[] {
  const isTaken = (name: string) => knownHeaders.includes(name) || configured.includes(name);
  // A label cannot be an id of ours: whoever sends one means the session.
  const isMissed = (name: string) =>
    isTaken(name) ? name !== 'x-session-id' && isOurs(headers[name]) : sessionName.test(name);
  const inUrl = typeof query === 'object' && query !== null ? Object.keys(query) : [];
  return [...inUrl.filter(isSessionName).map(name => `?${name}`), ...Object.keys(headers).filter(isMissed)];
}

/** Keys of a body that are nearly one of the two. */
export function isNearMiss(name: string): boolean {
  return isSessionName(name) && name !== 'sessionId' && name !== 'session_id';
}

function isSessionName(name: string): boolean {
  return sessionName.test(name) || isNearly(name, 'sessionId');
}

function isOurs(value: unknown): boolean {
  return typeof value === 'string' && isMadeSessionId(value);
}

function firstLabel(headers: IncomingHttpHeaders, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = headers[name];
    if (typeof value === 'string' && isLabel(value)) return value;
  }
  return undefined;
}

/** `X-Session-Id` is also the header of our answers, and some clients send back what they were given. */
export function isLabel(value: string): boolean {
  return /^[\x21-\x7e]{1,128}$/.test(value) && !isMadeSessionId(value);
}
