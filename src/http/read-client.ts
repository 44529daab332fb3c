// What the headers tell of the program that asks.
import type { IncomingHttpHeaders } from 'node:http';

/**
 * Roo Code and Zoo Code give what their user says while a tool asks as the result of that tool, in a tag of their own.
 * From anybody else such a tag is a text like any other: a file that an agent reads may hold it.
 */
export function putsWordsInResults(headers: IncomingHttpHeaders): boolean {
  return /^(?:Roo|Zoo)Code\//.test(headers['user-agent'] ?? '');
}
